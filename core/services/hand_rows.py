"""A change by hand as a small file of its kind: what is written, and how it is read again.

It says the cells that were changed and no others, so that a file with older news of the rest is
still heard. `seen` is the import that wrote the row as it was seen, blank for a row to be created.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.contracts import AROMA_FIELDS, COLUMNS, Column, ColumnType, FileKind
from core.errors import Refused
from core.i18n import N_
from core.ingest.identity import IDENTITY

FILE_NAME = "change_by_hand.csv"
FILE_NO = 1
SEEN = "seen"
# What a person may change; of a customer what a run reads beside her purchases.
EDITABLE: Mapping[FileKind, tuple[str, ...]] = {
    FileKind.PRODUCTS: (
        *("name", "family", "sweetness", "grape", "vintage", "price_cents"),
        *("stock_quantity", "is_active", "is_recommendable", "replaces"),
        *AROMA_FIELDS,
    ),
    FileKind.CLIENTS: ("customer_type",),
}
_LEAST = {"stock_quantity": 0}  # a file may say less: a till that sold what it had not counted
_LONGEST = 500
_BIGGEST = 1_000_000_000
_NUMBERS = (ColumnType.INTEGER, ColumnType.MONEY, ColumnType.DECIMAL)
_WRONG = N_("The value of %(field)s cannot be used.")
Cell = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """The cells of one product or customer that somebody sets, by field; None says nothing."""

    key: str
    cells: Mapping[str, Cell]
    seen: str | None

    @property
    def said(self) -> dict[str, Cell]:
        """The cells that are filled."""
        return {name: cell for name, cell in self.cells.items() if cell is not None}


def clean_change(kind: FileKind, change: RowChange) -> RowChange:
    """Return the change with its texts trimmed; raise `Refused` for a cell that cannot be used."""
    columns = {column.field: column for column in COLUMNS[kind]}
    cells = {
        name: _clean(columns[name], cell)
        for name, cell in change.cells.items()
        if name in EDITABLE[kind]
    }
    key = _clean(columns[IDENTITY[kind]], change.key)
    return RowChange(key=str(key or ""), cells=cells, seen=change.seen)


def _clean(column: Column, cell: Cell) -> Cell:
    wrong = Refused(_WRONG, field=column.name)
    if cell is None:
        return None
    if column.type is ColumnType.BOOLEAN:
        if not isinstance(cell, bool):
            raise wrong
    elif column.type in _NUMBERS:
        _check_number(column, cell, wrong)
    else:
        return _clean_text(column, str(cell), wrong)
    return cell


def _check_number(column: Column, cell: Cell, wrong: Refused) -> None:
    allowed = (int, float) if column.type is ColumnType.DECIMAL else int
    if isinstance(cell, bool) or not isinstance(cell, allowed):
        raise wrong
    number = float(cell)
    least = _LEAST.get(column.field, column.minimum)
    most = column.maximum or _BIGGEST
    if not ((least is None or least <= number) and number <= most):  # NaN is refused too
        raise wrong


def _clean_text(column: Column, text: str, wrong: Refused) -> str | None:
    plain = text.strip()
    if len(plain) > _LONGEST or any(ord(sign) < ord(" ") for sign in plain):
        raise wrong
    if plain and column.choices and plain not in column.choices.values():
        raise wrong
    return plain or None


def write_changes(path: Path, kind: FileKind, changes: Sequence[RowChange]) -> None:
    """Write the changes as CSV at `path`, whole or not at all."""
    columns = _columns_of(kind, changes)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([*(column.name for column in columns), SEEN])
    for change in changes:
        said = {**change.said, IDENTITY[kind]: change.key}
        cells = (_written(column, said.get(column.field)) for column in columns)
        writer.writerow([*cells, change.seen or ""])
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_name(f"{path.name}.part")
    passing.write_text(text.getvalue(), encoding="utf-8")
    passing.replace(path)


def mapping_of(kind: FileKind, changes: Sequence[RowChange]) -> dict[str, Any]:
    """Return the mapping by which the written file is read, JSON-ready."""
    names = [column.name for column in _columns_of(kind, changes)]
    return {"kind": kind.value, "columns": {name: name for name in names}, "decimal": "."}


def _columns_of(kind: FileKind, changes: Sequence[RowChange]) -> list[Column]:
    said = {IDENTITY[kind], *(name for change in changes for name in change.said)}
    return [column for column in COLUMNS[kind] if column.field in said]


def _written(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if column.type is ColumnType.MONEY:
        return f"{int(cell) // 100}.{int(cell) % 100:02d}"
    return str(cell)


def read_changes(path: Path, kind: FileKind) -> list[RowChange]:
    """Return what `write_changes` wrote, the texts and the links of the cells alone.

    Enough to judge it again by what is there: which row, as it was seen, and what it replaces.
    """
    key = next(column.name for column in COLUMNS[kind] if column.field == IDENTITY[kind])
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            RowChange(
                key=row[key],
                cells={"replaces": row.get("replaces") or None},
                seen=row[SEEN] or None,
            )
            for row in csv.DictReader(stream)
        ]
