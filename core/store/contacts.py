"""The contact history as a person looks at it, and whom a typed address or code means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.contracts import normalise_address
from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction, as_date

_COLUMNS = "event_key, customer, email_norm, contact_date, status, channel, campaign"
# Two searches by an index each: with OR between them SQLite goes through all of the tenant's.
_OF_PERSON = " UNION ".join(
    f"""
    SELECT {_COLUMNS} FROM contact_history
    WHERE {VISIBLE} AND {column} {{{among}}}
    """
    for column, among in (("customer", "codes"), ("email_norm", "addresses"))
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Customer codes and addresses that belong together."""

    customers: tuple[str, ...]
    addresses: tuple[str, ...]

    def bound(self, tx: Transaction) -> dict[str, object]:
        """Return the lists as the searches bind them: `codes` and `addresses`."""
        return {"codes": tx.list_of(self.customers), "addresses": tx.list_of(self.addresses)}


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """What happened between the tenant and a person, on a day; a dry run contacts nobody."""

    event_key: str
    customer: str | None
    email_norm: str | None
    contact_date: date
    status: str
    channel: str | None
    campaign: str | None


def find_person(tx: Transaction, term: str) -> Person:
    """Return whom an address (in any case) or a customer code means, with what is known of both.

    A code brings the address of its customer, an address the customers who have it now. Only
    whole addresses and codes are found: for beginnings there is `core.store.beginnings`.
    """
    if "@" in term:
        address = normalise_address(term)
        rows = _customers(tx, "email_norm", address)
        return Person(customers=tuple(row["customer"] for row in rows), addresses=(address,))
    code = term.strip()
    rows = _customers(tx, "customer", code)
    addresses = tuple(row["email_norm"] for row in rows if row["email_norm"])
    return Person(customers=(code,), addresses=addresses)


def _customers(tx: Transaction, column: str, value: str) -> list[dict[str, Any]]:
    return tx.rows(
        f"SELECT customer, email_norm FROM customer WHERE {VISIBLE} AND {column} = :value",
        head=head_of(tx),
        value=value,
    )


def load_contacts(tx: Transaction, person: Person, *, limit: int, offset: int) -> list[ContactRow]:
    """Return a page of what happened with a person, the newest first."""
    rows = tx.rows(
        f"""
        SELECT {_COLUMNS} FROM ({_found(tx)}) AS found
        ORDER BY contact_date DESC, event_key LIMIT :limit OFFSET :offset
        """,
        head=head_of(tx),
        limit=limit,
        offset=offset,
        **person.bound(tx),
    )
    return [_contact(row) for row in rows]


def count_contacts(tx: Transaction, person: Person) -> int:
    """Return how many events a person has."""
    sql = f"SELECT count(*) FROM ({_found(tx)}) AS found"
    return int(tx.scalar(sql, head=head_of(tx), **person.bound(tx)))


def _found(tx: Transaction) -> str:
    return _OF_PERSON.format(codes=tx.among("codes"), addresses=tx.among("addresses"))


def _contact(row: Mapping[str, Any]) -> ContactRow:
    day = as_date(row["contact_date"])
    assert day is not None
    return ContactRow(**{**row, "contact_date": day})
