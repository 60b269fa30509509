"""A file as a French ERP writes it, row by row, each row with the verdict it deserves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

ENCODING, DELIMITER, LINE_END = "cp1252", ";", "\r\n"
BUCKETS = ("loaded", "unchanged", "merged", "duplicate", "held", "rejected")
LOADED, MERGED, DUPLICATE, HELD, REJECTED = "loaded", "merged", "duplicate", "held", "rejected"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One record: its cells by header, and what an import must say of it.

    `bucket` and `code` are the expected verdict, `defect` names what was planted. The record is
    written with its first `cut` cells only when given, and with the cells of `extra` behind.
    `clean` keeps the cells by contract name from which the row was written.
    """

    cells: Mapping[str, str]
    clean: Mapping[str, str] = field(default_factory=dict)
    bucket: str = LOADED
    code: str = ""
    defect: str = ""
    anonymous: bool = False
    cut: int | None = None
    extra: tuple[str, ...] = ()

    def but(self, changes: Mapping[str, str]) -> Self:
        """Return this row with some cells changed."""
        return replace(self, cells={**self.cells, **changes})

    def rejected(self, code: str, defect: str) -> Self:
        """Return this row as one that an import must reject."""
        return replace(self, bucket=REJECTED, code=code, defect=defect)

    def ragged(self, *, cut: int | None = None, extra: tuple[str, ...] = ()) -> Self:
        """Return this row with cells missing or too many: no row of the table, rejected."""
        if cut is not None:
            return replace(self, cut=cut).rejected("MISSING_CELLS", "missing_cells")
        return replace(self, extra=extra).rejected("EXTRA_CELLS", "extra_cells")

    def held(self, code: str, defect: str) -> Self:
        """Return this row as one that an import must hold."""
        return replace(self, bucket=HELD, code=code, defect=defect)

    def folded(self, bucket: str, defect: str) -> Self:
        """Return this row as a duplicate, or as one merged into another."""
        return replace(self, bucket=bucket, code="", defect=defect)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One file: name, header and rows; rows are planted in place."""

    name: str
    header: tuple[str, ...]
    rows: list[Row]

    def plant(self, random: Random, row: Row) -> None:
        """Put `row` anywhere."""
        self.rows.insert(random.randrange(len(self.rows) + 1), row)

    def plant_before(self, random: Random, other: Row, row: Row) -> None:
        """Put `row` somewhere above `other`."""
        self.rows.insert(random.randrange(self._position(other) + 1), row)

    def plant_after(self, random: Random, other: Row, row: Row) -> None:
        """Put `row` below `other`, half of the time directly."""
        place = self._position(other) + 1
        if random.random() < 0.5:
            place = random.randrange(place, len(self.rows) + 1)
        self.rows.insert(place, row)

    def exchange(self, other: Row, row: Row) -> None:
        """Put `row` in the place of `other`."""
        self.rows[self._position(other)] = row

    def _position(self, row: Row) -> int:
        return next(place for place, here in enumerate(self.rows) if here is row)

    def header_row(self) -> Row:
        """Return the header once more, as a row."""
        return Row(cells={title: title for title in self.header})

    def to_bytes(self) -> bytes:
        """Return the file as the ERP writes it."""
        records = [_record(self.header), *(self._record_of(row) for row in self.rows)]
        return "".join(records).encode(ENCODING)

    def verdicts(self) -> list[tuple[int, Row]]:
        """Return each row with the physical line on which its record starts, from 2."""
        line, listed = 2, []
        for row in self.rows:
            listed.append((line, row))
            line += self._record_of(row).count("\n")
        return listed

    def counts(self) -> dict[str, int]:
        """Return rows_in, the six buckets, and the anonymous lines among the loaded ones."""
        buckets = Counter(row.bucket for row in self.rows)
        return {
            "rows_in": len(self.rows),
            **{bucket: buckets[bucket] for bucket in BUCKETS},
            "anonymous": sum(row.anonymous and row.bucket == LOADED for row in self.rows),
        }

    def _record_of(self, row: Row) -> str:
        cells = [row.cells.get(title, "") for title in self.header]
        return _record([*cells[: row.cut], *row.extra])


def _record(cells: Sequence[str]) -> str:
    return DELIMITER.join(_quoted(cell) for cell in cells) + LINE_END


def _quoted(cell: str) -> str:
    if any(sign in cell for sign in (DELIMITER, '"', "\n", "\r")):
        return '"' + cell.replace('"', '""') + '"'
    return cell
