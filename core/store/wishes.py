"""Contact events and suppressions that come without a file: by a link, by a webhook.

They stand outside the versions of imports: visible at every head, and no undo takes them away.
Each is entered once under a key that says what it is.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from core.store.dataset import VISIBLE, head_of
from core.store.tenant import Transaction

CHANNEL = "email"


@dataclass(frozen=True, kw_only=True)
class ContactEvent:
    """What happened between the tenant and an address."""

    event_key: str
    customer: str | None
    email_norm: str
    contact_date: date
    status: str
    campaign: str | None = None


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A person and an address that must not be written to; `source` says who told."""

    suppression_id: str
    customer: str | None
    email_norm: str
    reason: str
    source: str
    since: date


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """A customer whom an address leads to, with the language of her record."""

    customer: str
    language: str | None


def store_contact_event(tx: Transaction, event: ContactEvent) -> bool:
    """Enter a contact event; return False when it is known already."""
    return bool(
        tx.execute(
            """
            INSERT INTO contact_history (
                tenant_id, event_key, from_seq, file_id, customer, email_norm, contact_date, status,
                channel, campaign
            )
            VALUES (
                :tenant, :event_key, 0, 0, :customer, :email_norm, :contact_date, :status,
                :channel, :campaign
            )
            ON CONFLICT DO NOTHING
            """,
            **asdict(event),
            channel=CHANNEL,
        )
    )


def store_suppression(tx: Transaction, suppression: Suppression) -> bool:
    """Enter a suppression; return False when it is known already, in force or lifted."""
    return bool(
        tx.execute(
            """
            INSERT INTO suppression (
                tenant_id, suppression_id, customer, email_norm, reason, source, since
            )
            VALUES (
                :tenant, :suppression_id, :customer, :email_norm, :reason, :source, :since
            )
            ON CONFLICT DO NOTHING
            """,
            **asdict(suppression),
        )
    )


def is_bounced(tx: Transaction, email_norm: str) -> bool:
    """Tell whether an address was suppressed because it bounces, in force or lifted."""
    found = tx.scalar(
        """
        SELECT 1 FROM suppression
        WHERE tenant_id = :tenant AND email_norm = :email_norm AND reason = 'hard_bounce'
        LIMIT 1
        """,
        email_norm=email_norm,
    )
    return found is not None


def close_lifted(tx: Transaction, source: str, addresses: Sequence[str]) -> None:
    """Let what a source tells next of these addresses be new, where its last word was lifted.

    Of suppressions entered under `<source>:<address>:<customer>`.
    """
    tx.execute(
        f"""
        UPDATE suppression
        SET suppression_id = suppression_id || ':' || CAST(lifted_at AS TEXT)
        WHERE tenant_id = :tenant AND email_norm {tx.among("addresses")}
            AND source = :source AND lifted_at IS NOT NULL
            AND suppression_id = source || ':' || email_norm || ':' || customer
        """,
        source=source,
        addresses=tx.list_of(addresses),
    )


def count_lifted(tx: Transaction, email_norm: str, source: str) -> int:
    """Return how often a suppression of this address and source was lifted."""
    found = tx.scalar(
        """
        SELECT count(DISTINCT lifted_at) FROM suppression
        WHERE tenant_id = :tenant AND email_norm = :email_norm AND source = :source
            AND lifted_at IS NOT NULL
        """,
        email_norm=email_norm,
        source=source,
    )
    return int(found or 0)


# Two searches by an index each: with OR between them SQLite goes through all of the tenant's.
_ADDRESSEES = f"""
SELECT customer, language, 0 AS place FROM customer
WHERE {VISIBLE} AND email_norm = :email_norm
UNION ALL
SELECT customer, language, 1 AS place FROM customer
WHERE {VISIBLE} AND coalesce(email_norm, '') <> :email_norm AND customer IN (
    SELECT customer FROM contact_history
    WHERE {VISIBLE} AND email_norm = :email_norm AND status = 'sent'
)
"""


def load_addressees(tx: Transaction, email_norm: str) -> Sequence[Addressee]:
    """Return the customers known under an address now, then those once written to there.

    The latter have another address by now, to which their wish follows them. Bytewise by code.
    """
    rows = tx.rows(_ADDRESSEES, head=head_of(tx), email_norm=email_norm)
    rows.sort(key=lambda row: (row["place"], row["customer"]))
    return [Addressee(customer=row["customer"], language=row["language"]) for row in rows]
