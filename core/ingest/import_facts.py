"""What is known of an import as a whole when its warnings are looked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.contracts import FileKind
from core.ingest.figures import FileFigures


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """One file of the import as its report counts it; `changed` has rows by contract column."""

    name: str
    kind: FileKind
    rows_in: int
    loaded: int
    held: int
    rejected: int
    opt_outs_kept: int
    period: tuple[str, str] | None
    changed: Mapping[str, int]
    renumbered: int
    figures: FileFigures

    @property
    def dated_rows(self) -> int:
        """Rows that carry a date and are neither held nor rejected."""
        return self.figures.identities if self.period else 0


@dataclass(frozen=True, kw_only=True)
class EarlierFiles:
    """The files of one kind in the last loaded import that had any.

    `filled` has the share of filled cells of each column read.
    """

    identities: int
    median_cents: int | None
    period: tuple[str, str] | None
    filled: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class MonthLine:
    """Sale lines of one month before and after the import."""

    month: str
    rows_before: int
    rows_after: int


@dataclass(frozen=True, kw_only=True)
class ImportFacts:
    """What the rules judge: the files, what came before them, the months of the sales.

    `leaving` and `customers` are set when suspiciously many customers are opted out.
    """

    files: Sequence[FileFacts]
    earlier: Mapping[FileKind, EarlierFiles] = field(default_factory=dict)
    months: Sequence[MonthLine] = ()
    released: int = 0
    leaving: int = 0
    customers: int = 0

    def of_kind(self, kind: FileKind) -> list[FileFacts]:
        """Return the files of one kind."""
        return [file for file in self.files if file.kind is kind]
