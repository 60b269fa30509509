"""How long people are kept after their last action, and who has been kept that long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.dataset import head_of, visible_in
from core.store.tenant import Transaction, as_date

DEFAULT_MONTHS = 36
_BEGINNING = date(1, 1, 1)


def _visible(alias: str) -> str:
    return f"{alias}.tenant_id = :tenant AND {visible_in(alias)}"


_VALID = "coalesce(sale.document_status, 'valid') <> 'cancelled'"
_BOUGHT = f"""
EXISTS (
    SELECT 1 FROM sale_line AS sale
    WHERE {_visible("sale")} AND sale.customer = who.customer AND {_VALID}{{after}}
)
"""
# What she does herself counts: to be written to, or to open what was written, is none of it.
_ACTED = f"""
EXISTS (
    SELECT 1 FROM contact_history AS seen
    WHERE {_visible("seen")} AND seen.{{column}} = who.{{column}}
        AND seen.status IN ('click', 'call') AND seen.contact_date > :{{since}}
)
"""
# Of whom no day is known, the one counts on which a file brought her.
_ENTERED = """
(
    SELECT substr(CAST(min(imports.loaded_at) AS TEXT), 1, 10) FROM imports
    WHERE imports.tenant_id = :tenant AND imports.seq = (
        SELECT min(first.from_seq) FROM customer AS first
        WHERE first.tenant_id = :tenant AND first.customer = who.customer
    )
)
"""


def _idle(since: str) -> str:
    acted = (_ACTED.format(column=column, since=since) for column in ("customer", "email_norm"))
    return f"""
        coalesce(who.created_at, :beginning) <= :{since}
        AND coalesce(who.consent_date, :beginning) <= :{since}
        AND NOT {" AND NOT ".join(acted)}
    """


# Each is a search by an index that ends with the first row: whoever bought lately is done with
# after one. To look up the last day of everybody takes ten times as long.
_DUE = f"""
FROM customer AS who
WHERE {_visible("who")}
    AND NOT {_BOUGHT.format(after=" AND sale.sale_date > :customers")}
    AND (
        ({_BOUGHT.format(after="")} AND {_idle("customers")})
        OR (
            NOT {_BOUGHT.format(after="")} AND {_idle("prospects")}
            AND (
                who.created_at IS NOT NULL OR who.consent_date IS NOT NULL
                OR {_ENTERED} <= :prospects_text
            )
        )
    )
    AND NOT EXISTS (
        SELECT 1 FROM erasure_subject AS leaving
        WHERE leaving.tenant_id = :tenant AND leaving.kind = 'customer'
            AND leaving.value = who.customer
    )
"""
_LAST = """
SELECT max(seen.contact_date) FROM contact_history AS seen
WHERE {visible} AND seen.{column} = who.{column} AND seen.status IN ('click', 'call')
"""
_DAYS = f"""
SELECT who.customer, who.created_at, who.consent_date, {_ENTERED} AS entered,
    (
        SELECT max(sale.sale_date) FROM sale_line AS sale
        WHERE {_visible("sale")} AND sale.customer = who.customer AND {_VALID}
    ) AS bought,
    ({_LAST.format(column="customer", visible=_visible("seen"))}) AS acted,
    ({_LAST.format(column="email_norm", visible=_visible("seen"))}) AS answered
FROM customer AS who
WHERE {_visible("who")} AND who.customer {{codes}}
ORDER BY who.customer
"""
_KNOWN_DAYS = ("bought", "acted", "answered", "created_at", "consent_date")


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
        text = self.prospects.isoformat()
        return {"head": head_of(tx), "beginning": _BEGINNING, "prospects_text": text, **days}


@dataclass(frozen=True, kw_only=True)
class DuePerson:
    """Somebody who has been kept long enough; `last_action` is None where none is known.

    With `is_address` no record is known, and `customer` is the address.
    """

    customer: str
    is_prospect: bool
    last_purchase: date | None
    last_action: date | None
    is_address: bool = False


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
    bound = since.bound(tx)
    page = tx.rows(
        f"SELECT who.customer {_DUE} ORDER BY who.customer LIMIT :limit OFFSET :offset",
        limit=limit,
        offset=offset,
        **bound,
    )
    codes = tx.list_of([row["customer"] for row in page])
    days = _DAYS.format(codes=tx.among("codes"))
    return [_due(row) for row in tx.rows(days, head=bound["head"], codes=codes)]


def count_due(tx: Transaction, since: KeptSince) -> int:
    """Return how many people have been kept long enough."""
    return int(tx.scalar(f"SELECT count(*) {_DUE}", **since.bound(tx)))


def _due(row: Mapping[str, Any]) -> DuePerson:
    days = [day for name in _KNOWN_DAYS if (day := as_date(row[name])) is not None]
    bought = as_date(row["bought"])
    return DuePerson(
        customer=row["customer"],
        is_prospect=bought is None,
        last_purchase=bought,
        last_action=max(days) if days else as_date(row["entered"]),
    )
