"""The history of a product or a customer: each version, who or what wrote it, what it changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.contracts import COLUMNS, ColumnType, FileKind
from core.ingest.identity import IDENTITY
from core.store import row_versions
from core.store.tenant import TenantStore, as_moment

_Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CellChange:
    """One cell that a version changed, by the contract's column; None stands for a blank."""

    column: str
    before: object
    after: object


@dataclass(frozen=True, kw_only=True)
class RowVersion:
    """A version of a row: `file_name` is that of the file, None for rows created without one.

    `origin` is that of its import; `is_first` marks the oldest version there is.
    """

    import_id: str | None
    origin: str | None
    file_name: str | None
    at: datetime | None
    by: str | None
    changes: tuple[CellChange, ...]
    is_first: bool


@dataclass(frozen=True, kw_only=True)
class RowHistory:
    """A page of the versions of a row, the newest first, and how many there are in all."""

    versions: tuple[RowVersion, ...]
    total: int


def history_of(
    store: TenantStore, kind: FileKind, key: str, *, limit: int = 10, offset: int = 0
) -> RowHistory:
    """Return a page of the history of the row of `kind` with this key."""
    with store.read() as tx:
        total = row_versions.count_versions(tx, kind, key)
        # One more: the oldest of the page is compared with the one before it.
        rows = row_versions.load_versions(tx, kind, key, limit=limit + 1, offset=offset)
    shown = rows[:limit]
    befores = [*rows[1:], None][: len(shown)]
    versions = (_version(kind, row, before) for row, before in zip(shown, befores, strict=True))
    return RowHistory(versions=tuple(versions), total=total)


def _version(kind: FileKind, row: _Row, before: _Row | None) -> RowVersion:
    return RowVersion(
        import_id=row["written_by"],
        origin=row["origin"],
        file_name=row["file_name"],
        at=as_moment(row["loaded_at"]),
        by=row["created_by"],
        changes=tuple(_changes(kind, row, before or {})),
        is_first=before is None,
    )


def _changes(kind: FileKind, row: _Row, before: _Row) -> list[CellChange]:
    changes = []
    for column in COLUMNS[kind]:
        old, new = before.get(column.field), row[column.field]
        if column.field == IDENTITY[kind] or old == new:
            continue
        if column.type is ColumnType.BOOLEAN:  # SQLite keeps a yes as 1
            old, new = (None if cell is None else bool(cell) for cell in (old, new))
        changes.append(CellChange(column=column.name, before=old, after=new))
    return changes
