"""Rows that wait: for a product, a label, a customer, or the sale they return.

`{p}_holds` (identity, code, subject) has one row per held identity, `{p}_held` one per row of
the file, `{p}_labels` one per unknown label.
"""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.identity import IDENTITY
from core.ingest.mapping import ColumnMapping

_NOTHING_HELD = """
SELECT CAST(NULL AS VARCHAR) AS identity, CAST(NULL AS VARCHAR) AS code,
  CAST(NULL AS VARCHAR) AS subject WHERE false
"""
_CONTACT_HOLDS = """
SELECT event_key AS identity, 'UNKNOWN_CUSTOMER' AS code, customer AS subject FROM {p}_folded
WHERE email_norm IS NULL AND customer NOT IN (SELECT customer FROM {customers})
"""
# A return needs a sale of the product to the customer, in its own document or not later than it.
# Few lines are unknown or returns: everything else is only looked at for their sales.
_SALE_HOLDS = """
WITH unknown AS (
  SELECT line_key, product_key, product_label, customer, CASE
    WHEN product_key IS NULL THEN 'UNKNOWN_LABEL'
    WHEN {unknown_product} THEN 'UNKNOWN_PRODUCT' ELSE 'UNKNOWN_CUSTOMER' END AS code
  FROM {p}_folded WHERE product_key IS NULL OR {unknown_product} OR {unknown_customer}
),
returned AS (
  SELECT line_key, product_key, customer, document_id, sale_date FROM {p}_folded
  WHERE quantity_milli < 0 AND customer IS NOT NULL
    AND document_status IS DISTINCT FROM 'cancelled'
    AND line_key NOT IN (SELECT line_key FROM unknown)
),
sold AS (
  SELECT customer, product_key, document_id, sale_date FROM {p}_folded
  WHERE {counts_as_sale} AND (customer, product_key) IN (
      SELECT (customer, product_key) FROM returned
    ) AND line_key NOT IN (SELECT line_key FROM unknown)
  UNION ALL
  SELECT customer, product_key, document_id, sale_date FROM {existing} WHERE {counts_as_sale}
  UNION ALL
  SELECT customer, product_key, document_id, sale_date FROM {sold}
),
first_sold AS (
  SELECT customer, product_key, min(sale_date) AS first_date FROM sold
  GROUP BY customer, product_key
)
SELECT line_key AS identity, code, CASE code WHEN 'UNKNOWN_LABEL' THEN product_label
  WHEN 'UNKNOWN_CUSTOMER' THEN customer ELSE product_key END AS subject
FROM unknown
UNION ALL
SELECT r.line_key, 'RETURN_WITHOUT_SALE', r.product_key
FROM returned AS r LEFT JOIN first_sold AS s USING (customer, product_key)
WHERE (s.first_date IS NULL OR s.first_date > r.sale_date)
  AND (r.customer, r.product_key, r.document_id)
    NOT IN (SELECT (customer, product_key, document_id) FROM sold)
"""
_UNKNOWN_PRODUCT = "product_key NOT IN (SELECT product_key FROM {products})"
_UNKNOWN_CUSTOMER = "customer IS NOT NULL AND customer NOT IN (SELECT customer FROM {customers})"
_COUNTS_AS_SALE = (
    "quantity_milli > 0 AND customer IS NOT NULL AND document_status IS DISTINCT FROM 'cancelled'"
)
_HELD = """
CREATE OR REPLACE TABLE {p}_held AS
SELECT r.record, r.line, h.code, h.subject, r.* EXCLUDE (record, line)
FROM {p}_rows AS r JOIN {p}_holds AS h ON r.{identity} = h.identity
WHERE r.record NOT IN (SELECT record FROM {p}_issues WHERE rejects) ORDER BY r.record
"""
_HOLD_ISSUES = """
INSERT INTO {p}_issues
SELECT record, line, CASE code WHEN 'UNKNOWN_LABEL' THEN 'product_label'
  WHEN 'UNKNOWN_CUSTOMER' THEN 'client_code' WHEN 'UNKNOWN_PRODUCT' THEN 'product_key'
  ELSE 'quantity' END, subject, code, false
FROM {p}_held ORDER BY record
"""
_LABELS = """
CREATE OR REPLACE TABLE {p}_labels AS
SELECT n.label_norm, min(n.label) AS label, count(*) AS lines,
  CAST(sum(h.amount_cents) AS BIGINT) AS amount_cents
FROM {p}_held AS h JOIN {p}_label_norms AS n ON h.product_label = n.label
WHERE h.code = 'UNKNOWN_LABEL' GROUP BY n.label_norm ORDER BY n.label_norm
"""


@dataclass(frozen=True, kw_only=True)
class Known:
    """Names of tables of what is there; None: nothing is.

    `existing` has the fields of the kind, its identity, `exported_at`, `sha256`, one row per
    identity; `versions` the same of every version of the identities in the file, for a file that
    arrives late; `products` (product_key); `customers` (customer); `sold` (customer, product_key,
    document_id, sale_date) sales that were said once and need not be in `existing`.
    """

    existing: str | None = None
    versions: str | None = None
    products: str | None = None
    customers: str | None = None
    sold: str | None = None


def known_table(prefix: str, what: str) -> str:
    """Return the name of the empty table that stands for what is not known."""
    return f"{prefix}_no_{what}"


def known_keys(con: DuckDBPyConnection, prefix: str, table: str | None, key: str) -> str:
    """Return `table`, or an empty table with the column `key` when it is None."""
    if table is not None:
        return table
    empty = known_table(prefix, key)
    con.execute(f"CREATE OR REPLACE TABLE {empty} ({key} VARCHAR)")
    return empty


def find_holds(
    con: DuckDBPyConnection, parsed: ParsedFile, mapping: ColumnMapping, known: Known
) -> None:
    """Create `{p}_holds`, `{p}_held`, `{p}_labels` and the issues of the held rows."""
    prefix = parsed.prefix
    if parsed.kind is FileKind.SALES:
        holds = _sale_holds(con, prefix, mapping, known)
    elif parsed.kind is FileKind.CONTACTS:
        customers = known_keys(con, prefix, known.customers, "customer")
        holds = _CONTACT_HOLDS.format(p=prefix, customers=customers)
    else:
        holds = _NOTHING_HELD
    con.execute(f"CREATE OR REPLACE TABLE {prefix}_holds AS {holds}")
    con.execute(_HELD.format(p=prefix, identity=IDENTITY[parsed.kind]))
    con.execute(_HOLD_ISSUES.format(p=prefix))
    if parsed.kind is FileKind.SALES:
        con.execute(_LABELS.format(p=prefix))


def _sale_holds(con: DuckDBPyConnection, prefix: str, mapping: ColumnMapping, known: Known) -> str:
    products = known_keys(con, prefix, known.products, "product_key")
    customers = known_keys(con, prefix, known.customers, "customer")
    created = mapping.create_missing
    return _SALE_HOLDS.format(
        p=prefix,
        unknown_product="false"
        if "products" in created
        else _UNKNOWN_PRODUCT.format(products=products),
        unknown_customer="false"
        if "customers" in created
        else _UNKNOWN_CUSTOMER.format(customers=customers),
        existing=known.existing or f"(FROM {prefix}_folded WHERE false)",
        sold=known.sold or f"(FROM {prefix}_folded WHERE false)",
        counts_as_sale=_COUNTS_AS_SALE,
    )
