"""What a file really is, and its bytes as a stream of UTF-8.

A file is judged by its first bytes, never by its name alone: an archive, a page or a workbook
named `.csv` is refused under its true name.
"""

import codecs
import gzip
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile

from core.errors import CrmError, FileRefused
from core.i18n import N_
from core.ingest.findings import Finding, found
from core.ingest.utf8_check import is_utf8
from core.ingest.wide_damage import BROKEN, WideDamage

CHUNK_BYTES = 1 << 23
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".psv", ".xlsx", ".xls", ".ods", ".gz")
WORKBOOK_SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
_SNIFF_BYTES = 1 << 16
_FEW_CONTROLS = 50  # stray ones do not make a text binary
_U16 = "UTF-16"
_MARKED = N_("Text in %(encoding)s: a byte order mark says so.")
_ZEROS = N_("Text in %(encoding)s: every other byte of its plain letters is zero.")
_CUT_OFF = N_(
    "%(name)s is damaged: as UTF-16 it ends in the middle of a letter, in line %(line)s. Send or"
    " export it again."
)
_ALL_VALID = N_("Text in %(encoding)s: every byte of the file is valid.")
# Accented letters and quotes in UTF-8; in cp1252 a word would read `Ã©` or `â€™`.
_UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x80-\xbf]")

# The five bytes cp1252 leaves undefined stay the control characters of latin-1.
CP1252_CHARACTERS = "".join(
    bytes([b]).decode("latin-1" if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "cp1252")
    for b in range(256)
)

_WORKBOOK = N_("an Excel or OpenDocument workbook")
_OTHER_NAME = N_(
    "%(name)s is not what its name says: it is %(kind)s. Give it its true name or save it as a CSV "
    "file, then import it again."
)
_NO_TABLE = N_(
    "%(name)s is %(kind)s, not a table. Save the table as CSV or .xlsx in the program it came from,"
    " then import that file."
)
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", _WORKBOOK),
    (b"%PDF", N_("a PDF document")),
    (b"7z\xbc\xaf\x27\x1c", N_("a compressed archive")),
    (b"Rar!", N_("a compressed archive")),
    (b"BZh", N_("a compressed archive")),
    (b"\xfd7zXZ", N_("a compressed archive")),
    (b"\x28\xb5\x2f\xfd", N_("a compressed archive")),
    (b"\x89PNG", N_("a picture")),
    (b"\xff\xd8\xff", N_("a picture")),
    (b"GIF8", N_("a picture")),
    (b"SQLite format 3", N_("a database")),
    (b"PAR1", N_("a Parquet file")),
    (b"{\\rtf", N_("a text document")),
)
# Each part is taken whole or not at all, so that many comments cost no more than one pass.
_MARKUP = re.compile(
    rb"(?:(?><!--.*?-->)|<\?xml[^>]*>|<!doctype (?!html)[^>]*>|\s)*+"
    rb"<(?:!doctype html|(?:html|head|body|table|title|meta|script|style|div)\b)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class ReadLimits:
    """Bounds of what is read; sizes in bytes, after unpacking; cells of a sheet with blank ones."""

    max_bytes: int = 4 << 30
    max_workbook_bytes: int = 512 << 20
    max_sheet_cells: int = 20_000_000
    max_columns: int = 1000
    max_cell_bytes: int = 1 << 20
    max_record_bytes: int = 16 << 20
    max_quote_recoveries: int = 100


def read_container(path: Path) -> str:
    """Return `text`, `gzip` or `workbook`.

    Raises `FileRefused` when the file is empty or is no table, with what it is instead.
    """
    with path.open("rb") as stream:
        head = stream.read(_SNIFF_BYTES)
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise FileRefused(N_("%(name)s is empty: export it again."), name=path.name)
    if head.startswith(b"\x1f\x8b"):
        return _named_gzip(path)
    true_name = _zip_name(path) if head.startswith(b"PK") else _magic_name(head)
    if true_name == _WORKBOOK and path.suffix.lower() in WORKBOOK_SUFFIXES:
        return "workbook"
    if true_name is None and path.suffix.lower() in WORKBOOK_SUFFIXES:
        true_name = N_("a text file")
    if true_name is not None:
        raise _not_a_table(path, true_name)
    return "text"


def _named_gzip(path: Path) -> str:
    if path.suffix.lower() != ".gz":
        raise _not_a_table(path, N_("a compressed file (.gz)"))
    return "gzip"


def _not_a_table(path: Path, true_name: str) -> FileRefused:
    says_table = path.suffix.lower() in WORKBOOK_SUFFIXES.union(TABLE_SUFFIXES)
    sentence = _OTHER_NAME if says_table or true_name == _WORKBOOK else _NO_TABLE
    return FileRefused(sentence, name=path.name, kind=CrmError(true_name))


def _zip_name(path: Path) -> str:
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
    except (BadZipFile, OSError, ValueError):
        return N_("a damaged archive")
    if "[Content_Types].xml" in names and any(n.startswith("xl/") for n in names):
        return _WORKBOOK
    return _WORKBOOK if "content.xml" in names else N_("a compressed archive")


def _magic_name(head: bytes) -> str | None:
    for magic, true_name in _MAGIC:
        if head.startswith(magic):
            return true_name
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _MARKUP.match(text):
        return N_("a web page")
    if text.startswith(b"<?xml"):
        return N_("an XML document")
    if text.startswith((b'{"', b"{\n", b"{\r\n", b"[{", b"[\n")):
        return N_("a JSON document")
    return None


def read_encoding(path: Path, container: str, limits: ReadLimits) -> tuple[str, Finding]:
    """Return the encoding (`utf-8`, `utf-16-le`, `utf-16-be`, `cp1252`) and its evidence.

    The whole file is looked at. Raises `FileRefused` when it is binary, too large, damaged (of
    UTF-16 the line is named), or mixes UTF-8 with another encoding (the line is named).
    """
    with _open_bytes(path, container) as stream:
        head = _read(stream, path, _SNIFF_BYTES)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise _not_a_table(path, N_("a text in UTF-32"))
    utf16 = _utf16(head)
    if utf16 is not None:
        deque(_read_utf16(path, container, utf16[0], limits), maxlen=0)
        return utf16
    _refuse_binary(path, head)
    marked = head.startswith(codecs.BOM_UTF8)
    if is_utf8(read_bytes(path, container, limits)):
        return "utf-8", found(_MARKED if marked else _ALL_VALID, encoding="UTF-8")
    return "cp1252", _no_utf8(path, container, limits, marked)


def _utf16(head: bytes) -> tuple[str, Finding] | None:
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return name, found(_MARKED, encoding=_U16)
    wide = _utf16_without_mark(head)
    return None if wide is None else (wide, found(_ZEROS, encoding=_U16))


def _utf16_without_mark(head: bytes) -> str | None:
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def _refuse_binary(path: Path, head: bytes) -> None:
    controls = sum(head.count(bytes([b])) for b in (*range(9), *range(14, 32)))
    if controls > _FEW_CONTROLS and controls > 0.05 * len(head):
        raise _not_a_table(path, N_("a binary file"))


def _no_utf8(path: Path, container: str, limits: ReadLimits, marked: bool) -> Finding:
    """Return what says that the file is in cp1252; refuse it when it mixes that with UTF-8."""
    line, bad_line, wide = 1, 0, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in read_bytes(path, container, limits):
        if not bad_line:
            try:
                text = decoder.decode(chunk)
                wide = wide or not text.isascii()
            except UnicodeDecodeError as error:
                bad_line = line + error.object[: error.start].count(b"\n")
                wide = wide or not error.object[: error.start].isascii()
        if bad_line:
            _refuse_utf8_inside(path, chunk, line, bad_line)
        line += chunk.count(b"\n")
    bad_line = bad_line or line  # the file ends inside a letter
    if wide or marked:
        raise FileRefused(
            N_(
                "%(name)s mixes two encodings: it is UTF-8 up to line %(line)s, which is not. "
                "Export it again in one encoding."
            ),
            name=path.name,
            line=bad_line,
        )
    return found(
        N_("Text in %(encoding)s: line %(line)s is no valid UTF-8."),
        encoding="Windows-1252",
        line=bad_line,
    )


def _refuse_utf8_inside(path: Path, chunk: bytes, line: int, bad_line: int) -> None:
    """Refuse UTF-8 letters in a file whose line `bad_line` is none; `chunk` begins at `line`."""
    letter = _UTF8_LETTER.search(chunk) if b"\xc3" in chunk or b"\xe2\x80" in chunk else None
    if letter is None:
        return
    raise FileRefused(
        N_(
            "%(name)s mixes two encodings: line %(line)s is UTF-8 and line %(bad_line)s is not. "
            "Export it again in one encoding."
        ),
        name=path.name,
        line=line + chunk.count(b"\n", 0, letter.start()),
        bad_line=bad_line,
    )


def read_bytes(path: Path, container: str, limits: ReadLimits) -> Iterator[bytes]:
    """Yield the (unpacked) bytes in chunks; raise `FileRefused` past `limits.max_bytes`."""
    size = 0
    if path.stat().st_size > limits.max_bytes:
        raise _too_large(path, limits)
    with _open_bytes(path, container) as stream:
        while chunk := _read(stream, path, CHUNK_BYTES):
            size += len(chunk)
            if size > limits.max_bytes:
                raise _too_large(path, limits)
            yield chunk


def _too_large(path: Path, limits: ReadLimits) -> FileRefused:
    return FileRefused(
        N_("%(name)s is larger than the limit of %(megabytes)s MB: split it."),
        name=path.name,
        megabytes=limits.max_bytes // 1_000_000,
    )


def read_utf8(path: Path, container: str, encoding: str, limits: ReadLimits) -> Iterator[bytes]:
    """Yield the file in chunks of UTF-8, without byte order mark, whatever its encoding.

    Raises `FileRefused` where a file in UTF-16 is damaged.
    """
    first = True
    for data in _encoded(path, container, encoding, limits):
        yield data.removeprefix(codecs.BOM_UTF8) if first else data
        first = False


def _encoded(path: Path, container: str, encoding: str, limits: ReadLimits) -> Iterator[bytes]:
    if encoding == "utf-8":
        yield from read_bytes(path, container, limits)
    elif encoding == "cp1252":
        for chunk in read_bytes(path, container, limits):
            yield codecs.charmap_decode(chunk, "strict", CP1252_CHARACTERS)[0].encode()
    else:
        for text in _read_utf16(path, container, encoding, limits):
            yield text.encode()


def _read_utf16(path: Path, container: str, encoding: str, limits: ReadLimits) -> Iterator[str]:
    """Yield the text of a file in chunks; raise `FileRefused` with the damaged line."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    damage = WideDamage(path.name)
    try:
        for chunk in read_bytes(path, container, limits):
            text = decoder.decode(chunk)
            damage.refuse(text)
            line += text.count("\n")
            yield text
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].decode(encoding).count("\n")
        message = _CUT_OFF if "data" in error.reason else BROKEN
        raise FileRefused(message, name=path.name, line=line) from error


def _open_bytes(path: Path, container: str) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if container == "gzip" else path.open("rb")


def _read(stream: BinaryIO, path: Path, size: int) -> bytes:
    try:
        return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefused(
            N_("%(name)s is damaged and cannot be unpacked: send it again."), name=path.name
        ) from error
