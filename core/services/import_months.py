"""Rows and amounts of each month, before an import and after it."""

from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts.months import MONTH_KINDS, MonthTotal
from core.ingest.months import add_totals, month_changes, totals_of
from core.services.import_state import state_table, visible_table
from core.store.dataset import head_of
from core.store.month_totals import load_month_totals, store_month_totals
from core.store.tenant import TenantStore

Months = dict[str, list[dict[str, Any]]]


def stage_months(store: TenantStore, con: DuckDBPyConnection, seq: int) -> None:
    """Stage the totals as of `seq`: those of the head, moved by what the import changes."""
    with store.read() as tx:
        there = load_month_totals(tx, head_of(tx))
    with store.begin() as tx:
        store_month_totals(tx, seq, add_totals(there, _changes(con)))


def _changes(con: DuckDBPyConnection) -> tuple[MonthTotal, ...]:
    return month_changes(
        con,
        before={kind: visible_table(kind) for kind in MONTH_KINDS},
        after={kind: state_table(kind) for kind in MONTH_KINDS},
    )


def months_of(store: TenantStore, con: DuckDBPyConnection) -> Months:
    """Return, JSON-ready, the months of sales and contacts that are there or will be.

    Each has `month`, `rows_before`, `rows_after`, `amount_before`, `amount_after` (cents, NULL
    of contacts); a month between the first and the last without any row has zeros.
    """
    with store.read() as tx:
        before = load_month_totals(tx, head_of(tx))
    after = add_totals(before, _changes(con))
    return {
        kind.value: _lines(totals_of(before, kind), totals_of(after, kind)) for kind in MONTH_KINDS
    }


def _lines(before: dict[str, MonthTotal], after: dict[str, MonthTotal]) -> list[dict[str, Any]]:
    named = before.keys() | after.keys()
    months = months_between(min(named), max(named)) if named else []
    return [_line(month, before.get(month), after.get(month)) for month in months]


def _line(month: str, before: MonthTotal | None, after: MonthTotal | None) -> dict[str, Any]:
    return {
        "month": month,
        "rows_before": before.row_count if before else 0,
        "rows_after": after.row_count if after else 0,
        "amount_before": before.amount_cents if before else 0,
        "amount_after": after.amount_cents if after else 0,
    }


def months_between(first: str, last: str) -> list[str]:
    """Return every month from `first` to `last`, both written `2026-03`.

    >>> months_between("2025-11", "2026-02")
    ['2025-11', '2025-12', '2026-01', '2026-02']
    """
    start, end = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(start, end + 1)]
