"""Addresses that contacts alone know, without a customer: prospects who are kept no longer."""

from collections.abc import Mapping
from typing import Any

from core.store.dataset import head_of, visible_in
from core.store.retention import DuePerson, KeptSince
from core.store.tenant import Transaction, as_date


def _visible(alias: str) -> str:
    return f"{alias}.tenant_id = :tenant AND {visible_in(alias)}"


# Without an action the day counts on which a file brought the address, else its first event's.
_LAST = """
coalesce(CAST(who.acted AS TEXT), (
    SELECT substr(CAST(min(imports.loaded_at) AS TEXT), 1, 10) FROM imports
    WHERE imports.tenant_id = :tenant AND imports.seq = who.first_seq
), CAST(who.first_day AS TEXT))
"""
_DUE = f"""
FROM (
    SELECT seen.email_norm, min(seen.from_seq) AS first_seq, min(seen.contact_date) AS first_day,
        max(CASE WHEN seen.status IN ('click', 'call') THEN seen.contact_date END) AS acted
    FROM contact_history AS seen
    WHERE {_visible("seen")} AND seen.email_norm IS NOT NULL
    GROUP BY seen.email_norm
    HAVING count(seen.customer) = 0
) AS who
WHERE {_LAST} <= :since
    AND NOT EXISTS (
        SELECT 1 FROM customer AS owner
        WHERE {_visible("owner")} AND owner.email_norm = who.email_norm
    )
    AND NOT EXISTS (
        SELECT 1 FROM erasure_subject AS leaving
        WHERE leaving.tenant_id = :tenant AND leaving.kind = 'email'
            AND leaving.value = who.email_norm
    )
"""


def load_due_addresses(
    tx: Transaction, since: KeptSince, *, limit: int, offset: int = 0
) -> list[DuePerson]:
    """Return a page of the addresses without a customer that have been kept long enough."""
    rows = tx.rows(
        f"SELECT who.email_norm, {_LAST} AS last_day {_DUE}"
        " ORDER BY who.email_norm LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **_bound(tx, since),
    )
    return [_due(row) for row in rows]


def count_due_addresses(tx: Transaction, since: KeptSince) -> int:
    """Return how many addresses `load_due_addresses` pages through."""
    return int(tx.scalar(f"SELECT count(*) {_DUE}", **_bound(tx, since)))


def _bound(tx: Transaction, since: KeptSince) -> dict[str, object]:
    return {"head": head_of(tx), "since": since.prospects.isoformat()}


def _due(row: Mapping[str, Any]) -> DuePerson:
    return DuePerson(
        customer=row["email_norm"],
        is_address=True,
        is_prospect=True,
        last_purchase=None,
        last_action=as_date(row["last_day"]),
    )
