"""What the page Customers reads of a few customers, or of one: everything by her code."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from core.store.dataset import VISIBLE, head_of
from core.store.run_outputs import RunAt, counts
from core.store.tenant import Transaction

_PEOPLE = f"""
SELECT customer, name, first_name, last_name, email, email_norm, phone, postal_code, country,
    language, customer_type
FROM customer WHERE {VISIBLE} AND customer {{among}}
"""
_VERDICTS = f"""
SELECT customer, segment, state, eligible, gate_export, reason, audit_score, value_cents
FROM next_action_output
WHERE tenant_id = :tenant AND run_id = :run_id AND {counts("next_action_output")}
    AND customer {{among}}
"""
# What went back whole is not bought; a gift is, and so is what is no article.
_LAST_SALES = f"""
SELECT customer, max(last_sale) AS last_sale
FROM (
    SELECT customer, max(CASE WHEN quantity_milli > 0 THEN sale_date END) AS last_sale
    FROM (
        SELECT customer, product_key, sale_date, sum(quantity_milli) AS quantity_milli
        FROM sale_line
        WHERE {VISIBLE} AND customer {{among}} AND sale_date <= :as_of
            AND coalesce(document_status, 'valid') <> 'cancelled'
        GROUP BY customer, product_key, sale_date
    ) AS sold
    GROUP BY customer, product_key
    HAVING sum(quantity_milli) > 0
) AS bought
GROUP BY customer
"""
# Amounts and quantities of a day add up: what went back on that day is not bought.
_BOUGHT_DAYS = f"""
SELECT sale_line.product_key, article.name AS product_name, article.family, sale_line.sale_date,
    article.volume_ml, article.units_per_pack,
    CAST(sum(sale_line.quantity_milli) AS BIGINT) AS quantity_milli,
    CAST(sum(sale_line.amount_cents) AS BIGINT) AS amount_cents
FROM (
    SELECT * FROM sale_line
    WHERE {VISIBLE} AND customer = :customer AND sale_date <= :as_of
        AND coalesce(document_status, 'valid') <> 'cancelled' AND NOT coalesce(is_gift, FALSE)
) AS sale_line
LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS article
    ON article.product_key = sale_line.product_key
WHERE coalesce(article.is_recommendable, TRUE)
GROUP BY sale_line.product_key, article.name, article.family, sale_line.sale_date,
    article.volume_ml, article.units_per_pack
"""

Row = dict[str, Any]


def load_people(tx: Transaction, codes: Sequence[str]) -> dict[str, Row]:
    """Return name, addresses and kind of those of `codes` that have a record, by code."""
    sql = _PEOPLE.format(among=tx.among("codes"))
    rows = tx.rows(sql, head=head_of(tx), codes=tx.list_of(codes))
    return {row["customer"]: row for row in rows}


def load_verdicts(tx: Transaction, run: RunAt, codes: Sequence[str]) -> dict[str, Row]:
    """Return the verdicts of a run on those of `codes` that are in it, by code."""
    sql = _VERDICTS.format(among=tx.among("codes"))
    rows = tx.rows(sql, codes=tx.list_of(codes), **vars(run))
    return {row["customer"]: row for row in rows}


def load_last_sales(
    tx: Transaction, codes: Sequence[str], as_of: date = date.max
) -> dict[str, object]:
    """Return the day of the last purchase up to `as_of` of each of `codes` that has one."""
    sql = _LAST_SALES.format(among=tx.among("codes"))
    rows = tx.rows(sql, head=head_of(tx), codes=tx.list_of(codes), as_of=as_of)
    return {row["customer"]: row["last_sale"] for row in rows}


def load_bought_days(tx: Transaction, customer: str, as_of: object) -> list[Row]:
    """Return what one customer bought for herself up to `as_of`, summed by product and day.

    Quantities are thousandths, amounts cents; rows are ordered by product and day.
    """
    rows = tx.rows(_BOUGHT_DAYS, head=head_of(tx), customer=customer, as_of=as_of)
    return sorted(rows, key=lambda row: (row["product_key"], str(row["sale_date"])))
