"""How long people are kept after their last action, and who has been kept that long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction, as_date

DEFAULT_MONTHS = 36
_BEGINNING = date(1, 1, 1)


def _visible(alias: str) -> str:
    named = VISIBLE
    for column in ("tenant_id", "from_seq", "to_seq"):
        named = named.replace(column, f"{alias}.{column}")
    return named


# What she does herself counts: to be written to, or to open what was written, is none of it.
_ACTED = f"""
SELECT max(seen.contact_date) FROM contact_history AS seen
WHERE {_visible("seen")} AND seen.{{column}} = who.{{column}} AND seen.status IN ('click', 'call')
"""
_PEOPLE = f"""
SELECT who.customer, who.created_at, who.consent_date,
    (
        SELECT max(sale.sale_date) FROM sale_line AS sale
        WHERE {_visible("sale")} AND sale.customer = who.customer
            AND coalesce(sale.document_status, 'valid') <> 'cancelled'
    ) AS bought,
    ({_ACTED.format(column="customer")}) AS acted,
    ({_ACTED.format(column="email_norm")}) AS answered,
    (
        SELECT substr(CAST(min(imports.loaded_at) AS TEXT), 1, 10) FROM imports
        WHERE imports.tenant_id = :tenant AND imports.seq = (
            SELECT min(first.from_seq) FROM customer AS first
            WHERE first.tenant_id = :tenant AND first.customer = who.customer
        )
    ) AS entered
FROM customer AS who
WHERE {_visible("who")} AND NOT EXISTS (
    SELECT 1 FROM erasure_subject AS leaving
    WHERE leaving.tenant_id = :tenant AND leaving.kind = 'customer'
        AND leaving.value = who.customer
)
"""
_DAYS = ("bought", "acted", "answered", "created_at", "consent_date")
_NOTHING_KNOWN = " AND ".join(f"{day} IS NULL" for day in _DAYS)


def _idle(since: str) -> str:
    days = " AND ".join(f"coalesce({day}, :beginning) <= :{since}" for day in _DAYS)
    # Of whom nothing is known, the day counts on which a file brought her.
    return f"({days} AND (NOT ({_NOTHING_KNOWN}) OR entered <= :{since}_text))"


_DUE = f"""
SELECT customer, bought, acted, answered, created_at, consent_date, entered FROM ({_PEOPLE}) AS kept
WHERE (bought IS NOT NULL AND {_idle("customers")}) OR (bought IS NULL AND {_idle("prospects")})
"""


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """How many months people are kept after their last action: prospects, and customers."""

    prospect_months: int = DEFAULT_MONTHS
    customer_months: int = DEFAULT_MONTHS


@dataclass(frozen=True, kw_only=True)
class KeptSince:
    """People whose last action is on or before these days are due."""

    prospects: date
    customers: date

    def bound(self, tx: Transaction) -> dict[str, object]:
        """Return the days as the queries bind them."""
        days = {"prospects": self.prospects, "customers": self.customers}
        texts = {f"{name}_text": day.isoformat() for name, day in days.items()}
        return {"head": head_of(tx), "beginning": _BEGINNING, **days, **texts}


@dataclass(frozen=True, kw_only=True)
class DuePerson:
    """Somebody who has been kept long enough; `last_action` is None where none is known."""

    customer: str
    is_prospect: bool
    last_purchase: date | None
    last_action: date | None


def load_rule(tx: Transaction) -> RetentionRule:
    """Return the tenant's rule, 36 months for both until it is changed."""
    row = tx.row(
        "SELECT prospect_months, customer_months FROM retention_rule WHERE tenant_id = :tenant"
    )
    return RetentionRule(**row) if row else RetentionRule()


def store_rule(tx: Transaction, rule: RetentionRule, now: datetime, by: str) -> None:
    """Put the tenant's rule in the place of the one before."""
    tx.execute(
        """
        INSERT INTO retention_rule (
            tenant_id, prospect_months, customer_months, changed_at, changed_by
        )
        VALUES (:tenant, :prospect_months, :customer_months, :now, :by)
        ON CONFLICT (tenant_id) DO UPDATE SET
            prospect_months = excluded.prospect_months,
            customer_months = excluded.customer_months,
            changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """,
        now=now,
        by=by,
        **vars(rule),
    )


def load_due(tx: Transaction, since: KeptSince, *, limit: int, offset: int = 0) -> list[DuePerson]:
    """Return a page of those who have been kept long enough, in the order of their codes."""
    rows = tx.rows(
        f"{_DUE} ORDER BY customer LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **since.bound(tx),
    )
    return [_due(row) for row in rows]


def count_due(tx: Transaction, since: KeptSince) -> int:
    """Return how many people have been kept long enough."""
    return int(tx.scalar(f"SELECT count(*) FROM ({_DUE}) AS due", **since.bound(tx)))


def _due(row: Mapping[str, Any]) -> DuePerson:
    days = [day for name in _DAYS if (day := as_date(row[name])) is not None]
    bought = as_date(row["bought"])
    return DuePerson(
        customer=row["customer"],
        is_prospect=bought is None,
        last_purchase=bought,
        last_action=max(days) if days else as_date(row["entered"]),
    )
