"""Whom an export or an erasure is about, as the database knows her: codes and addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.contracts import normalise_address
from core.store.dataset import VISIBLE, head_of
from core.store.needles import Needles
from core.store.tenant import Transaction

CUSTOMER, EMAIL = "customer", "email"
ERASED_MARK = "(erased)"
_SHORT = 3

_ADDRESSES = """
SELECT DISTINCT email_norm FROM customer
WHERE tenant_id = :tenant AND customer {codes} AND email_norm IS NOT NULL
"""
_SHARED = f"""
SELECT DISTINCT customer, email_norm FROM customer
WHERE {VISIBLE} AND email_norm {{addresses}}
"""
# A company may take the address for the code; then a record, a sale or a row that waits says so.
_CODES = f"""
SELECT customer FROM customer WHERE {VISIBLE} AND email_norm = :address
UNION SELECT customer FROM customer WHERE tenant_id = :tenant AND customer = :text
UNION SELECT customer FROM sale_line WHERE tenant_id = :tenant AND customer = :text
UNION SELECT {{row}} ->> 'customer' FROM held_row
WHERE tenant_id = :tenant AND {{row}} ->> 'customer' = :text
"""


@dataclass(frozen=True)
class Subject:
    """Customer codes, and addresses in their comparison form that are nobody else's."""

    customers: frozenset[str]
    addresses: frozenset[str]

    def bound(self, tx: Transaction) -> dict[str, object]:
        """Return the lists as searches bind them: `codes` and `addresses`."""
        return {
            "codes": tx.list_of(sorted(self.customers)),
            "addresses": tx.list_of(sorted(self.addresses)),
        }

    def is_named_by(self, cell: str) -> bool:
        """Tell whether a cell of a file is one of the codes or addresses."""
        text = cell.strip()
        return bool(text) and (
            text in self.customers
            or text.removeprefix("'") in self.customers
            or normalise_address(text.removeprefix("'")) in self.addresses
        )

    def removed_from(self, text: str) -> str:
        """Return a text without the addresses, nor the codes where they stand as words.

        A code of three characters or less is no word: it would be found in any text.
        """
        return ERASED_MARK if text in self.customers else self._words.sub(ERASED_MARK, text)

    def addresses_removed_from(self, text: str) -> str:
        """Return a text without the addresses."""
        return self._addresses.sub(ERASED_MARK, text)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        codes = [re.escape(code) for code in self.customers if len(code) > _SHORT]
        return _as_words([*codes, *self._folded])

    @cached_property
    def _addresses(self) -> re.Pattern[str]:
        return _as_words(self._folded)

    @property
    def _folded(self) -> list[str]:
        return [f"(?i:{re.escape(address)})" for address in self.addresses]

    @cached_property
    def needles(self) -> Needles:
        """What a file is looked through for before it is read cell by cell."""
        return Needles(self.customers | self.addresses)


def _as_words(parts: Sequence[str]) -> re.Pattern[str]:
    """An address is no part of a longer one, nor a code of another."""
    return re.compile(r"(?<![\w.@+-])(?:" + ("|".join(parts) or "(?!)") + r")(?![\w@-])")


def find_subject(tx: Transaction, term: str) -> Subject:
    """Return whom a whole customer code or address means.

    An address means everybody who has it now, or whose code it is. A code brings every address its
    record ever had, but for those that another customer has now: they stay hers.
    """
    text = term.strip()
    if "@" in text:
        address = normalise_address(text)
        sql = _CODES.format(row="row_json" if tx.is_sqlite else "CAST(row_json AS JSON)")
        rows = tx.rows(sql, head=head_of(tx), address=address, text=text)
        found = subject_of(tx, [row["customer"] for row in rows])
        return Subject(found.customers, found.addresses | {address})
    return subject_of(tx, [text] if text else [])


def subject_of(tx: Transaction, codes: Sequence[str]) -> Subject:
    """Return the subject of these customer codes."""
    among = tx.list_of(sorted(codes))
    rows = tx.rows(_ADDRESSES.format(codes=tx.among("codes")), codes=among)
    addresses = {row["email_norm"] for row in rows}
    shared = tx.rows(
        _SHARED.format(addresses=tx.among("addresses")),
        head=head_of(tx),
        addresses=tx.list_of(sorted(addresses)),
    )
    others = {row["email_norm"] for row in shared if row["customer"] not in set(codes)}
    return Subject(frozenset(codes), frozenset(addresses - others))
