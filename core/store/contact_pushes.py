"""What Brevo has of the tenant's contacts, and what the next push is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from duckdb import DuckDBPyConnection

from core.store.bulk import fetch_table
from core.store.dataset import VISIBLE, head_of, visible_in
from core.store.run_outputs import RunAt, counts
from core.store.tenant import Transaction, as_moment

_PROFILE_TYPES = {
    "customer": "VARCHAR",
    "segment": "VARCHAR",
    "value_cents": "BIGINT",
    "next_product": "VARCHAR",
}
_PURCHASE_TYPES = {"customer": "VARCHAR", "last_purchase": "DATE"}
_PUSH_TYPES = {"email_norm": "VARCHAR", "digest": "VARCHAR"}

# A list that did not pass proposes nothing: its first product is none to be written about.
_PROFILES_SQL = f"""
SELECT
    verdict.customer,
    verdict.segment,
    verdict.value_cents,
    CASE
        WHEN verdict.gate_export THEN coalesce(nullif(product.name, ''), item.product_key)
    END AS next_product
FROM next_action_output AS verdict
LEFT JOIN reco_output AS item
    ON item.tenant_id = verdict.tenant_id
    AND item.run_id = verdict.run_id
    AND item.customer = verdict.customer
    AND item.rank = 1
    AND {counts("item")}
LEFT JOIN product
    ON product.tenant_id = item.tenant_id
    AND product.product_key = item.product_key
    AND {visible_in("product")}
WHERE verdict.tenant_id = :tenant AND verdict.run_id = :run_id AND {counts("verdict")}
"""

_PURCHASES_SQL = f"""
SELECT customer, max(sale_date) AS last_purchase FROM sale_line
WHERE {VISIBLE}
    AND customer IS NOT NULL
    AND sale_date <= :as_of
    AND quantity_milli > 0
    AND coalesce(document_status, 'valid') <> 'cancelled'
GROUP BY customer
"""

_PUSHES_SQL = "SELECT email_norm, digest FROM contact_push WHERE tenant_id = :tenant"


class PullSource(StrEnum):
    """The lists at Brevo of those who must not be written to."""

    BLOCKED = "blocked"
    CONTACTS = "contacts"


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A walk through a list: of what changed `since`, or of all; None when it is at the end."""

    source: PullSource
    since: datetime | None
    begun_at: datetime
    next_offset: int | None


def fetch_profiles(tx: Transaction, con: DuckDBPyConnection, run: RunAt, as_of: date) -> None:
    """Create `profiles` of a run at a review, `purchases` up to `as_of`, and `pushes`."""
    head = head_of(tx)
    fetch_table(tx, con, "profiles", _PROFILE_TYPES, _PROFILES_SQL, head=head, **vars(run))
    fetch_table(tx, con, "purchases", _PURCHASE_TYPES, _PURCHASES_SQL, head=head, as_of=as_of)
    fetch_table(tx, con, "pushes", _PUSH_TYPES, _PUSHES_SQL)


def store_pushes(tx: Transaction, digests: Mapping[str, str], pushed_at: datetime) -> None:
    """Keep what Brevo has accepted for addresses."""
    tx.execute_many(
        """
        INSERT INTO contact_push (tenant_id, email_norm, digest, pushed_at)
        VALUES (:tenant, :email_norm, :digest, :pushed_at)
        ON CONFLICT (tenant_id, email_norm)
            DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at
        """,
        [
            {"email_norm": email, "digest": digest, "pushed_at": pushed_at}
            for email, digest in digests.items()
        ],
    )


def forget_pushes(tx: Transaction, addresses: Sequence[str]) -> None:
    """Forget what Brevo has accepted for addresses."""
    tx.execute(
        "DELETE FROM contact_push"
        f" WHERE tenant_id = :tenant AND email_norm {tx.among('addresses')}",
        addresses=tx.list_of(addresses),
    )


def forget_account(tx: Transaction) -> None:
    """Forget what was pushed and pulled, as before the first time."""
    for table in ("contact_push", "contact_pull"):
        tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")


def load_pull(tx: Transaction, source: PullSource) -> Pull | None:
    """Return the last walk through a list, None before the first."""
    row = tx.row(
        "SELECT since, begun_at, next_offset FROM contact_pull"
        " WHERE tenant_id = :tenant AND source = :source",
        source=source.value,
    )
    if row is None:
        return None
    begun_at = as_moment(row["begun_at"])
    assert begun_at is not None
    return Pull(
        source=source,
        since=as_moment(row["since"]),
        begun_at=begun_at,
        next_offset=row["next_offset"],
    )


def store_pull(tx: Transaction, pull: Pull) -> None:
    """Keep where a walk stands."""
    tx.execute(
        """
        INSERT INTO contact_pull (tenant_id, source, since, begun_at, next_offset)
        VALUES (:tenant, :source, :since, :begun_at, :next_offset)
        ON CONFLICT (tenant_id, source) DO UPDATE SET
            since = excluded.since,
            begun_at = excluded.begun_at,
            next_offset = excluded.next_offset
        """,
        source=pull.source.value,
        since=pull.since,
        begun_at=pull.begun_at,
        next_offset=pull.next_offset,
    )
