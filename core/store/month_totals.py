"""Rows and amounts by month of what is visible, kept with each load under its sequence number."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.contracts import FileKind
from core.contracts.months import MonthTotal
from core.store.dataset import VISIBLE
from core.store.tenant import Transaction

_STORED = """
SELECT kind, month, row_count, amount_cents FROM month_total
WHERE tenant_id = :tenant AND seq = :seq ORDER BY kind, month
"""
_AGGREGATED = f"""
SELECT kind, month, count(*) AS row_count, sum(amount_cents) AS amount_cents
FROM (
    SELECT 'sales' AS kind, substr(CAST(sale_date AS TEXT), 1, 7) AS month, amount_cents
    FROM sale_line
    WHERE {VISIBLE} AND (document_status IS NULL OR document_status <> 'cancelled')
    UNION ALL
    -- What campaigns enter themselves stands outside the versions, under number 0.
    SELECT 'contacts', substr(CAST(contact_date AS TEXT), 1, 7), CAST(NULL AS BIGINT)
    FROM contact_history WHERE {VISIBLE} AND from_seq > 0
) AS dated
GROUP BY kind, month ORDER BY kind, month
"""
_STORE = """
INSERT INTO month_total (tenant_id, seq, kind, month, row_count, amount_cents)
VALUES (:tenant, :seq, :kind, :month, :row_count, :amount_cents)
"""


def load_month_totals(tx: Transaction, seq: int) -> tuple[MonthTotal, ...]:
    """Return the totals as of `seq`, counted anew when no load has kept any."""
    if seq == 0:
        return ()
    rows = tx.rows(_STORED, seq=seq)
    if rows:
        return tuple(_total(row) for row in rows)
    return aggregate_month_totals(tx, seq)


def aggregate_month_totals(tx: Transaction, seq: int) -> tuple[MonthTotal, ...]:
    """Count the totals of what is visible at `seq` from the rows themselves."""
    return tuple(_total(row) for row in tx.rows(_AGGREGATED, head=seq))


def _total(row: Mapping[str, Any]) -> MonthTotal:
    cents = row["amount_cents"]
    return MonthTotal(
        kind=FileKind(row["kind"]),
        month=row["month"],
        row_count=int(row["row_count"]),
        amount_cents=None if cents is None else int(cents),
    )


def store_month_totals(tx: Transaction, seq: int, totals: Sequence[MonthTotal]) -> None:
    """Stage the totals as of `seq`, over whatever an unfinished load left there."""
    tx.execute("DELETE FROM month_total WHERE tenant_id = :tenant AND seq = :seq", seq=seq)
    tx.execute_many(
        _STORE,
        [
            {
                "seq": seq,
                "kind": total.kind.value,
                "month": total.month,
                "row_count": total.row_count,
                "amount_cents": total.amount_cents,
            }
            for total in totals
        ],
    )


def clear_month_totals(tx: Transaction, head: int) -> None:
    """Remove totals above the head."""
    tx.execute("DELETE FROM month_total WHERE tenant_id = :tenant AND seq > :head", head=head)
