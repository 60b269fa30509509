"""What became of a campaign, as sums: its messages, and what its customers bought afterwards."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.store.dataset import head_of, visible_in
from core.store.run_outputs import RunAt, counts
from core.store.tenant import Transaction, as_date, as_moment

_FIRST_CLAIM = """
SELECT created_at FROM brevo_logs
WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND event = 'claimed'
ORDER BY log_no LIMIT 1
"""

_HELD_OUT = """
SELECT segment, count(*) AS customers FROM campaign_holdout
WHERE tenant_id = :tenant AND campaign_id = :campaign_id
GROUP BY segment
"""

# Once per delivery, however often it was told; from the index alone. Acceptance is not counted.
_EVENTS = """
SELECT kind, count(*) AS deliveries
FROM (
    SELECT DISTINCT
        delivery_no,
        CASE WHEN event IN ('unique_opened', 'proxy_open', 'unique_proxy_open')
            THEN 'opened' ELSE event END AS kind
    FROM brevo_event
    WHERE tenant_id = :tenant AND campaign_id = :campaign_id AND delivery_no IS NOT NULL
        AND event <> 'request'
) AS told
GROUP BY kind
"""

_COUNTED: Mapping[str, str] = {
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "click",
    "soft_bounced": "soft_bounce",
    "hard_bounced": "hard_bounce",
    "complained": "spam",
    "unsubscribed": "unsubscribed",
}
"""What is counted, and Brevo's name of it."""

# A link says whose it is and not of which message it is: one used within the window counts. With
# its mode a delivery is searched by its address: SQLite went through all that were sent for each.
_LEFT_BY_LINK = """
SELECT count(DISTINCT suppression.email_norm) FROM suppression
JOIN delivery
    ON delivery.tenant_id = suppression.tenant_id
    AND delivery.campaign_id = :campaign_id
    AND delivery.email_norm = suppression.email_norm
    AND delivery.mode = 'live'
    AND delivery.state = 'SENT'
WHERE suppression.tenant_id = :tenant AND suppression.source = 'unsubscribe_link'
    AND suppression.since BETWEEN :first_day AND :last_day
    AND NOT EXISTS (
        SELECT 1 FROM brevo_event
        WHERE brevo_event.tenant_id = :tenant AND brevo_event.campaign_id = :campaign_id
            AND brevo_event.delivery_no = delivery.delivery_no
            AND brevo_event.event = 'unsubscribed'
    )
"""

_OTHERWISE = """
SELECT count(DISTINCT held.customer) FROM campaign_holdout AS held
CROSS JOIN delivery
WHERE held.tenant_id = :tenant AND held.campaign_id = :campaign_id
    AND delivery.tenant_id = :tenant
    AND delivery.customer = held.customer
    AND delivery.mode = 'live'
    AND delivery.state = 'SENT'
    AND delivery.claimed_at >= :begin
    AND delivery.claimed_at < :until
"""

# A file is no proof of sales after the day its import was for.
_SALES_UNTIL = """
SELECT imports.as_of, max(import_file.exported_at) AS exported_at
FROM import_file
JOIN imports
    ON imports.tenant_id = import_file.tenant_id
    AND imports.import_id = import_file.import_id
    AND imports.status = 'loaded'
WHERE import_file.tenant_id = :tenant AND import_file.kind = 'sales' AND NOT import_file.left_out
GROUP BY imports.as_of
"""

_BOUGHT = """
WITH documents AS (
    SELECT sale_line.customer, sale_line.document_id, sum(quantity_milli) AS quantity_milli,
        sum(amount_cents) AS amount_cents
    FROM {people} AS people
    CROSS JOIN sale_line
    WHERE people.tenant_id = :tenant AND people.campaign_id = :campaign_id
        AND sale_line.tenant_id = :tenant
        AND sale_line.customer = people.customer
        AND sale_line.sale_date BETWEEN :first_day AND :last_day
        AND {visible}
        AND coalesce(sale_line.document_status, 'valid') <> 'cancelled'
        {among}
    GROUP BY sale_line.customer, sale_line.document_id
),
bought AS (
    SELECT
        customer,
        CASE WHEN sum(quantity_milli) > 0
            THEN sum(CASE WHEN quantity_milli > 0 THEN 1 ELSE 0 END) ELSE 0 END AS orders,
        CAST(sum(amount_cents) AS BIGINT) AS revenue
    FROM documents
    GROUP BY customer
)
"""

# Squares of amounts pass the integers of SQLite when they are added up: with an amount taken apart
# as high x 65536 + low, the three sums stay small and exact.
_SUMS = """
SELECT
    sum(CASE WHEN orders > 0 THEN 1 ELSE 0 END) AS buyers,
    sum(orders) AS orders,
    sum(orders * orders) AS orders_squared,
    sum(revenue) AS revenue,
    sum((revenue / 65536) * (revenue / 65536)) AS high_high,
    sum((revenue / 65536) * (revenue % 65536)) AS high_low,
    sum((revenue % 65536) * (revenue % 65536)) AS low_low
FROM bought
"""

_IN_SEGMENTS = f"""
AND EXISTS (
    SELECT 1 FROM next_action_output AS verdict
    WHERE verdict.tenant_id = :tenant AND verdict.run_id = :run_id
        AND verdict.customer = people.customer AND {counts("verdict")}
        AND verdict.segment {{segments}}
)
"""
TREATED, HELD_OUT = "delivery", "campaign_holdout"
"""The tables of the two sides."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The days whose purchases count."""

    first_day: date
    last_day: date


def first_claim(tx: Transaction, campaign_id: str) -> datetime | None:
    """Return when the first delivery of a campaign was claimed, None before."""
    return as_moment(tx.scalar(_FIRST_CLAIM, campaign_id=campaign_id))


def count_segments(tx: Transaction, campaign_id: str) -> dict[str, int]:
    """Return the number of a campaign's recipients of each segment, as frozen with it."""
    text = "audience_json" if tx.is_sqlite else "CAST(audience_json AS JSON)"
    found = tx.scalar(
        f"""
        SELECT CAST({text} -> 'segments' AS TEXT) FROM campaign
        WHERE tenant_id = :tenant AND campaign_id = :campaign_id
        """,
        campaign_id=campaign_id,
    )
    return dict(json.loads(found or "{}"))


def count_held_out(tx: Transaction, campaign_id: str) -> dict[str, int]:
    """Return the number of customers held out of each segment."""
    rows = tx.rows(_HELD_OUT, campaign_id=campaign_id)
    return {row["segment"]: int(row["customers"]) for row in rows}


def count_events(tx: Transaction, campaign_id: str) -> dict[str, int]:
    """Return of how many deliveries Brevo told `delivered`, `opened`, `clicked` and the others."""
    rows = tx.rows(_EVENTS, campaign_id=campaign_id)
    told = {row["kind"]: int(row["deliveries"]) for row in rows}
    return {name: told.get(event, 0) for name, event in _COUNTED.items()}


def count_left_by_link(tx: Transaction, campaign_id: str, window: Window) -> int:
    """Return how many addresses left by a link within the window, of whom Brevo told nothing."""
    return int(tx.scalar(_LEFT_BY_LINK, campaign_id=campaign_id, **vars(window)))


def count_written_otherwise(
    tx: Transaction, campaign_id: str, begin: datetime, until: datetime
) -> int:
    """Return how many of the held-out another campaign wrote to between two moments."""
    return int(tx.scalar(_OTHERWISE, campaign_id=campaign_id, begin=begin, until=until))


def sales_files(tx: Transaction) -> list[tuple[date, datetime]]:
    """Return as-of day and newest time of export of the loaded files of sales."""
    rows = tx.rows(_SALES_UNTIL)
    pairs = [(as_date(row["as_of"]), as_moment(row["exported_at"])) for row in rows]
    return [(day, moment) for day, moment in pairs if day is not None and moment is not None]


def sum_purchases(
    tx: Transaction,
    people: str,
    campaign_id: str,
    run: RunAt,
    window: Window,
    segments: Sequence[str] | None = None,
) -> dict[str, int]:
    """Return what one side (`TREATED` or `HELD_OUT`) bought in the window, in some segments or all.

    The sums are `buyers`, `orders`, `revenue` (net of returns, cents) and, over customers,
    `orders_squared` and `revenue_squared`. An order is a valid document of which something was
    kept; who gave everything back within the window is no buyer.
    """
    bought, values = _bought(tx, people, campaign_id, run, window, segments)
    row = tx.row(bought + _SUMS, **values) or {}
    sums = {name: int(value or 0) for name, value in row.items()}
    high_high, high_low, low_low = (sums.pop(n) for n in ("high_high", "high_low", "low_low"))
    squares = (high_high << 32) + (high_low << 17) + low_low
    return {**sums, "revenue_squared": squares}


def load_purchases(
    tx: Transaction,
    people: str,
    campaign_id: str,
    run: RunAt,
    window: Window,
    segments: Sequence[str] | None = None,
) -> list[tuple[str, int, int]]:
    """Return customer, orders and revenue of each of `sum_purchases` who has a document."""
    bought, values = _bought(tx, people, campaign_id, run, window, segments)
    rows = tx.rows(bought + "SELECT customer, orders, revenue FROM bought", **values)
    return sorted((row["customer"], int(row["orders"]), int(row["revenue"])) for row in rows)


def _bought(
    tx: Transaction,
    people: str,
    campaign_id: str,
    run: RunAt,
    window: Window,
    segments: Sequence[str] | None,
) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"campaign_id": campaign_id, "head": head_of(tx), **vars(window)}
    among = ""
    if segments is not None:
        among = _IN_SEGMENTS.format(segments=tx.among("segments"))
        values |= {"segments": tx.list_of(segments), **vars(run)}
    bought = _BOUGHT.format(people=people, visible=visible_in("sale_line"), among=among)
    return bought, values


def count_places(tx: Transaction, campaign_ids: Sequence[str]) -> dict[int, int]:
    """Return how many customers have each combination of places in some campaigns.

    A combination is a number to the base 3, whose digit k is 1 for a customer with a delivery of
    the k-th campaign, 2 for one held out of it, 0 for any other.
    """
    named = {f"c{k}": campaign_id for k, campaign_id in enumerate(campaign_ids)}
    places = " UNION ALL ".join(
        f"""
        SELECT customer, CASE campaign_id {_digits(named, digit)} END AS place FROM {people}
        WHERE tenant_id = :tenant AND campaign_id IN ({", ".join(f":{name}" for name in named)})
        """
        for people, digit in ((TREATED, 1), (HELD_OUT, 2))
    )
    rows = tx.rows(
        f"""
        SELECT places, count(*) AS customers
        FROM (
            SELECT sum(place) AS places FROM ({places}) AS placed GROUP BY customer
        ) AS combined
        GROUP BY places
        """,
        **named,
    )
    return {int(row["places"]): int(row["customers"]) for row in rows}


def _digits(named: Mapping[str, str], digit: int) -> str:
    return " ".join(f"WHEN :{name} THEN {digit * 3**k}" for k, name in enumerate(named))
