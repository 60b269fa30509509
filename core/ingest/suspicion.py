"""The rules behind the warnings: one pure function each, over the figures of an import.

A warning refuses nothing: the analyst reads it before she loads. What each says stands in
`core.ingest.warning_table`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.contracts import FileKind
from core.ingest.figures import JUMP_FACTOR
from core.ingest.import_facts import EarlierFiles, FileFacts, ImportFacts

SHRUNK_SHARE = 0.6
SHRUNK_LEAST = 20
JUMPED_SHARE = 0.5
JUMPED_LEAST = 3
ONE_DAY_ROWS = 50
TWICE_SHARE = 0.8
TWICE_LEAST = 20
REJECTED_SHARE = 0.05
HELD_SHARE = 0.2
CHANGED_SHARE = 0.5
CHANGED_LEAST = 10
FILLED_SHARE = 0.2
OLDEST_DAY = "1990-01-01"
# What every export changes without anything being wrong.
_CHANGES_OFTEN = frozenset({"stock_quantity", "global_popularity_score"})
_PRICES = frozenset({"price_ttc", "amount"})


@dataclass(frozen=True, kw_only=True)
class Warned:
    """One warning; `values` fills the sentence of its rule, `file` is set when it is one file's."""

    values: Mapping[str, Any]
    file: str | None = None


def find_kept_opt_outs(facts: ImportFacts) -> list[Warned]:
    """A file says of people who have opted out that they may be written to."""
    count = sum(file.opt_outs_kept for file in facts.files)
    return [Warned(values={"count": count})] if count else []


def find_many_opt_outs(facts: ImportFacts) -> list[Warned]:
    """The import opts out more customers than a week explains."""
    if not facts.leaving:
        return []
    return [Warned(values={"leaving": facts.leaving, "customers": facts.customers})]


def find_renumbered(facts: ImportFacts) -> list[Warned]:
    """Documents are there already, and only one of the two exports numbers their lines."""
    return [
        Warned(values={"count": file.renumbered}, file=file.name)
        for file in facts.files
        if file.renumbered
    ]


def find_counted_twice(facts: ImportFacts) -> list[Warned]:
    """A month that was over already nearly doubles: other numbers for the same sales?"""
    last = max((line.month for line in facts.months if line.rows_before), default="")
    months = [
        line.month
        for line in facts.months
        if line.month < last
        and line.rows_before >= TWICE_LEAST
        and line.rows_after - line.rows_before >= TWICE_SHARE * line.rows_before
    ]
    return [Warned(values={"months": months})] if months else []


def find_missing_months(facts: ImportFacts) -> list[Warned]:
    """A month without a sale lies in the period of the files, or between them and the rest."""
    periods = [file.period for file in facts.of_kind(FileKind.SALES) if file.period]
    if not periods:
        return []
    first, last = min(p[0] for p in periods)[:7], max(p[1] for p in periods)[:7]
    filled = [line.month for line in facts.months if line.rows_after]
    start = max((month for month in filled if month < first), default=first)
    end = min((month for month in filled if month > last), default=last)
    missing = [
        line.month for line in facts.months if not line.rows_after and start < line.month < end
    ]
    return [Warned(values={"months": missing})] if missing else []


def find_shrunk(facts: ImportFacts) -> list[Warned]:
    """The files of a kind cover far less than those before them did.

    Sales and contacts are compared only when the files cover the whole period of the earlier
    ones: an export of last week is no loss.
    """
    found = []
    for kind, earlier in facts.earlier.items():
        files = facts.of_kind(kind)
        now = sum(file.figures.identities for file in files)
        is_less = earlier.identities >= SHRUNK_LEAST and now < SHRUNK_SHARE * earlier.identities
        if files and is_less and _covers(files, earlier):
            values = {"kind": kind.value, "now": now, "before": earlier.identities}
            found.append(Warned(values=values))
    return found


def _covers(files: Sequence[FileFacts], earlier: EarlierFiles) -> bool:
    periods = [file.period for file in files if file.period]
    if earlier.period is None or not periods:
        return earlier.period is None
    first, last = min(p[0] for p in periods), max(p[1] for p in periods)
    return first[:7] <= earlier.period[0][:7] and last[:7] >= earlier.period[1][:7]


def find_price_jump(facts: ImportFacts) -> list[Warned]:
    """Known products or lines cost ten times what they did, or a tenth: a decimal sign misread?"""
    return [
        Warned(
            values={
                "kind": file.kind.value,
                "count": file.figures.jumps,
                "known": file.figures.known,
            },
            file=file.name,
        )
        for file in facts.files
        if _has_jumped(file)
    ]


def _has_jumped(file: FileFacts) -> bool:
    return file.figures.jumps >= max(JUMPED_LEAST, JUMPED_SHARE * file.figures.known)


def find_price_level(facts: ImportFacts) -> list[Warned]:
    """The median price of a file is ten times that of the files before it, or a tenth."""
    found = []
    for file in facts.files:
        earlier = facts.earlier.get(file.kind)
        now, before = file.figures.median_cents, earlier.median_cents if earlier else None
        if now and before and _is_tenfold(now, before) and not _has_jumped(file):
            values = {"kind": file.kind.value, "now_cents": now, "before_cents": before}
            found.append(Warned(values=values, file=file.name))
    return found


def _is_tenfold(one: int, other: int) -> bool:
    return max(one, other) >= JUMP_FACTOR * min(one, other)


def find_one_day(facts: ImportFacts) -> list[Warned]:
    """All sales are of one day, unless the files before were of one day as well."""
    earlier = facts.earlier.get(FileKind.SALES)
    if earlier and earlier.period and earlier.period[0] == earlier.period[1]:
        return []
    return [
        Warned(values={"day": file.period[0], "rows": file.figures.identities}, file=file.name)
        for file in facts.of_kind(FileKind.SALES)
        if file.period
        and file.period[0] == file.period[1]
        and file.figures.identities >= ONE_DAY_ROWS
    ]


def find_old_dates(facts: ImportFacts) -> list[Warned]:
    """The first date lies before any till: a blank date often ends up there."""
    return [
        Warned(values={"day": file.period[0]}, file=file.name)
        for file in facts.files
        if file.period and file.period[0] < OLDEST_DAY
    ]


def find_many_rejected(facts: ImportFacts) -> list[Warned]:
    """More rows than usual cannot be used."""
    return [
        Warned(values={"count": file.rejected, "rows": file.rows_in}, file=file.name)
        for file in facts.files
        if file.rejected > REJECTED_SHARE * file.rows_in
    ]


def find_many_held(facts: ImportFacts) -> list[Warned]:
    """Many rows wait for a product or a customer: was its file left out?"""
    return [
        Warned(values={"count": file.held, "rows": file.rows_in}, file=file.name)
        for file in facts.files
        if file.held > HELD_SHARE * file.rows_in
    ]


def find_many_changed(facts: ImportFacts) -> list[Warned]:
    """One column changes for most of what is known, all names say: were the columns mixed up?"""
    return [
        Warned(
            values={"column": column, "count": rows, "known": file.figures.known}, file=file.name
        )
        for file in facts.files
        if file.figures.known >= CHANGED_LEAST
        for column, rows in file.changed.items()
        if rows > CHANGED_SHARE * file.figures.known
        and column not in _CHANGES_OFTEN
        and not (column in _PRICES and _has_jumped(file))
    ]


def find_empty_columns(facts: ImportFacts) -> list[Warned]:
    """A column that was filled before is blank in every row now."""
    return [
        Warned(values={"column": column}, file=file.name)
        for file in facts.files
        if file.figures.rows and file.kind in facts.earlier
        for column, cells in file.figures.filled.items()
        if not cells and facts.earlier[file.kind].filled.get(column, 0.0) >= FILLED_SHARE
    ]


def find_nothing_new(facts: ImportFacts) -> list[Warned]:
    """Every row is there already."""
    changes = facts.released + sum(file.loaded + file.held for file in facts.files)
    is_read = any(file.rows_in > file.rejected for file in facts.files)
    return [Warned(values={})] if is_read and not changes else []
