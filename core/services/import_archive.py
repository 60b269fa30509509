"""The files of an import under `data/<tenant>/runs/<import id>/`.

`raw/` holds the originals, changed by the erasure of a person alone; `staging/` the issues of their
rows; `curated/` what was accepted; `report.json` what came of it.
"""

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from core.store.tenant import TenantStore

_UNSAFE = re.compile(r"[^\w.\- ]+")
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")
_READ_ONLY = 0o444
_BY_HAND = "by_hand"
LOADING_LOCK = "loading.lock"  # held by whoever loads the import, left by a kill


@dataclass(frozen=True, kw_only=True)
class ImportArchive:
    """Paths of one import's files."""

    folder: Path

    @property
    def raw(self) -> Path:
        """Folder of the originals."""
        return self.folder / "raw"

    @property
    def report(self) -> Path:
        """The report as JSON."""
        return self.folder / "report.json"

    def original(self, file_no: int, name: str) -> Path:
        """Path of the original of file `file_no`."""
        return self.raw / f"{file_no:02d}_{safe_name(name)}"

    def staged(self, file_no: int, table: str) -> Path:
        """Path of `issues`, or of `buckets` (rows not simply loaded), of a file, as Parquet."""
        return self._made("staging") / f"{file_no:02d}_{table}.parquet"

    def said(self, rows: str, kind: str) -> Path:
        """Path of what the rows named `rows` say of their identities, as Parquet."""
        return self._made("curated") / f"{rows}_said_{kind}.parquet"

    def all_said(self, kind: str) -> list[Path]:
        """Return the paths of everything this import's files of `kind` said."""
        return sorted((self.folder / "curated").glob(f"*_said_{kind}.parquet"))

    def clear_said(self) -> None:
        """Remove what an earlier working of this import kept."""
        for path in (self.folder / "curated").glob("*_said_*.parquet"):
            path.unlink()

    def work(self) -> Path:
        """Folder for passing files, removed by `clear_work`."""
        return self._made("work")

    def clear_work(self) -> None:
        """Remove the passing files."""
        shutil.rmtree(self.folder / "work", ignore_errors=True)

    def remove(self) -> None:
        """Remove the whole archive of this import."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave_to_a_person(self) -> None:
        """Note that no schedule may load this import: somebody decides about it."""
        (self._made("staging") / _BY_HAND).touch()

    def is_left_to_a_person(self) -> bool:
        """Tell whether `leave_to_a_person` was noted."""
        return (self.folder / "staging" / _BY_HAND).exists()

    def write_report(self, report: Mapping[str, object]) -> None:
        """Write `report.json`, whole or not at all."""
        passing = self.report.with_suffix(".part")
        passing.write_text(json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True))
        passing.replace(self.report)

    def told_status(self) -> str | None:
        """Return the status that `report.json` tells, None where there is none."""
        if not self.report.exists():
            return None
        told: dict[str, str] = json.loads(self.report.read_text())
        return told["status"]

    def remove_report(self) -> None:
        """Remove `report.json`, before what it says is no longer true."""
        self.report.unlink(missing_ok=True)

    def keep_only(self, original: Path) -> None:
        """Remove every other file from among the originals."""
        for path in self.raw.iterdir():
            if path != original:
                path.unlink()

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@contextmanager
def holding(lock: Path) -> Iterator[None]:
    """Hold a file of an archive locked for the block; who is killed leaves it, unlocked."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def archive_of(store: TenantStore, import_id: str) -> ImportArchive:
    """Return the archive of `import_id`; its folder may not exist yet."""
    return ImportArchive(folder=store.folder / "runs" / import_id)


def keep_original(
    archive: ImportArchive, file_no: int, name: str, source: Path, sha256: str | None = None
) -> tuple[str, int]:
    """Keep `source` in the archive, read-only; return its sha256 and size in bytes.

    With its `sha256` the file is linked where the file system can, else copied.
    """
    target = archive.original(file_no, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if sha256 is not None and _linked(source, target):
        target.chmod(_READ_ONLY)
        return sha256, target.stat().st_size
    kept = _copied(source, target)
    target.chmod(_READ_ONLY)
    return kept


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _copied(source: Path, target: Path) -> tuple[str, int]:
    """Copy within the kernel, then read what was kept: faster than both in one loop."""
    shutil.copyfile(source, target)
    with target.open("rb") as kept:
        return hashlib.file_digest(kept, "sha256").hexdigest(), target.stat().st_size


def safe_name(name: str) -> str:
    """Return `name` without folders or characters that a file system or a header dislikes."""
    return _UNSAFE.sub("_", Path(name).name)[-120:] or "file"


def exported_at_of(name: str, default: datetime, as_of: date) -> datetime:
    """Return the last date in a file's name at midnight UTC, or `default`.

    Of `ventes_20250101_20260314.csv` that is 14 March. A date after the receiving day (`default`,
    or `as_of` where that is later) is no date of an export.
    """
    days = [day for parts in _DATE_IN_NAME.findall(name) if (day := _day(*map(int, parts)))]
    if not days or days[-1] > max(as_of, default.date()):
        return default
    return datetime.combine(days[-1], time(), tzinfo=UTC)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
