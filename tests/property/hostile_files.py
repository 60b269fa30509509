"""Files as they should not be: each named for what is the matter with it."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Iterator

HEADER = "document_id,product_key,client_code,quantity,amount,sale_date\n"
ROW = "D{n},P{n},C{n},{n},{n}.50,2026-01-{day:02d}\n"
PIECES = (
    '"', '""', ",", ";", "\t", "|", "\n", "\r", "\r\n", "\0", "'", "\\", "=1+1", "@x", "-", "+33",
    "é", "€", "\ufeff", "\u200b", "\u202e", "\u2028", "\x85", "\x1c", "\x0b", "\x0c", "\x1a",
    "\x7f", "😀", "١٢٣", "1e5", "1e309", "∞", "NaN", "null", "-0", "0x1F", "9" * 40, "1 234,56",
    "1,234.56", "1.234.567", "00/00/0000", "31/02/2026", "29/02/1900", "01/02/26", "24:00",
    "2026-13-01",
    "2026-01-01T10:00:00+14:00", "2026-01-01 25:61", "1899-12-30", "9999-12-31", "10000-01-01",
    " ", "\u00a0", "\u202f", "true", "#REF!", "<b>", "{}", "[]", "%s", "${x}", "sep=;",
)  # fmt: skip


def table(rows: int = 6) -> str:
    """A sound sales file."""
    return HEADER + "".join(ROW.format(n=n, day=n % 28 + 1) for n in range(1, rows + 1))


def _named() -> Iterator[tuple[str, bytes]]:
    yield from _encoded()
    yield from _quoted()
    yield from _shaped()
    yield from _disguised()
    yield from _valued()


def _encoded() -> Iterator[tuple[str, bytes]]:
    accents = table().replace("P1", "Pé1").replace("C2", "Cœ2€")
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"):
        yield f"encoded {encoding}.csv", accents.encode(encoding)
    for encoding in ("cp037", "shift_jis", "cp1252", "latin-1", "mac_roman", "gb18030"):
        yield f"encoded {encoding}.csv", accents.encode(encoding, "replace")
    yield "truncated multibyte.csv", accents.encode() + "é".encode()[:1]
    yield "odd utf-16.csv", accents.encode("utf-16")[:-1]
    yield "mixed encodings.csv", accents.encode() + "D9,é,C9,1,1,2026-01-01\n".encode("cp1252")
    yield (
        "surrogates.csv",
        (table() + "D9,\ud800,C9,1,1,2026-01-01\n").encode(errors="surrogatepass"),
    )
    yield "second mark.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + table().encode()
    yield "mark inside.csv", table().replace("P3", "\ufeffP3").encode()
    yield "overlong.csv", table().encode() + b"D9,\xc0\xaf,C9,1,1,2026-01-01\n"
    yield "escapes.csv", table().replace("P3", "\x1b[31mP3\x07").encode()
    yield "directions.csv", table().replace("P3", "\u202eP3\u200b\u200d").encode()
    yield "all bytes.csv", HEADER.encode() + bytes(range(256)) * 20


def _quoted() -> Iterator[tuple[str, bytes]]:
    for name, place in (("start", "D1"), ("middle", "P3"), ("end", "D6")):
        yield f"open quote at {name}.csv", table().replace(place, '"' + place, 1).encode()
    yield "open quote in header.csv", ('"' + table()).encode()
    yield "open quote, long.csv", table(60_000).replace("P7,", '"P7,', 1).encode()
    yield "many open quotes.csv", table(2_000).replace("P", '"P').encode()
    yield "quote inside.csv", table().replace("P3", 'P"3').encode()
    yield "quote after.csv", table().replace("P3", '"P3"x').encode()
    yield "space before quote.csv", table().replace("P3", ' "P3"').encode()
    yield "backslash quote.csv", table().replace("P3", '"P\\"3"').encode()
    yield "single quotes.csv", table().replace("P3", "'P,3'").encode()
    yield "typographic quotes.csv", table().replace("P3", "“P,3”").encode()
    yield "whole rows quoted.csv", "".join(f'"{line}"\n' for line in table().splitlines()).encode()
    yield "only quotes.csv", b'"' * 999
    yield "quoted newlines.csv", table().replace("P3", '"P\n\n\r\n3"').encode()


def _shaped() -> Iterator[tuple[str, bytes]]:
    yield "mixed line ends.csv", table().replace("\n", "\r\n", 3).replace("P5", "P5\r").encode()
    yield "lone returns.csv", table().replace("\n", "\r").encode()
    yield "return inside.csv", table().replace("P3", "P\r3").encode()
    yield "nul.csv", table().replace("P3", "P\x003").encode()
    yield "nul rows.csv", table().encode() + b"\0" * 5_000
    yield "long cell.csv", table().replace("P3", "x" * 10_000_000).encode()
    yield "long quoted cell.csv", table().replace("P3", '"' + "x\n" * 5_000_000 + '"').encode()
    yield "long line.csv", (table() + "," * 3_000_000 + "\n").encode()
    wide = ",".join(f"c{n}" for n in range(5_000))
    yield "5000 columns.csv", f"client_code,{wide}\n{','.join('1' * 5_001)}\n".encode()
    yield (
        "5000 blank columns.csv",
        (HEADER.rstrip() + "," * 5_000 + "\nD1,P1,C1,1,1,2026-01-01\n").encode(),
    )
    yield "delimiter in header.csv", table().replace("amount", '"amount, ttc"').encode()
    yield "duplicate headers.csv", table().replace("quantity", "amount").encode()
    yield "same header everywhere.csv", b"client_code,client_code,client_code\n1,2,3\n"
    yield "blank headers.csv", table().replace("product_key,client_code", ",").encode()
    yield "header only.csv", HEADER.encode()
    yield "header without end.csv", HEADER.strip().encode()
    yield "one column.csv", b"client_code\nC1\nC2\n\nC3\n"
    yield "one cell.csv", b"x"
    yield "no header.csv", table().split("\n", 1)[1].encode()
    yield "blank lines only.csv", b"\n\r\n\n   \n\t\n"
    yield "spaces only.csv", b" " * 5_000
    yield "empty.csv", b""
    yield "mark only.csv", b"\xef\xbb\xbf"
    yield "commas only.csv", b",,,,\n,,,,\n"
    yield "trailing delimiters.csv", table().replace("\n", ",\n").encode()
    yield (
        "trailing in rows only.csv",
        (HEADER + table().split("\n", 1)[1].replace("\n", ",\n")).encode(),
    )
    yield "ragged.csv", table().replace(",P3", "").replace("C5", "C5,C5,C5").encode()
    yield "sep line.csv", ("sep=;\n" + table().replace(",", ";")).encode()
    yield "wrong sep line.csv", ("sep=;\n" + table()).encode()
    yield "preamble.csv", ("Ventes 2026\nMaison Dupont, Beaune\n\n" + table()).encode()
    yield "long preamble.csv", ("rien\n" * 300 + table()).encode()
    yield "footer.csv", (table() + "\nTotal,,,21,22.50,\n6 lignes\n").encode()
    yield "comments.csv", ("# export\n" + table().replace("D3", "#D3")).encode()
    yield "repeated header.csv", (table() + HEADER + table()).encode()
    yield "mixed delimiters.csv", table().replace("D3,P3,C3", "D3;P3;C3").encode()
    yield "wide delimiter.csv", table().replace(",", ";;").encode()
    yield "fixed width.txt", table().replace(",", "   ").encode()
    yield "record separators.csv", table().replace(",", "\x1f").replace("\n", "\x1e").encode()
    yield "json.csv", b'[{"client_code": "C1"},\n {"client_code": "C2"}]\n'
    yield "sql.csv", b"INSERT INTO t VALUES ('a', 'b');\nINSERT INTO t VALUES ('c', 'd');\n"


def _disguised() -> Iterator[tuple[str, bytes]]:
    sound = table().encode()
    yield "html.csv", b"<!DOCTYPE html><html><body><table><tr><td>a</td></tr></table></body></html>"
    yield "xml.csv", b"<?xml version='1.0'?><rows><row a='1'/></rows>"
    yield "pdf.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
    yield "image.csv", b"\x89PNG\r\n\x1a\n" + bytes(500)
    yield "old workbook.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)
    for name in ("text.xlsx", "text.xls", "text.ods", "text.gz", "text.zip"):
        yield name, sound
    yield "empty.xlsx", b""
    yield "zip.csv", _zipped({"sales.csv": sound})
    yield "zip.xlsx", _zipped({"sales.csv": sound})
    yield "empty zip.xlsx", _zipped({})
    yield (
        "broken workbook.xlsx",
        _zipped({"xl/workbook.xml": b"<workbook>", "[Content_Types].xml": b""}),
    )
    yield "cut workbook.xlsx", _zipped({"xl/workbook.xml": b"x" * 9_000})[:300]
    yield "cut archive.csv.gz", gzip.compress(sound)[:-12]
    yield "gzip named csv.csv", gzip.compress(sound)
    yield "nested gzip.csv.gz", gzip.compress(gzip.compress(sound))
    yield "bomb.csv.gz", gzip.compress(sound + bytes(200_000_000), 1)
    yield "text bomb.csv.gz", gzip.compress(sound + b"x" * 200_000_000, 1)
    yield "zip bomb.xlsx", _zipped({"xl/workbook.xml": bytes(200_000_000)})


def _zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _valued() -> Iterator[tuple[str, bytes]]:
    """Every odd piece as a document, a quantity, an amount and a date."""
    for number, column in enumerate(
        ("document", "product", "client", "quantity", "amount", "date")
    ):
        rows = [table().splitlines()[1]]
        for piece in PIECES:
            cells = ["D1", "P1", "C1", "1", "1.50", "2026-01-01"]
            cells[number] = '"' + piece.replace('"', '""') + '"'
            rows.append(",".join(cells))
        yield f"odd {column}.csv", (HEADER + "\n".join(rows) + "\n").encode()


NAMED: dict[str, bytes] = {}


def hostile_files() -> dict[str, bytes]:
    """Return every named hostile file, made once."""
    if not NAMED:
        NAMED.update(_named())
    return NAMED


def mangled(seed: int) -> bytes:
    """Return a sound file after a few random accidents."""
    chance = random.Random(seed)
    content = table(chance.choice([1, 6, 40])).encode(chance.choice(["utf-8", "utf-16", "cp1252"]))
    accidents: tuple[Callable[[bytes], bytes], ...] = (
        lambda text: _insert(text, chance, chance.choice(PIECES).encode("utf-8", "replace")),
        lambda text: _insert(text, chance, chance.randbytes(chance.randint(1, 4))),
        lambda text: text[: chance.randint(0, len(text))] + text[chance.randint(0, len(text)) :],
        lambda text: text.replace(b",", chance.choice([b";", b"\t", b"|", b",,", b'","'])),
        lambda text: text.replace(b"\n", chance.choice([b"\r", b"\r\n", b"\n\n", b",\n", b'"\n'])),
        lambda text: text[: chance.randint(1, len(text) or 1)],
    )
    for _ in range(chance.randint(1, 8)):
        content = chance.choice(accidents)(content)
    return content


def _insert(text: bytes, chance: random.Random, piece: bytes) -> bytes:
    place = chance.randint(0, len(text))
    return text[:place] + piece + text[place:]
