"""Facts about customers at an as-of date.

Sums over one customer's lines come from `core.reco.aggregates`; what compares customers (RFM,
states, segments) is DuckDB SQL over them.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.policy import CustomerState, Policy
from core.reco.aggregates import Aggregates, aggregate
from core.reco.catalogue import build_product_facts, read_product_arrays
from core.reco.history import History, Tickets
from core.reco.lines import day_number, read_lines
from core.reco.segments import segment_case
from core.reco.tables import (
    Int32Array,
    create_table,
    create_table_from_arrays,
    fetch_columns,
    offsets_of,
)

# Tickets without a customer; what was fully taken back is not bought.
TICKET_ITEMS = """
SELECT
    (dense_rank() OVER (ORDER BY document) - 1)::INTEGER AS ticket,
    chain_no AS item,
    day
FROM (
    SELECT
        hash(document_id) AS document,
        product_numbers.chain_no,
        (max(sale_date) - DATE '1970-01-01')::INTEGER AS day
    FROM sale_lines
    JOIN product_numbers USING (product_key)
    LEFT JOIN product_facts USING (product_no)
    WHERE customer IS NULL
        AND coalesce(is_article, TRUE)
        AND sale_date <= $as_of
        AND coalesce(document_status, 'valid') <> 'cancelled'
    GROUP BY document, product_numbers.chain_no
    HAVING sum(quantity_milli) > 0
)
ORDER BY ticket, item
"""

# Revenue is what was paid less what was paid back, each on its day.
PURCHASE_TOTALS = """
WITH undone AS (
    SELECT customer_no, sum(amount_cents)::BIGINT AS amount_cents
    FROM undone_lines
    WHERE day > $rfm_start
    GROUP BY customer_no
)
SELECT
    totals.* EXCLUDE (revenue_cents, usual_gap_days),
    DATE '1970-01-01' + first_day AS first_date,
    DATE '1970-01-01' + last_day AS last_date,
    $as_of::DATE - (DATE '1970-01-01' + last_day) AS recency_days,
    CASE WHEN gaps >= 2 THEN usual_gap_days END AS usual_gap_days,
    revenue_cents + coalesce(undone.amount_cents, 0) AS monetary_cents,
    CASE
        WHEN paid_volume > 0
            THEN ((1500000::HUGEINT * paid_cents + paid_volume) // (2 * paid_volume))::BIGINT
    END AS paid75_cents
FROM customer_totals AS totals
LEFT JOIN undone USING (customer_no)
WHERE documents > 0
"""

CUSTOMER_FAMILIES = """
SELECT
    customer_no,
    family_no,
    volume,
    sweet_volume,
    CASE
        WHEN paid_volume > 0
            THEN ((1500000::HUGEINT * paid_cents + paid_volume) // (2 * paid_volume))::BIGINT
    END AS paid75_cents
FROM family_sums
"""

# rank() - 1 counts the customers strictly worse, so equal values get equal scores.
RFM_SCORES = """
SELECT
    *,
    1 + 5 * (rank() OVER (ORDER BY recency_days DESC) - 1) // count(*) OVER () AS r,
    1 + 5 * (rank() OVER (ORDER BY frequency) - 1) // count(*) OVER () AS f,
    1 + 5 * (rank() OVER (ORDER BY monetary_cents) - 1) // count(*) OVER () AS m
FROM purchase_totals
"""

CUSTOMER_FACTS = f"""
SELECT
    customer,
    customer_no,
    CASE
        WHEN rfm.customer_no IS NULL THEN '{CustomerState.PROSPECT}'
        WHEN documents = 1 AND recency_days <= $new_days THEN '{CustomerState.NEW}'
        WHEN recency_days > $lost_days THEN '{CustomerState.LOST}'
        WHEN recency_days
            > greatest($winback_days, $gap_factor * coalesce(usual_gap_days, 0))
            THEN '{CustomerState.LAPSED}'
        ELSE '{CustomerState.ACTIVE}'
    END AS state,
    {segment_case()} AS segment,
    coalesce(customers.customer_type = 'trade', FALSE) AS is_trade,
    customers.language,
    coalesce(documents, 0) AS documents,
    first_date,
    date_trunc('month', first_date)::DATE AS cohort,
    last_date,
    recency_days,
    usual_gap_days,
    coalesce(frequency, 0) AS frequency,
    coalesce(monetary_cents, 0) AS monetary_cents,
    r,
    f,
    m,
    paid75_cents
FROM customer_numbers
JOIN customers USING (customer)
LEFT JOIN rfm_scores AS rfm USING (customer_no)
ORDER BY customer_no
"""

CUT_POINTS = """
SELECT {score} AS score, min({value}), max({value}), count(*)
FROM rfm_scores
GROUP BY score
ORDER BY score
"""


@dataclass(frozen=True, kw_only=True)
class CutPoint:
    """The least and the greatest value that get one RFM score, and how many customers do."""

    score: int
    least: int
    greatest: int
    customers: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the recommender learns from, beside the tables of `build_facts`.

    `sums` holds what customers bought and paid, `tickets` what anonymous buyers bought;
    `chain_of_product` gives the chain of each product number.
    """

    sums: Aggregates
    tickets: Tickets
    chain_of_product: Int32Array

    @property
    def history(self) -> History:
        """Return what customers bought for themselves."""
        return self.sums.history


def build_facts(con: DuckDBPyConnection, as_of: date, policy: Policy) -> Facts:
    """Create the tables of facts as known at the end of `as_of`; return the purchases.

    `product_facts`, `customer_facts`, and by numbers `customer_products`, `customer_families`
    and `customer_sweetness`. Later and cancelled lines count for nothing; anonymous lines never
    for a person. Money is in cents, volume in thousandths x millilitres, prices per 75 cl.
    """
    lines = read_lines(con, as_of)
    build_product_facts(con)
    rfm_start = _months_before(con, as_of, policy.rfm_months)
    products = read_product_arrays(con)
    sums = aggregate(lines, products, day_number(rfm_start))
    _store_sums(con, sums)
    create_table(
        con, "purchase_totals", PURCHASE_TOTALS, as_of=as_of, rfm_start=day_number(rfm_start)
    )
    create_table(con, "rfm_scores", RFM_SCORES)
    create_table(
        con,
        "customer_facts",
        CUSTOMER_FACTS,
        new_days=policy.new_days,
        lost_days=policy.lost_days,
        winback_days=policy.winback_days,
        gap_factor=policy.usual_gap_factor,
    )
    return Facts(sums=sums, tickets=_read_tickets(con, as_of), chain_of_product=products.chain)


def rfm_cut_points(con: DuckDBPyConnection) -> dict[str, list[CutPoint]]:
    """Return the cut points of `r` (days of recency), `f` (documents) and `m` (cents)."""
    values = {"r": "recency_days", "f": "frequency", "m": "monetary_cents"}
    return {
        score: [
            CutPoint(score=row[0], least=row[1], greatest=row[2], customers=row[3])
            for row in con.execute(CUT_POINTS.format(score=score, value=value)).fetchall()
        ]
        for score, value in values.items()
    }


def _store_sums(con: DuckDBPyConnection, sums: Aggregates) -> None:
    customers = np.arange(len(sums.totals["documents"]), dtype=np.int32)
    create_table_from_arrays(con, "customer_totals", {"customer_no": customers, **sums.totals})
    last_date = pa.array(sums.products["last_day"]).view(pa.date32())
    bought = {name: sums.products[name] for name in ("customer_no", "product_no")}
    create_table_from_arrays(con, "customer_products", {**bought, "last_date": last_date})
    create_table_from_arrays(con, "family_sums", sums.families)
    create_table(con, "customer_families", CUSTOMER_FAMILIES)
    create_table_from_arrays(con, "customer_sweetness", sums.sweetness)


def _read_tickets(con: DuckDBPyConnection, as_of: date) -> Tickets:
    found = fetch_columns(con, TICKET_ITEMS, as_of=as_of)
    tickets = int(found["ticket"].max(initial=-1)) + 1
    offsets = offsets_of(found["ticket"], tickets)
    return Tickets(offsets=offsets, item=found["item"], day=found["day"])


def _months_before(con: DuckDBPyConnection, as_of: date, months: int) -> date:
    [(start,)] = con.execute(
        "SELECT ($as_of::DATE - to_months($months::INTEGER))::DATE",
        {"as_of": as_of, "months": months},
    ).fetchall()
    assert isinstance(start, date)
    return start
