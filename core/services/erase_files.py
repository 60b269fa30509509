"""Erasure in the files of a tenant: originals, what is kept beside them, reports, everything else.

An original that names the person is written anew beside it and then put in its place, so that a
kill leaves the one or the other; what is derived from it goes first, while it still says which of
its lines were hers.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from core.contracts import FileKind
from core.errors import CrmError
from core.ingest.dialect import Dialect, read_dialect
from core.ingest.reader import read_table
from core.ingest.rewrite import Change, Rewriting, rewrite_text
from core.ingest.source import TABLE_SUFFIXES, WORKBOOK_SUFFIXES, ReadLimits
from core.ingest.suggest import suggest_mapping
from core.services.erase_parquet import rewrite_parquet
from core.services.erase_sheets import rewrite_sheets
from core.services.file_mapping import dialect_of
from core.services.import_archive import ImportArchive, archive_of, safe_name
from core.services.import_work import limits_of
from core.services.redaction import Columns, Redaction
from core.services.workbench import clear_spills
from core.store.erase_imports import ArchivedFile, load_archived, store_report, store_rewritten
from core.store.erase_texts import redacted
from core.store.tenant import TenantStore

_READ_ONLY, _WRITABLE = 0o444, 0o644
_PART = ".erasing"
_UNKNOWN = Columns(kind=None, places={})


@dataclass(frozen=True, kw_only=True)
class FileEraser:
    """The erasure of a subject from the files of a tenant."""

    store: TenantStore
    redaction: Redaction

    def erase(self, tell: Callable[[int, int], object] = lambda _done, _all: None) -> Counter[str]:
        """Erase from every file; return how many files of each sort were changed."""
        done: Counter[str] = Counter()
        with self.store.read() as tx:
            by_import = load_archived(tx)
        imports = sorted(path.name for path in (self.store.folder / "runs").glob("*"))
        for number, import_id in enumerate(imports):
            tell(number, len(imports))
            done += self.erase_import(import_id, by_import.get(import_id, {}))
        tell(len(imports), len(imports))
        return done + self._erase_others()

    def erase_import(self, import_id: str, files: Mapping[int, ArchivedFile]) -> Counter[str]:
        """Erase from the archive of one import."""
        done: Counter[str] = Counter()
        archive = archive_of(self.store, import_id)
        archive.clear_work()
        originals = list(self._rewritten_originals(archive, files))
        lines = {file_no: lines for file_no, _, _, lines in originals if file_no is not None}
        for path in sorted(archive.folder.glob("*/*.parquet")):
            done["tables"] += self._erase_table(path, lines)
        if originals or lines:
            self._forget_samples(import_id, archive, set(lines))
        self._redact_report(archive)
        for file_no, path, passing, _ in originals:
            if file_no is not None:  # first: after a kill behind it nothing would be left to tell
                sha256, now = _digest(passing), self.store.store.now()
                with self.store.begin() as tx:
                    store_rewritten(tx, import_id, file_no, sha256, now)
            _put_in_place(path, passing)
            done["originals"] += 1
        self._rename_originals(archive, files)
        return done

    def _rename_originals(self, archive: ImportArchive, files: Mapping[int, ArchivedFile]) -> None:
        """Give originals whose name tells of her the name that the tables will have for them."""
        for file_no, file in files.items():
            path = archive.original(file_no, file.name)
            told = archive.original(file_no, self.redaction.subject.removed_from(file.name))
            if told != path and path.exists():
                path.rename(told)

    def _rewritten_originals(
        self, archive: ImportArchive, files: Mapping[int, ArchivedFile]
    ) -> Iterator[tuple[int | None, Path, Path, list[int]]]:
        """Yield number, path, new version and changed lines of each original that names her."""
        by_path = {archive.original(no, file.name): (no, file) for no, file in files.items()}
        for left in archive.raw.glob(f"*{_PART}"):  # by a kill
            left.unlink()
        for path in sorted(archive.raw.glob("*")):
            no, file = by_path.get(path, (None, None))
            passing = path.with_name(path.name + _PART)
            lines = self._rewrite(path, passing, file)
            if lines:
                yield no, path, passing, lines
            else:
                passing.unlink(missing_ok=True)

    def _rewrite(self, path: Path, target: Path, file: ArchivedFile | None) -> list[int]:
        limits = limits_of(self.store.store.settings)
        if not self._may_name(path):
            return []
        try:
            dialect, columns = self._understood(path, file, limits)
        except (CrmError, ValueError, KeyError):
            return self._rewrite_plain(path, target)
        change = partial(self.redaction.change, columns)
        if dialect.container == "workbook":
            others = partial(self.redaction.change, _UNKNOWN)
            changes: dict[str, tuple[int, Change]] = {"": (1, others)}
            changes[dialect.sheet or ""] = (dialect.data_line, change)
            return rewrite_sheets(path, target, changes)
        needles = self.redaction.subject.needles
        how = Rewriting(dialect=dialect, needles=needles, change=change, limits=limits)
        return rewrite_text(path, target, how)

    def _may_name(self, path: Path) -> bool:
        """Tell whether a file may name the subject; of a packed or wide one nobody knows."""
        needles = self.redaction.subject.needles
        packed = {*WORKBOOK_SUFFIXES, ".gz"}
        if path.suffix.lower() in packed:
            return True
        with path.open("rb") as stream:
            rest = b""
            while chunk := stream.read(1 << 22):
                if b"\0" in chunk or needles.are_in(rest + chunk):
                    return True
                rest = chunk[-400:]
        return False

    def _understood(
        self, path: Path, file: ArchivedFile | None, limits: ReadLimits
    ) -> tuple[Dialect, Columns]:
        """Return how a file is written and what its columns are, as it was read or as it seems."""
        if file is not None and file.dialect and file.columns:
            dialect = dialect_of(file.dialect)
            return dialect, _columns(dialect.headers, file.kind, file.columns)
        dialect = read_dialect(path, limits)
        return dialect, _suggested(path, dialect, limits)

    def _rewrite_plain(self, path: Path, target: Path) -> list[int]:
        """Rewrite what is no table line by line."""
        text = path.read_bytes().decode("utf-8", errors="surrogateescape")
        told = [self.redaction.subject.removed_from(line) for line in text.splitlines(True)]
        joined = "".join(told)
        if joined == text:
            return []
        target.write_bytes(joined.encode("utf-8", errors="surrogateescape"))
        return [no for no, line in enumerate(text.splitlines(True), 1) if line != told[no - 1]]

    def _erase_table(self, path: Path, lines: Mapping[int, Sequence[int]]) -> int:
        number = path.name.partition("_")[0]
        of_file = lines.get(int(number), []) if number.isdigit() else []
        subject, opaque = self.redaction.subject, self.redaction.opaque
        return int(rewrite_parquet(path, subject, opaque, of_file) > 0)

    def _forget_samples(self, import_id: str, archive: ImportArchive, file_nos: set[int]) -> None:
        """Take the cells of files that named her out of both copies of the report."""
        with self.store.begin() as tx:
            store_report(tx, import_id, lambda report: without_samples(report, file_nos))
        if archive.report.exists():
            report = json.loads(archive.report.read_text())
            archive.write_report(without_samples(report, file_nos))

    def _redact_report(self, archive: ImportArchive) -> None:
        if archive.report.exists() and self._may_name(archive.report):
            report = json.loads(archive.report.read_text())
            archive.write_report(redacted(self.redaction.subject, report))

    def _erase_others(self) -> Counter[str]:
        """Erase from inbox, uploads, exports, logs and whatever else lies in the folder."""
        done: Counter[str] = Counter()
        clear_spills(self.store, held="run")
        for path in self._other_files():
            if not self._may_name(path):
                continue
            if path.parent.name == "uploads":  # nobody knows its columns before all of it is here
                path.unlink()
                done["uploads"] += 1
                continue
            passing = path.with_name(path.name + _PART)
            is_table = path.suffix.lower() in TABLE_SUFFIXES
            lines = (
                self._rewrite(path, passing, None)
                if is_table
                else self._rewrite_plain(path, passing)
            )
            if lines:
                _put_in_place(path, passing, _WRITABLE)
                done["other_files"] += 1
            passing.unlink(missing_ok=True)
        return done + self._rename_others()

    def _rename_others(self) -> Counter[str]:
        done: Counter[str] = Counter()
        for path in self._other_files():
            told = self.redaction.subject.removed_from(path.name)
            if told == path.name:
                continue
            target = path.with_name(safe_name(told))
            if target.exists():
                target = path.with_name(f"{uuid4().hex[:8]} {target.name}")
            path.rename(target)
            done["other_files"] += 1
        return done

    def _other_files(self) -> list[Path]:
        archives = self.store.folder / "runs"
        own = [path for path in self.store.folder.rglob("*") if archives not in path.parents]
        shared = self.store.store.settings.data_dir
        logs = [*shared.glob("*.log*"), *(shared / "logs").rglob("*")]
        return sorted(path for path in {*own, *logs} if path.is_file() and not path.is_symlink())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _put_in_place(path: Path, passing: Path, mode: int = _READ_ONLY) -> None:
    passing.chmod(mode)
    passing.replace(path)


def _columns(headers: Sequence[str], kind: str | None, columns: Mapping[str, str]) -> Columns:
    places = {name: headers.index(of) for name, of in columns.items() if of in headers}
    return Columns(kind=FileKind(kind) if kind else None, places=places)


def _suggested(path: Path, dialect: Dialect, limits: ReadLimits) -> Columns:
    """Return what the columns of a file seem to be that nobody has mapped."""
    work = path.with_name(f".{path.name}.work")
    work.mkdir(exist_ok=True)
    try:
        with duckdb.connect() as con:
            raw = read_table(con, path, dialect, "raw", work, limits)
            found = suggest_mapping(raw.headers, raw.samples(con))
    finally:
        shutil.rmtree(work)
    kind = None if found.kind is None or found.missing else found.kind.value
    return _columns(dialect.headers, kind, found.columns) if kind else _UNKNOWN


def without_samples(report: Mapping[str, Any], file_nos: set[int]) -> dict[str, Any]:
    """Return an import's report without the cells that it shows of these files."""
    files = [
        _without_cells(file) if file.get("file_no") in file_nos else file
        for file in report.get("files", [])
    ]
    return {**report, "files": files}


def _without_cells(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_cells(element) for element in value]
    if not isinstance(value, dict):
        return value
    shown = ("samples", "examples", "kept_opt_outs", "unknown")
    return {
        name: [] if name in shown and isinstance(inner, list) else _without_cells(inner)
        for name, inner in value.items()
    }
