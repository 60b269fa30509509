"""What an import changes in the rows and amounts of each month.

The totals of what is there are stored with each load; moving them by the difference between the
rows before and after gives the next ones, exactly, without reading what no file speaks of.
"""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.contracts.months import MONTH_KINDS, MonthTotal

_DATED = {
    FileKind.SALES: """
        SELECT sale_date AS day, amount_cents FROM {table}
        WHERE document_status IS DISTINCT FROM 'cancelled'
    """,
    FileKind.CONTACTS: """
        SELECT contact_date AS day, CAST(NULL AS BIGINT) AS amount_cents FROM {table}
    """,
}
_DIFFERENCE = """
SELECT strftime(month, '%Y-%m') AS month, CAST(sum(sign * row_count) AS BIGINT),
    CAST(sum(sign * amount_cents) AS BIGINT)
FROM (
    SELECT 1 AS sign, date_trunc('month', day) AS month, count(*) AS row_count,
        sum(amount_cents) AS amount_cents
    FROM ({after}) GROUP BY month
    UNION ALL
    SELECT -1, date_trunc('month', day) AS month, count(*), sum(amount_cents)
    FROM ({before}) GROUP BY month
)
GROUP BY month ORDER BY month
"""


def month_changes(
    con: DuckDBPyConnection, before: Mapping[FileKind, str], after: Mapping[FileKind, str]
) -> tuple[MonthTotal, ...]:
    """Return by how much rows and amounts differ between two tables of each kind.

    Both hold the stored fields of the same part of what there is. Numbers are negative where rows
    go away.
    """
    return tuple(
        MonthTotal(kind=kind, month=month, row_count=rows, amount_cents=cents)
        for kind in MONTH_KINDS
        for month, rows, cents in con.execute(
            _DIFFERENCE.format(
                before=_DATED[kind].format(table=before[kind]),
                after=_DATED[kind].format(table=after[kind]),
            )
        ).fetchall()
    )


def add_totals(
    there: tuple[MonthTotal, ...], changes: tuple[MonthTotal, ...]
) -> tuple[MonthTotal, ...]:
    """Return `there` moved by `changes`, months without any row left out, by kind and month."""
    rows: dict[tuple[FileKind, str], int] = {}
    cents: dict[tuple[FileKind, str], int | None] = {}
    for total in (*there, *changes):
        key = (total.kind, total.month)
        rows[key] = rows.get(key, 0) + total.row_count
        cents[key] = _sum(cents.get(key), total.amount_cents)
    return tuple(
        MonthTotal(kind=key[0], month=key[1], row_count=rows[key], amount_cents=cents[key])
        for key in sorted(rows)
        if rows[key]
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def totals_of(totals: tuple[MonthTotal, ...], kind: FileKind) -> dict[str, MonthTotal]:
    """Return the totals of one kind by their month."""
    return {total.month: total for total in totals if total.kind is kind}
