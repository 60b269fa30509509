"""Suppressions as a person looks at them: found, read page by page, lifted with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.contacts import Person
from core.store.dataset import ENTERED, IN_FORCE, VISIBLE, head_of
from core.store.tenant import Transaction, as_date, as_moment

_COLUMNS = (
    "suppression_id, customer, email_norm, reason, source, since, lifted_at, lifted_by,"
    " lifted_reason"
)
# Two searches by an index each: with OR between them SQLite goes through all of the tenant's.
_OF_PERSON = " UNION ".join(
    f"""
    SELECT {_COLUMNS} FROM suppression
    WHERE {ENTERED} AND {column} {{{among}}}
    """
    for column, among in (("customer", "codes"), ("email_norm", "addresses"))
)
_OF_ALL = f"suppression WHERE {ENTERED}"


@dataclass(frozen=True, kw_only=True)
class SuppressionRow:
    """One suppression with its end, if it was lifted."""

    suppression_id: str
    customer: str | None
    email_norm: str | None
    reason: str
    source: str
    since: date
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_reason: str | None


@dataclass(frozen=True, kw_only=True)
class Lift:
    """Who lifts a suppression, when and why."""

    at: datetime
    by: str
    reason: str


def load_suppressions(
    tx: Transaction, person: Person | None, *, limit: int, offset: int
) -> list[SuppressionRow]:
    """Return a page of the suppressions of a person, or of all, the newest first."""
    source, values = _source(tx, person)
    # Skipped are keys of an index alone: with whole rows a late page of 500,000 takes far longer.
    rows = tx.rows(
        f"""
        SELECT {_COLUMNS} FROM suppression
        WHERE tenant_id = :tenant AND suppression_id IN (
            SELECT suppression_id FROM {source}
            ORDER BY since DESC, suppression_id DESC LIMIT :limit OFFSET :offset
        )
        ORDER BY since DESC, suppression_id DESC
        """,
        limit=limit,
        offset=offset,
        **values,
    )
    return [_suppression(row) for row in rows]


def count_suppressions(tx: Transaction, person: Person | None) -> int:
    """Return how many suppressions a person has, or all have, lifted ones with them."""
    source, values = _source(tx, person)
    return int(tx.scalar(f"SELECT count(*) FROM {source}", **values))


def _source(tx: Transaction, person: Person | None) -> tuple[str, Mapping[str, object]]:
    """Return what follows FROM, with what it binds."""
    if person is None:
        return _OF_ALL, {}
    source = _OF_PERSON.format(codes=tx.among("codes"), addresses=tx.among("addresses"))
    return f"({source}) AS found", person.bound(tx)


def find_suppression(tx: Transaction, suppression_id: str) -> SuppressionRow | None:
    """Return a suppression, in force or lifted, or None."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM suppression WHERE {ENTERED} AND suppression_id = :suppression_id",
        suppression_id=suppression_id,
    )
    return None if row is None else _suppression(row)


def _suppression(row: Mapping[str, Any]) -> SuppressionRow:
    since = as_date(row["since"])
    assert since is not None
    return SuppressionRow(**{**row, "since": since, "lifted_at": as_moment(row["lifted_at"])})


def lift_suppressions(tx: Transaction, kept: SuppressionRow, lift: Lift) -> int:
    """Lift a suppression, and those that the same word of the same address entered beside it.

    Who leaves by a link is entered once per customer of the address. Returns how many.
    """
    return tx.execute(
        """
        UPDATE suppression
        SET lifted_at = :at, lifted_by = :by, lifted_reason = :reason
        WHERE tenant_id = :tenant AND lifted_at IS NULL AND (
            suppression_id = :suppression_id
            OR (email_norm = :email_norm AND reason = :why AND source = :source AND since = :since)
        )
        """,
        suppression_id=kept.suppression_id,
        email_norm=kept.email_norm,
        why=kept.reason,
        source=kept.source,
        since=kept.since,
        **vars(lift),
    )


def count_in_force(tx: Transaction, person: Person) -> int:
    """Return how many suppressions of a person count now."""
    source = _OF_PERSON.format(codes=tx.among("codes"), addresses=tx.among("addresses"))
    sql = f"SELECT count(*) FROM ({source}) AS found WHERE lifted_at IS NULL"
    return int(tx.scalar(sql, **person.bound(tx)))


def is_suppressed_address(tx: Transaction, email_norm: str) -> bool:
    """Tell whether a suppression in force names this address."""
    found = tx.scalar(
        f"SELECT count(*) FROM suppression WHERE {IN_FORCE} AND email_norm = :email_norm",
        email_norm=email_norm,
    )
    return bool(found)


def opted_out_customers(tx: Transaction, customers: Sequence[str]) -> list[str]:
    """Return who of these customers has an opt-out in her record as it is visible now."""
    rows = tx.rows(
        f"""
        SELECT customer FROM customer
        WHERE {VISIBLE} AND email_opt_out AND customer {tx.among("codes")}
        """,
        head=head_of(tx),
        codes=tx.list_of(customers),
    )
    return sorted(row["customer"] for row in rows)
