"""Products and customers that the sales name and nobody has imported: created on request.

`{p}_new_products` (product_key, name, is_recommendable) and `{p}_new_customers` (customer,
country), in bytewise order; empty when the mapping does not ask for them.
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.holds import Known, known_keys
from core.ingest.mapping import ColumnMapping

# The most frequent text wins, of equally frequent ones the bytewise smallest.
_NEW = """
CREATE OR REPLACE TABLE {p}_new_{what} AS
WITH told AS (
  SELECT {key}, {text} AS told, count(*) AS times FROM {p}_rows
  WHERE {key} IS NOT NULL AND {wanted}
    AND {key} NOT IN (SELECT {key} FROM {known})
    AND record NOT IN (SELECT record FROM {p}_issues WHERE rejects)
  GROUP BY ALL
),
ranked AS (
  SELECT {key}, told, row_number() OVER (
    PARTITION BY {key} ORDER BY told IS NULL, times DESC, told) AS place FROM told
)
SELECT {key}, {columns} FROM ranked WHERE place = 1 ORDER BY {key}
"""


def find_missing(
    con: DuckDBPyConnection, parsed: ParsedFile, mapping: ColumnMapping, known: Known
) -> None:
    """Create the tables of new products and customers for a sales file."""
    if parsed.kind is not FileKind.SALES:
        return
    asked = mapping.create_missing
    _create(
        con,
        parsed.prefix,
        what="products",
        key="product_key",
        known=known.products,
        wanted="products" in asked,
        text=_told(asked, "products", "name", "product_label"),
        columns="coalesce(told, product_key) AS name, "
        "NOT list_contains(?::VARCHAR[], product_key) "
        "AND NOT list_bool_or(list_transform(?::VARCHAR[], "
        "lambda rule: regexp_full_match(product_key, rule))) AS is_recommendable",
        bound=_split_rules(mapping.not_recommendable),
    )
    _create(
        con,
        parsed.prefix,
        what="customers",
        key="customer",
        known=known.customers,
        wanted="customers" in asked,
        text=_told(asked, "customers", "country", "NULL::VARCHAR"),
        columns="told AS country",
        bound=[],
    )


def _told(asked: object, what: str, field: str, otherwise: str) -> str:
    fields = asked.get(what, {}) if isinstance(asked, dict) else {}
    return f"extra_{what}_{field}" if field in fields else otherwise


def _split_rules(rules: tuple[str, ...]) -> list[list[str]]:
    """Return the plain codes and the regular expressions (written between slashes)."""
    patterns = [r for r in rules if len(r) > 1 and r[0] == r[-1] == "/"]
    return [[r for r in rules if r not in patterns], [p[1:-1] for p in patterns]]


def _create(
    con: DuckDBPyConnection,
    prefix: str,
    *,
    what: str,
    key: str,
    known: str | None,
    wanted: bool,
    text: str,
    columns: str,
    bound: list[list[str]],
) -> None:
    con.execute(
        _NEW.format(
            p=prefix,
            what=what,
            key=key,
            text=text,
            wanted=wanted,
            columns=columns,
            known=known_keys(con, prefix, known, key),
        ),
        bound,
    )
