"""What an edited mapping table means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.contracts import COLUMNS, ColumnType, FileKind
from core.errors import Refused
from core.i18n import N_


@dataclass(frozen=True, kw_only=True)
class MappedHeader:
    """One line of the table: a header of the file, our column or none, said the other way round."""

    header: str
    column: str | None
    is_inverse: bool


def column_names(kind: FileKind) -> tuple[str, ...]:
    """Return the contract's columns of a kind, in their order."""
    return tuple(column.name for column in COLUMNS[kind])


def compute_mapping(mapping: Mapping[str, Any], lines: Sequence[MappedHeader]) -> dict[str, Any]:
    """Return `mapping` with the columns of the table put in; derivations of a mapped column go.

    Raises `Refused` when two headers give the same column.
    """
    taken = [line for line in lines if line.column]
    column, times = next(iter(Counter(line.column for line in taken).most_common(1)), ("", 0))
    if times > 1:
        raise Refused(
            N_('Two columns of the file are mapped to "%(column)s". Keep one of them.'),
            column=column,
        )
    booleans = {c.name for c in COLUMNS[FileKind(mapping["kind"])] if c.type is ColumnType.BOOLEAN}
    changed = dict(mapping)
    changed["columns"] = {line.column: line.header for line in taken}
    changed["inverse"] = sorted(
        line.column for line in taken if line.is_inverse and line.column in booleans
    )
    derived = mapping.get("derive", {})
    changed["derive"] = {k: v for k, v in derived.items() if k not in changed["columns"]}
    return {name: value for name, value in changed.items() if value or name == "columns"}
