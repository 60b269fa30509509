"""Customers and addresses found by how they begin, each search by an index.

An index finds a beginning only where text is compared by its bytes. Postgres compares so with the
operators below, whatever the collation of the database; unlike LIKE and `lower` they are also let
into an index before row-level security has been asked, and know no wildcards.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from core.store.dataset import ENTERED, VISIBLE, head_of
from core.store.tenant import Transaction

_LAST = "\U0010ffff"  # no character comes after it, in bytes neither
_LETTERS = 4
"""So many letters of a code are looked up in either case; the rest is compared in what is found."""

_BY_CODE = f"""
SELECT customer, email_norm FROM customer
WHERE {VISIBLE} AND {{begins}} AND lower(substr(customer, :at, :length)) = lower(:rest)
ORDER BY customer {{bytewise}} LIMIT :limit
"""
_BY_ADDRESS = f"""
SELECT customer, email_norm FROM customer
WHERE {VISIBLE} AND {{begins}}
ORDER BY email_norm {{bytewise}} LIMIT :limit
"""
_TOLD = tuple(
    f"""
    SELECT DISTINCT email_norm FROM {table}
    WHERE {visible} AND {{begins}}
    ORDER BY email_norm {{bytewise}} LIMIT :limit
    """
    for table, visible in (("suppression", ENTERED), ("contact_history", VISIBLE))
)


@dataclass(frozen=True, kw_only=True, order=True)
class Known:
    """A customer with her address, or an address that no customer has now."""

    customer: str
    email_norm: str

    @property
    def term(self) -> str:
        """What finds the whole of it: the code, or the address."""
        return self.customer or self.email_norm


def find_beginnings(tx: Transaction, term: str, *, limit: int) -> list[Known]:
    """Return the first customers whose code or address begins with `term`, in any case.

    Addresses come after them that only a suppression or a contact event names.
    """
    values: dict[str, object] = {"limit": limit, "head": head_of(tx)}
    found = {_known(row) for row in _customers(tx, term, values)}
    addresses = {known.email_norm for known in found}
    others = {email for email in _addresses(tx, term, values) if email not in addresses}
    told = [Known(customer="", email_norm=email) for email in sorted(others)]
    return [*sorted(found), *told][:limit]


def _customers(tx: Transaction, term: str, values: dict[str, object]) -> Iterator[dict[str, Any]]:
    beginning = looked_up(term)
    rest = term[len(beginning) :]
    asked = {**values, "rest": rest, "at": len(beginning) + 1, "length": len(rest)}
    for spelling in spellings(beginning):
        yield from _begin(tx, _BY_CODE, "customer", spelling, asked)
    yield from _begin(tx, _BY_ADDRESS, "email_norm", term.lower(), values)


def _addresses(tx: Transaction, term: str, values: dict[str, object]) -> Iterator[str]:
    for sql in _TOLD:
        bound = values if ":head" in sql else {"limit": values["limit"]}
        for row in _begin(tx, sql, "email_norm", term.lower(), bound):
            yield row["email_norm"]


def _begin(
    tx: Transaction, sql: str, column: str, beginning: str, values: dict[str, object]
) -> list[dict[str, Any]]:
    order = "" if tx.is_sqlite else "USING ~<~"
    statement = sql.format(begins=begins(tx, column, "beginning", "end"), bytewise=order)
    return tx.rows(statement, beginning=beginning, end=end_of(beginning), **values)


def begins(tx: Transaction, column: str, beginning: str, end: str) -> str:
    """Return the condition that `column` begins with the value bound as `beginning`.

    `end` is bound to what `end_of` says of it.
    """
    at_least, below = (">=", "<") if tx.is_sqlite else ("~>=~", "~<~")
    return f"{column} {at_least} :{beginning} AND {column} {below} :{end}"


def end_of(beginning: str) -> str:
    """Return the text that comes after everything that begins so."""
    return beginning + _LAST


def looked_up(term: str) -> str:
    """Return `term` up to its last letter that is looked up in either case."""
    letters = [at for at, sign in enumerate(term) if _cases(sign) != (sign,)]
    return term[: letters[_LETTERS]] if len(letters) > _LETTERS else term


def spellings(beginning: str) -> list[str]:
    """Return the ways to write `beginning` with each letter in either case."""
    return ["".join(signs) for signs in product(*map(_cases, beginning))]


def _cases(sign: str) -> tuple[str, ...]:
    """Return a letter in both cases; what changes its length with its case is left as it is."""
    return tuple(sorted({sign, *(s for s in (sign.lower(), sign.upper()) if len(s) == 1)}))


def _known(row: dict[str, Any]) -> Known:
    return Known(customer=row["customer"], email_norm=row["email_norm"] or "")
