"""Which sheet of a workbook holds the table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import QuestionOpen
from core.i18n import N_
from core.ingest.findings import Finding, found
from core.ingest.header import Record, most_known
from core.ingest.workbook import Rows

_ONLY = N_("Sheet %(sheet)s: the only one of the workbook that is filled.")
_KNOWN = N_("Sheet %(sheet)s: the only one of %(count)s whose column names are known.")
_TABLE = N_("Sheet %(sheet)s: the only one of %(count)s that looks like a table.")
_FIRST = N_("Sheet %(sheet)s: the first one, as none looks like a table.")
_CHOSEN = N_("Sheet %(sheet)s: as you have chosen.")


def filled_rows(rows: Rows) -> list[Record]:
    """Return the rows that are not blank, with their number from 1 on."""
    return [(number, number, row) for number, row in enumerate(rows, start=1) if any(row)]


def choose_sheet(
    path: Path, samples: Mapping[str, list[Record]], told: str | None
) -> tuple[str, Finding]:
    """Return the sheet to read and why: the one told, else the one that looks like a table.

    Raises `QuestionOpen` when several do, the one with most known column names first.
    """
    if told is not None and told in samples:
        return told, found(_CHOSEN, sheet=told)
    known = {name: most_known(rows) for name, rows in samples.items()}
    recognised = [name for name, count in known.items() if count > 1]
    tables = [name for name, rows in samples.items() if _is_table(rows)]
    for candidates, evidence in ((recognised, _KNOWN), (tables, _TABLE)):
        if len(candidates) == 1:
            why = evidence if len(samples) > 1 else _ONLY
            return candidates[0], found(why, sheet=candidates[0], count=len(samples))
    if not tables:
        first = next(iter(samples))
        return first, found(_FIRST, sheet=first)
    raise QuestionOpen(
        N_("%(name)s has several sheets that look like tables. Say which one to read (sheet)."),
        question="sheet",
        options=tuple(sorted(recognised or tables, key=lambda name: -known[name])),
        name=path.name,
    )


def _is_table(rows: Sequence[Record]) -> bool:
    wide = sum(1 for _, _, cells in rows if sum(map(bool, cells)) > 1)
    return wide > 1
