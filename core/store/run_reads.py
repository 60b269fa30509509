"""What pages read of finished runs: one page of customers, or one customer whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.contracts import AROMA_FIELDS
from core.store.dataset import VISIBLE, head_of
from core.store.run_outputs import RunAt, bytewise, counts
from core.store.tenant import Transaction, as_date

Row = dict[str, Any]

_VERDICT_COLUMNS = """
    next_action_output.customer,
    person.name,
    person.first_name,
    person.last_name,
    next_action_output.eligible,
    next_action_output.gate_export,
    next_action_output.reason,
    next_action_output.scenario,
    next_action_output.audit_score,
    next_action_output.state,
    next_action_output.segment,
    next_action_output.value_cents
"""

_PERSON = f"""
LEFT JOIN (SELECT * FROM customer WHERE {VISIBLE}) AS person
    ON person.customer = next_action_output.customer
"""

_OF_RUN = (
    "next_action_output.tenant_id = :tenant AND next_action_output.run_id = :run_id"
    f" AND {counts('next_action_output')}"
)

# Not correlated: SQLite would walk all issues of the rule once for every customer.
_HAS_RULE = f"""
next_action_output.customer IN (
    SELECT audit_output.customer FROM audit_output
    WHERE audit_output.tenant_id = :tenant
        AND audit_output.run_id = :run_id
        AND audit_output.rule_code = :rule
        AND {counts("audit_output")}
        AND audit_output.severity <> 'INFO'
)
"""

# Rows of earlier schemas do not know what they list: the lists are probed, customer by customer.
# An index by product would double the time in which a run is stored.
_HOLDS_PRODUCT = f"""
CASE
    WHEN next_action_output.listed IS NOT NULL THEN
        replace(
            next_action_output.listed, '\x1f' || CAST(:product AS TEXT) || '\x1f', ''
        ) <> next_action_output.listed
    ELSE EXISTS (
        SELECT 1 FROM reco_output
        WHERE reco_output.tenant_id = :tenant
            AND reco_output.run_id = :run_id
            AND reco_output.customer = next_action_output.customer
            AND reco_output.product_key = :product
            AND {counts("reco_output")}
    )
END
"""

# The page is found in the index alone, and only then read: the pages before it are skipped there.
_PAGE = """
SELECT {columns}
FROM (
    SELECT next_action_output.customer
    FROM next_action_output
    WHERE {conditions}
    ORDER BY next_action_output.audit_score, {order}
    LIMIT :limit OFFSET :offset
) AS page
JOIN next_action_output ON next_action_output.customer = page.customer AND {of_run}
{person}
ORDER BY next_action_output.audit_score, {order}
"""

# As many rows as asked, evenly spread over the customers in bytewise order.
_SAMPLE = """
SELECT * FROM (
    SELECT
        {columns},
        row_number() OVER (ORDER BY {order}) AS place,
        count(*) OVER () AS customers
    FROM next_action_output
    {person}
    WHERE {of_run}
) AS numbered
WHERE place * :n / customers > (place - 1) * :n / customers
ORDER BY place
"""

_ITEMS = f"""
SELECT
    reco_output.rank,
    reco_output.product_key,
    article.name AS product_name,
    article.family,
    article.price_cents,
    reco_output.scenario,
    reco_output.score,
    reco_output.explain_short,
    reco_output.reasons_json
FROM reco_output
LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS article
    ON article.product_key = reco_output.product_key
WHERE reco_output.tenant_id = :tenant
    AND reco_output.run_id = :run_id
    AND reco_output.customer = :customer
    AND {counts("reco_output")}
ORDER BY reco_output.rank
"""

_ISSUES = f"""
SELECT
    audit_output.severity,
    audit_output.rule_code,
    audit_output.product_key,
    article.name AS product_name,
    audit_output.details_json
FROM audit_output
LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS article
    ON article.product_key = audit_output.product_key
WHERE audit_output.tenant_id = :tenant
    AND audit_output.run_id = :run_id
    AND audit_output.customer = :customer
    AND {counts("audit_output")}
ORDER BY audit_output.issue_no
"""

_PURCHASES = f"""
SELECT
    month,
    family,
    count(DISTINCT document_id) AS documents,
    CAST(sum(quantity_milli) AS BIGINT) AS quantity_milli,
    CAST(sum(amount_cents) AS BIGINT) AS amount_cents
FROM (
    SELECT
        substr(CAST(sale_line.sale_date AS TEXT), 1, 7) AS month,
        article.family,
        sale_line.document_id,
        sale_line.quantity_milli,
        sale_line.amount_cents
    FROM (
        SELECT * FROM sale_line
        WHERE {VISIBLE}
            AND customer = :customer
            AND sale_date <= :as_of
            AND coalesce(document_status, 'valid') <> 'cancelled'
    ) AS sale_line
    LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS article
        ON article.product_key = sale_line.product_key
) AS bought
GROUP BY month, family
"""

# Net of the returns that stand in the same document or not: amounts of a product add up.
_TASTED = f"""
SELECT
    sale_line.document_id,
    sale_line.sale_date,
    sale_line.product_key,
    CAST(sale_line.amount_cents AS BIGINT) AS amount_cents,
    article.family,
    article.grape,
    article.sweetness,
    {", ".join(f"article.{note}" for note in AROMA_FIELDS)}
FROM (
    SELECT * FROM sale_line
    WHERE {VISIBLE}
        AND customer = :customer
        AND sale_date <= :as_of
        AND coalesce(document_status, 'valid') <> 'cancelled'
        AND NOT coalesce(is_gift, FALSE)
) AS sale_line
LEFT JOIN (SELECT * FROM product WHERE {VISIBLE}) AS article
    ON article.product_key = sale_line.product_key
WHERE coalesce(article.is_recommendable, TRUE)
"""

_CONTACTS = """
SELECT contact_date, status, channel, campaign
FROM contact_history
WHERE {visible}
    AND contact_date <= :as_of
    AND (customer = :customer OR email_norm = :email_norm)
ORDER BY contact_date DESC, {event_key}
LIMIT :limit
"""


@dataclass(frozen=True, kw_only=True)
class VerdictFilter:
    """Which customers of a run; None leaves a condition out, bounds are inclusive.

    `product` keeps those whose list holds the product of this key.
    """

    rule: str | None = None
    reason: str | None = None
    score_from: int | None = None
    score_to: int | None = None
    product: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it lets everybody through."""
        return not any(value is not None for value in vars(self).values())

    def conditions(self) -> tuple[str, dict[str, object]]:
        """Return the SQL conditions and the values they bind."""
        conditions = {
            "rule": _HAS_RULE,
            "reason": "next_action_output.reason = :reason",
            "score_from": "next_action_output.audit_score >= :score_from",
            "score_to": "next_action_output.audit_score <= :score_to",
            "product": _HOLDS_PRODUCT,
        }
        values = {name: value for name, value in vars(self).items() if value is not None}
        return " AND ".join([_OF_RUN, *(conditions[name] for name in values)]), values


def load_lowest_scores(
    tx: Transaction, run: RunAt, wanted: VerdictFilter, *, limit: int, offset: int
) -> list[Row]:
    """Return a page of verdicts, the lowest audit score first, then by customer."""
    sql, values = page_sql(tx, wanted)
    return tx.rows(sql, **vars(run), head=head_of(tx), limit=limit, offset=offset, **values)


def page_sql(tx: Transaction, wanted: VerdictFilter) -> tuple[str, dict[str, object]]:
    """Return the SQL of a page of verdicts, and the values that `wanted` binds."""
    conditions, values = wanted.conditions()
    sql = _PAGE.format(
        columns=_VERDICT_COLUMNS,
        conditions=conditions,
        of_run=_OF_RUN,
        person=_PERSON,
        order=bytewise(tx, "next_action_output.customer"),
    )
    return sql, values


def count_verdicts(tx: Transaction, run: RunAt, wanted: VerdictFilter) -> int:
    """Return how many customers of the run meet `wanted`."""
    conditions, values = wanted.conditions()
    sql = f"SELECT count(*) FROM next_action_output WHERE {conditions}"
    return int(tx.scalar(sql, **vars(run), **values))


def load_sample(tx: Transaction, run: RunAt, n: int) -> list[Row]:
    """Return `n` verdicts of the run, evenly spread over its customers."""
    sql = _SAMPLE.format(
        columns=_VERDICT_COLUMNS,
        person=_PERSON,
        of_run=_OF_RUN,
        order=bytewise(tx, "next_action_output.customer"),
    )
    return tx.rows(sql, head=head_of(tx), n=n, **vars(run))


def load_rules(tx: Transaction, run: RunAt, customers: Sequence[str]) -> dict[str, list[str]]:
    """Return the rules that each of `customers` fails, repairs left out, in issue order."""
    found: dict[str, list[str]] = {customer: [] for customer in customers}
    names = {f"c{place}": customer for place, customer in enumerate(customers)}
    if not names:
        return found
    rows = tx.rows(
        "SELECT customer, rule_code FROM audit_output WHERE tenant_id = :tenant"
        f" AND run_id = :run_id AND {counts('audit_output')} AND severity <> 'INFO'"
        f" AND customer IN ({', '.join(f':{name}' for name in names)})"
        " ORDER BY issue_no",
        **vars(run),
        **names,
    )
    for row in rows:
        if row["rule_code"] not in found[row["customer"]]:
            found[row["customer"]].append(row["rule_code"])
    return found


def find_verdict(tx: Transaction, run: RunAt, customer: str) -> Row | None:
    """Return the verdict of one customer with her name and address, or None."""
    return tx.row(
        f"SELECT {_VERDICT_COLUMNS}, person.email, person.email_norm, person.language,"
        " person.customer_type"
        f" FROM next_action_output {_PERSON}"
        f" WHERE {_OF_RUN} AND next_action_output.customer = :customer",
        **vars(run),
        customer=customer,
        head=head_of(tx),
    )


def load_items(tx: Transaction, run: RunAt, customer: str) -> list[Row]:
    """Return the list of one customer with the products' names, by rank."""
    return tx.rows(_ITEMS, customer=customer, head=head_of(tx), **vars(run))


def load_issues(tx: Transaction, run: RunAt, customer: str) -> list[Row]:
    """Return the audit issues of one customer, repairs included."""
    return tx.rows(_ISSUES, customer=customer, head=head_of(tx), **vars(run))


def load_product_names(tx: Transaction, keys: Sequence[str]) -> dict[str, str]:
    """Return the names of those of `keys` that the catalogue has, unnamed ones by their key."""
    rows = tx.rows(
        f"SELECT product_key, name FROM product WHERE {VISIBLE} AND product_key {tx.among('keys')}",
        head=head_of(tx),
        keys=tx.list_of(keys),
    )
    return {row["product_key"]: row["name"] or row["product_key"] for row in rows}


def load_purchases(tx: Transaction, customer: str, as_of: object) -> list[Row]:
    """Return what one customer bought up to `as_of`, net of returns, by month and family."""
    rows = tx.rows(_PURCHASES, customer=customer, as_of=as_of, head=head_of(tx))
    return sorted(rows, key=_month_and_family)


def load_tasted(tx: Transaction, customer: str, as_of: object) -> list[Row]:
    """Return the lines of articles one customer bought for herself up to `as_of`, with traits.

    Rows are ordered by day, document and product.
    """
    rows = tx.rows(_TASTED, customer=customer, as_of=as_of, head=head_of(tx))
    dated = [{**row, "sale_date": as_date(row["sale_date"])} for row in rows]
    return sorted(
        dated, key=lambda row: (row["sale_date"], row["document_id"] or "", row["product_key"])
    )


def load_contacts(
    tx: Transaction, customer: str, email_norm: object, as_of: object, limit: int
) -> list[Row]:
    """Return the newest contact events of one customer or her address, up to `as_of`."""
    return tx.rows(
        _CONTACTS.format(visible=VISIBLE, event_key=bytewise(tx, "event_key")),
        customer=customer,
        email_norm=email_norm,
        as_of=as_of,
        limit=limit,
        head=head_of(tx),
    )


def _month_and_family(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["month"], row["family"] or ""
