"""Product labels: sale lines that name a product by its text only.

A label is known when it is the name of exactly one product, or was decided at the alias desk.
"""

import unicodedata

from duckdb import DuckDBPyConnection

from core.ingest.identity import LINE_KEY

_UNNAMED = """
SELECT DISTINCT product_label FROM {p}_rows
WHERE product_key IS NULL AND product_label IS NOT NULL ORDER BY product_label
"""
_KNOWN = """
CREATE OR REPLACE TABLE {table} AS
WITH named AS (
  SELECT n.label_norm, min(p.product_key) AS product_key
  FROM {products} AS p JOIN {table}_norms AS n ON p.name = n.label
  GROUP BY n.label_norm HAVING count(DISTINCT p.product_key) = 1
)
SELECT * FROM {decided}
UNION ALL BY NAME
SELECT * FROM named WHERE label_norm NOT IN (SELECT label_norm FROM {decided})
ORDER BY label_norm
"""


def normalise_label(label: str) -> str:
    """Return the comparison form of a product label: no case, accents or punctuation.

    >>> normalise_label("Riesling  Vieilles-Vignes, 2021 ")
    'riesling vieilles vignes 2021'
    """
    plain = unicodedata.normalize("NFKD", label.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())


def build_labels(
    con: DuckDBPyConnection, table: str, products: str, decided: str | None = None
) -> None:
    """Create `table` (label_norm, product_key), what `fold_file` takes as `labels`.

    `products` has (product_key, name); `decided` (label_norm, product_key) goes before it.
    A name that two products share is no label.
    """
    names = con.execute(f"SELECT DISTINCT name FROM {products} WHERE name <> ''").fetchall()
    _store_norms(con, f"{table}_norms", [row[0] for row in names])
    empty = "(SELECT NULL::VARCHAR AS label_norm, NULL::VARCHAR AS product_key WHERE false)"
    con.execute(_KNOWN.format(table=table, products=products, decided=decided or empty))
    con.execute(f"DROP TABLE {table}_norms")


def resolve_labels(con: DuckDBPyConnection, prefix: str, labels: str | None) -> None:
    """Give the product of its label to every line of `{prefix}_rows` that has no key.

    Leaves `{prefix}_label_norms` (label, label_norm) of the labels without key.
    """
    texts = [row[0] for row in con.execute(_UNNAMED.format(p=prefix)).fetchall()]
    _store_norms(con, f"{prefix}_label_norms", texts)
    if labels is None or not texts:
        return
    con.execute(
        f"UPDATE {prefix}_rows AS r SET product_key = k.product_key "
        f"FROM {prefix}_label_norms AS n JOIN {labels} AS k USING (label_norm) "
        "WHERE r.product_key IS NULL AND r.product_label = n.label"
    )
    con.execute(f"UPDATE {prefix}_rows SET line_key = {LINE_KEY} WHERE line_no IS NULL")


def _store_norms(con: DuckDBPyConnection, table: str, texts: list[str]) -> None:
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS "
        "SELECT unnest(?::VARCHAR[]) AS label, unnest(?::VARCHAR[]) AS label_norm",
        [texts, [normalise_label(text) for text in texts]],
    )
