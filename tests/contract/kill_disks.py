"""What a kill leaves: what any reader sees, and what database and folder hold."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, create_engine, select

from core.services.import_archive import archive_of
from core.services.import_ledger import list_imports
from core.store.dataset import load_dataset
from core.store.engine import normalise_url
from core.store.models import data_metadata
from tests.contract.kill_worlds import World
from tests.contract.killable import open_tenant

# A number may be burnt by a killed load, so rows are compared without these, but for "is it set".
_NUMBERS = frozenset({"seq", "from_seq", "to_seq", "file_id", "released_seq", "staged_seq"})
_LOCKS = frozenset({".import.lock", ".inbox.lock"})
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What any reader sees: the dataset's hash and the status of every import."""

    dataset: str
    statuses: tuple[str, ...]

    def with_another(self, status: str) -> "Seen":
        """Return this with one more import, in `status`."""
        return replace(self, statuses=tuple(sorted((*self.statuses, status))))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the disk holds: the rows of every table, the names of the files with their sizes."""

    rows: Mapping[str, Counter[tuple[str, ...]]]
    files: Mapping[str, int]

    def fingerprint(self) -> str:
        """Return a text that is equal for equal content."""
        rows = {name: sorted(rows.items()) for name, rows in sorted(self.rows.items())}
        return repr((rows, sorted(self.files.items())))

    def difference(self, other: "Kept") -> dict[str, object]:
        """Return, by table, the rows that only one of both holds; and the files likewise."""
        rows = {
            name: ((rows - other.rows[name]).elements(), (other.rows[name] - rows).elements())
            for name, rows in self.rows.items()
        }
        listed = {name: tuple(map(list, sides)) for name, sides in rows.items()}
        files = sorted(self.files.keys() ^ other.files.keys())
        return {
            **{name: sides for name, sides in listed.items() if any(sides)},
            **({"files": files} if files else {}),
        }


def seen_in(world: World) -> Seen:
    """Return what a reader sees now."""
    tenant = open_tenant(world.database_url, world.data_dir)
    with tenant.read() as tx, duckdb.connect() as con:
        dataset = load_dataset(tx, con)
        statuses = tx.rows("SELECT status FROM imports WHERE tenant_id = :tenant")
    tenant.store.dispose()
    return Seen(dataset=dataset, statuses=tuple(sorted(row["status"] for row in statuses)))


def untrue_reports(world: World) -> list[str]:
    """Return the imports loaded or undone by their report alone, or by the ledger alone."""
    tenant = open_tenant(world.database_url, world.data_dir)
    entries = list_imports(tenant)
    reports = {entry.import_id: archive_of(tenant, entry.import_id).report for entry in entries}
    tenant.store.dispose()
    pairs = {
        entry.import_id: (json.loads(reports[entry.import_id].read_text())["status"], entry.status)
        for entry in entries
        if reports[entry.import_id].exists()
    }
    closed = {"loaded", "undone"}
    return [name for name, pair in pairs.items() if len({*pair}) > 1 and closed & {*pair}]


def kept_in(world: World) -> Kept:
    """Return what database and folder hold, without the numbers that a killed load may burn."""
    engine = create_engine(normalise_url(world.database_url))
    with engine.connect() as connection:
        rows = {
            name: Counter(
                tuple(_cell(world, column, cell) for column, cell in row._mapping.items())
                for row in connection.execute(select(table))
            )
            for name, table in data_metadata.tables.items()
            if not name.startswith("audit_trail")
        }
        rows["audit_trail"] = _told(connection)
    engine.dispose()
    paths = [path for path in world.data_dir.rglob("*") if path.name not in _LOCKS]
    sizes = {_named(world, p.relative_to(world.data_dir).as_posix()): _size(p) for p in paths}
    return Kept(rows=rows, files=sizes)


def _told(connection: Connection) -> Counter[tuple[str, ...]]:
    """Return what the audit trail tells of loads; who tries again may confirm or launch again."""
    trail = data_metadata.tables["audit_trail"]
    told = connection.execute(select(trail.c.action).where(trail.c.action.like("import%")))
    return Counter((action,) for action in told.scalars())


def _counts(report: Mapping[str, Any]) -> object:
    """Return what a report counts; how a file was recognised may be said in other words."""
    files = [
        {name: count for name, count in file.items() if isinstance(count, int)}
        for file in report["files"]
    ]
    return (report["status"], report["released"], report["totals"], files)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _cell(world: World, column: str, cell: object) -> str:
    if column in _NUMBERS:
        return f"{column}={cell is not None}"
    if column == "report_json" and cell is not None:
        return f"{column}={_counts(json.loads(str(cell)))}"
    return _named(world, f"{column}={cell}".replace(str(world.data_dir), "DATA_DIR"))


def _named(world: World, text: str) -> str:
    """Return `text` with one name for the import that the use case itself makes."""
    return _UUID.sub(lambda found: found[0] if found[0] in world.known else "NEW", text)
