"""What a company has of each month: the unit in which imports and databases add it up."""

from dataclasses import dataclass

from core.contracts.files import FileKind

MONTH_KINDS = (FileKind.SALES, FileKind.CONTACTS)


@dataclass(frozen=True, kw_only=True)
class MonthTotal:
    """The rows of one month (`2026-03`) and, of sales, their amount; cancelled lines left out."""

    kind: FileKind
    month: str
    row_count: int
    amount_cents: int | None
