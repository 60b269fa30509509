"""A large file read in one pass: plain rows typed on the way, the others left as text.

The first rows of the file tell what to expect. When the whole of it says otherwise (another
decimal sign, another order of dates, a question) it is read again as text, as a small file is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from duckdb import DuckDBPyConnection

from core.errors import QuestionOpen
from core.ingest.contract_rows import (
    NOTHING_WRONG,
    Parsing,
    code_sql,
    create_rows,
    insert_plain,
    insert_rows,
    text_sources,
)
from core.ingest.pieces import Split
from core.ingest.plain import PlainPlan
from core.ingest.plain_cells import DATE, DIFFERENT, EITHER, FIRST, NUMBER, SECOND, SURE
from core.ingest.plain_plan import PlainSources, plan_plain
from core.ingest.reader import read_plain, read_table
from core.ingest.settle import CountedVotes, Votes, settle_formats
from core.ingest.values import Formats


def parse_opened(work: Parsing) -> Formats | None:
    """Read the opened file into `{p}_rows`, as far as its rows are plain; return its formats.

    The other rows are then in the raw table. None: all of them are.
    """
    if not work.dialect.own_export:
        expected = _expect_formats(work)
        sources = plan_plain(work, text_sources(work, expected), expected)
        split = _read(work, sources)
        settled = _settle(work, _votes_of(sources.plan, split, expected))
        if settled is not None and _agree(settled, expected):
            return settled
    create_rows(work)
    whole = read_table(
        work.con, work.raw.path, work.dialect, work.raw.table, work.raw.work_dir, work.raw.limits
    )
    work.raw.rows_in, work.raw.bad_rows = whole.rows_in, whole.bad_rows
    return None


def _expect_formats(work: Parsing) -> Formats:
    """Return what the first rows say, and an assumption where they leave a question."""
    mapping = work.mapping
    currency, remembered = work.options.tenant_currency, work.options.remembered
    while True:
        try:
            return settle_formats(work.con, work.raw, mapping, currency, remembered=remembered)
        except QuestionOpen as asked:
            if asked.question == "decimal":
                mapping = replace(mapping, decimal=".")
            else:
                mapping = replace(mapping, date_order="dmy")
            remembered -= {asked.question}


def _read(work: Parsing, plain: PlainSources) -> Split:
    codes = [code_sql(work, s, plain.sources) for s in plain.sources if s.given]
    with (
        read_plain(work.con, work.raw, work.dialect, plain.plan) as (batches, split),
        _any_order(work.con),
    ):
        work.con.register("plain_batches", batches)
        if all(code == NOTHING_WRONG for code in codes):
            insert_plain(work, "plain_batches", plain.sources)
        else:
            _judge(work, plain)
        work.con.unregister("plain_batches")
    return split


@contextmanager
def _any_order(con: DuckDBPyConnection) -> Iterator[None]:
    """Let rows be stored as they come: half the work, and no query relies on their order."""
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = true")


def _judge(work: Parsing, plain: PlainSources) -> None:
    table = f"{work.prefix}_plain"
    work.con.execute(f"CREATE OR REPLACE TABLE {table} AS FROM plain_batches")
    insert_rows(work, table, plain.sources)
    work.con.execute(f"DROP TABLE {table}")


def _votes_of(plan: PlainPlan, split: Split, expected: Formats) -> CountedVotes:
    """Return the votes of the plain cells, each header counted once."""
    numbers = {c.header: split.votes[k] for k, c in enumerate(plan.columns) if c.kind == NUMBER}
    dates = {c.header: split.votes[k] for k, c in enumerate(plan.columns) if c.kind == DATE}
    sure = sum(int(votes[SURE]) for votes in numbers.values())
    is_comma = expected.decimal == ","
    return CountedVotes(
        decimal=Votes(
            first=sure if is_comma else 0,
            second=0 if is_comma else sure,
            either=sum(int(votes[EITHER]) for votes in numbers.values()),
        ),
        dates=Votes(
            first=sum(int(votes[FIRST]) for votes in dates.values()),
            second=sum(int(votes[SECOND]) for votes in dates.values()),
            either=sum(int(votes[DIFFERENT]) for votes in dates.values()),
        ),
    )


def _settle(work: Parsing, counted: CountedVotes) -> Formats | None:
    options = work.options
    try:
        return settle_formats(
            work.con,
            work.raw,
            work.mapping,
            options.tenant_currency,
            counted,
            options.remembered,
        )
    except QuestionOpen:
        return None


def _agree(settled: Formats, expected: Formats) -> bool:
    """Whether rows read as `expected` are read as `settled`: ISO dates are in any order."""
    dates = expected.date_order in ("iso", settled.date_order)
    return dates and settled.decimal == expected.decimal
