"""Corrected rows that come back: recognised by the headers that a download of rejects added."""

import gzip
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from core.errors import NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.correction_files import NOT_LOADED
from core.services.import_archive import ImportArchive, archive_of, keep_original
from core.services.import_ledger import entry_of
from core.services.import_loading import changeable_entry
from core.services.reject_file import RejectMark
from core.store.import_relations import find_imports_by_start, find_same_correction, store_origin
from core.store.import_states import LOADED
from core.store.imports import ImportEntry, ImportFile, Origin, load_import_entry, own_sha256
from core.store.tenant import TenantStore

_HEAD_BYTES = 1 << 20
_MARK = re.compile(rb"\(import ([0-9a-f]{8})\.([0-9]{1,4})\)")
_SHEETS = ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")
_ALONE = N_(
    "%(name)s holds corrected rows of an import, and other files came with it. Bring the corrected"
    " rows of one import alone, each file once."
)
_NO_SUCH = N_(
    "%(name)s holds corrected rows of an import that is not there. Import the whole file instead."
)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Which import the received files correct, and the number of the file each stands for."""

    parent: ImportEntry
    file_nos: tuple[int, ...]

    @property
    def import_id(self) -> str:
        """Id of the corrected import."""
        return self.parent.import_id

    def entered(self, files: Sequence[ImportFile]) -> list[ImportFile]:
        """Return the received files as the ledger enters them: dated and read as the originals."""
        return [_as_original(self.parent, file) for file in files]

    def as_of(self, given: date | None) -> date:
        """Return the day to judge sales by: that of the import, or a later one that is given."""
        return max(self.parent.as_of, given) if given else self.parent.as_of


def recognise_correction(
    store: TenantStore, files: Sequence[tuple[str, Path]]
) -> Correction | None:
    """Return what the (name, path) files correct; None when they are ordinary files.

    Raises `Refused` when corrected rows come with other files, or of an import that is not loaded.
    """
    marks = [(name, _mark_of(path)) for name, path in files]
    marked = [(name, mark) for name, mark in marks if mark is not None]
    if not marked:
        return None
    first_name, first = marked[0]
    numbers = tuple(mark.file_no for _, mark in marked)
    starts = {mark.import_start for _, mark in marked}
    if len(marked) < len(files) or len(starts) > 1 or len(set(numbers)) < len(numbers):
        raise Refused(_ALONE, name=first_name)
    parent = _parent(store, first.import_start, first_name)
    for name, mark in marked:
        _check(parent, mark.file_no, name)
    return Correction(parent=parent, file_nos=numbers)


def _mark_of(path: Path) -> RejectMark | None:
    found = _MARK.search(_head(path))
    return RejectMark(import_start=found[1].decode(), file_no=int(found[2])) if found else None


def _first_record(head: bytes) -> bytes:
    """Return the first record of a table, the mark's place; quoted cells may have line ends.

    >>> _first_record(b'a,"b\\nc"\\n1,2\\n')
    b'a,"b\\nc"'
    """
    text = head.replace(b"\0", b"").lstrip(b"\r\n")
    ends = (m.start() for m in re.finditer(rb"[\r\n]", text))
    return next((text[:end] for end in ends if text.count(b'"', 0, end) % 2 == 0), text)


def _head(path: Path) -> bytes:
    """Return the first record of a file, packed or not; of a workbook the texts it begins with."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    try:
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                return _first_record(packed.read(_HEAD_BYTES))
        if head.startswith(b"PK"):
            return _sheet_head(path)
    except (OSError, EOFError, zlib.error, BadZipFile, ValueError):
        return b""
    return _first_record(head)


def _sheet_head(path: Path) -> bytes:
    with ZipFile(path) as archive:
        names = set(archive.namelist())
        parts = []
        for name in _SHEETS:
            if name in names:
                with archive.open(name) as stream:
                    parts.append(stream.read(_HEAD_BYTES))
    return b"".join(parts)


def _parent(store: TenantStore, start: str, name: str) -> ImportEntry:
    with store.read() as tx:
        found = find_imports_by_start(tx, start)
        if len(found) == 1 and found[0].origin == Origin.CORRECTION and found[0].parent_id:
            found = [load_import_entry(tx, found[0].parent_id) or found[0]]
    if len(found) != 1:
        raise Refused(_NO_SUCH, name=name)
    return found[0]


def _check(parent: ImportEntry, file_no: int, name: str) -> None:
    if parent.status != LOADED:
        raise Refused(NOT_LOADED)
    file = parent.file(file_no)
    if file is None or file.left_out:
        raise Refused(_NO_SUCH, name=name)


def _as_original(parent: ImportEntry, file: ImportFile) -> ImportFile:
    original = parent.file(file.file_no)
    assert original is not None
    return replace(
        file,
        exported_at=original.exported_at,
        kind=original.kind,
        mapping_json=original.mapping_json,
    )


def choose_correction(
    store: TenantStore, actor: Actor, import_id: str, parent_id: str, file_no: int
) -> None:
    """Say that the only file of an import holds corrected rows of file `file_no` of another.

    For files whose added headers were lost. Raises `Refused` or `NotFound` as
    `recognise_correction` does.
    """
    require(actor, Role.ANALYST)
    entry, parent = changeable_entry(store, import_id), entry_of(store, parent_id)
    archive = archive_of(store, import_id)
    if entry.parent_id == parent_id and [f.file_no for f in entry.files] == [file_no]:
        archive.keep_only(archive.original(file_no, entry.files[0].name))  # killed before it could
        return
    if len(entry.files) != 1 or entry.origin != Origin.FILES or parent.origin != Origin.FILES:
        raise Refused(_ALONE, name=entry.files[0].name if entry.files else "")
    file = entry.files[0]
    _check(parent, file_no, file.name)
    target = _kept_as(archive, file, file_no)
    entered = _as_original(parent, replace(file, file_no=file_no))
    with store.begin() as tx:
        store_origin(tx, import_id, parent, file.file_no, entered)
    archive.keep_only(target)


def _kept_as(archive: ImportArchive, file: ImportFile, file_no: int) -> Path:
    """Keep the original under `file_no` too: wherever a kill comes, it lies where it is told."""
    source, target = (archive.original(no, file.name) for no in (file.file_no, file_no))
    if source.exists() and source != target:
        target.unlink(missing_ok=True)
        keep_original(archive, file_no, file.name, source, file.sha256)
    if not target.exists():
        raise NotFound(_NO_SUCH, name=file.name)
    return target


def same_correction(store: TenantStore, entry: ImportEntry) -> ImportEntry | None:
    """Return the loaded correction of the same files with the same bytes, or None."""
    assert entry.parent_id is not None
    wanted = [(file.file_no, own_sha256(file)) for file in entry.files]
    with store.read() as tx:
        return find_same_correction(tx, entry.parent_id, wanted, besides=entry.import_id)
