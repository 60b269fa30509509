"""Deliveries under way: what was claimed, what became of it, and what may have been sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.store.deliveries import DELIVERY_COLUMNS, DeliveryRow, as_delivery
from core.store.tenant import Transaction, as_moment

# Two searches by an index each: with OR between them SQLite goes through all of the tenant's.
_POSSIBLE_SENDS = " UNION ".join(
    f"""
    SELECT customer, email_norm, claimed_at
    FROM delivery
    WHERE tenant_id = :tenant AND mode = 'live' AND state IN ('CLAIMED', 'UNCONFIRMED', 'REVIEW')
        AND {column} {{{among}}}
    """
    for column, among in (("customer", "codes"), ("email_norm", "addresses"))
)


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A claimed delivery with its key, its claim and the number of unclear tries with that key."""

    row: DeliveryRow
    key: str
    claimed_at: datetime
    unclear: int

    def tried_again(self) -> "Flight":
        """Return the flight of the next try with the same key."""
        return replace(self, unclear=self.unclear + 1)


@dataclass(frozen=True, kw_only=True)
class PossibleSend:
    """A live message of which nobody knows yet whether it was taken."""

    customer: str
    email_norm: str
    claimed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What becomes of a delivery, unless it went on under another key."""

    email_norm: str
    key: str
    after: str
    error_code: str | None = None
    proof: str | None = None
    message_id: str | None = None


def load_flights(tx: Transaction, campaign_id: str, *, state: str, limit: int) -> list[Flight]:
    """Return deliveries of a campaign that are in a state which has a key, in their order."""
    rows = tx.rows(
        f"""
        SELECT {DELIVERY_COLUMNS}, claimed_at, ambiguous
        FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = :state
        ORDER BY delivery_no LIMIT :limit
        """,
        campaign_id=campaign_id,
        state=state,
        limit=limit,
    )
    return [_flight(row) for row in rows]


def _flight(row: dict[str, object]) -> Flight:
    claimed_at, unclear = as_moment(row.pop("claimed_at")), row.pop("ambiguous")
    assert claimed_at is not None
    delivery = as_delivery(row)
    assert delivery.key is not None
    return Flight(row=delivery, key=delivery.key, claimed_at=claimed_at, unclear=int(str(unclear)))


def note_unclear(tx: Transaction, campaign_id: str, flight: Flight) -> bool:
    """Count a try of which nobody knows whether it was taken; False when it went on since."""
    return bool(
        tx.execute(
            """
            UPDATE delivery SET ambiguous = ambiguous + 1
            WHERE tenant_id = :tenant AND campaign_id = :campaign_id
                AND email_norm = :email_norm AND mode = 'live' AND state = 'CLAIMED' AND key = :key
            """,
            campaign_id=campaign_id,
            email_norm=flight.row.email_norm,
            key=flight.key,
        )
    )


def settle(
    tx: Transaction, campaign_id: str, settlement: Settlement, before: Sequence[str]
) -> bool:
    """Record what became of a delivery that is in one of the states `before`.

    Returns False, and changes nothing, when it is in none of them or has another key. That nothing
    was taken is said of a first try alone: where one is unclear, another sender has made it.
    """
    return bool(
        tx.execute(
            f"""
            UPDATE delivery
            SET state = :after, proof = :proof, error_code = :error_code, missed_at = NULL,
                message_id = coalesce(:message_id, message_id)
            WHERE tenant_id = :tenant AND campaign_id = :campaign_id
                AND email_norm = :email_norm AND mode = 'live' AND key = :key
                AND state {tx.among("before")}
                AND (ambiguous = 0 OR :after NOT IN ('PLANNED', 'FAILED'))
            """,
            campaign_id=campaign_id,
            before=tx.list_of(before),
            **vars(settlement),
        )
    )


def planned_addresses(
    tx: Transaction, campaign_id: str, addresses: Sequence[str]
) -> frozenset[str]:
    """Return which of the addresses have a delivery that is planned."""
    rows = tx.rows(
        f"""
        SELECT email_norm FROM delivery
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND state = 'PLANNED'
            AND email_norm {tx.among("addresses")}
        """,
        campaign_id=campaign_id,
        addresses=tx.list_of(list(addresses)),
    )
    return frozenset(row["email_norm"] for row in rows)


def load_possible_sends(
    tx: Transaction, customers: Sequence[str], addresses: Sequence[str]
) -> list[PossibleSend]:
    """Return the live messages to these people that may have been taken."""
    rows = tx.rows(
        _POSSIBLE_SENDS.format(codes=tx.among("codes"), addresses=tx.among("addresses")),
        codes=tx.list_of(customers),
        addresses=tx.list_of(addresses),
    )
    return [_possible_send(row) for row in rows]


def _possible_send(row: dict[str, object]) -> PossibleSend:
    claimed_at = as_moment(row["claimed_at"])
    assert claimed_at is not None
    return PossibleSend(
        customer=str(row["customer"]), email_norm=str(row["email_norm"]), claimed_at=claimed_at
    )
