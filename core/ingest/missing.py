"""Products and customers that the sales name and nobody has imported: created on request.

`{p}_new_products` (product_key, name, is_recommendable) and `{p}_new_customers` (customer,
country), in bytewise order; empty when the mapping does not ask for them. `{p}_told_products` and
`{p}_told_customers` are what the file tells of all that it names, known ones with.
"""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.holds import Known, known_keys
from core.ingest.mapping import ColumnMapping
from core.ingest.product_rules import split_rules

# The most frequent text wins, of equally frequent ones the bytewise smallest.
_TOLD = """
CREATE OR REPLACE TABLE {p}_told_{what} AS
WITH told AS (
  SELECT {key}, {text} AS told, count(*) AS times FROM {p}_rows
  WHERE {key} IS NOT NULL AND {wanted}
    AND record NOT IN (SELECT record FROM {p}_issues WHERE rejects)
  GROUP BY ALL
),
ranked AS (
  SELECT {key}, told, row_number() OVER (
    PARTITION BY {key} ORDER BY told IS NULL, times DESC, told) AS place FROM told
)
SELECT {key}, {columns} FROM ranked WHERE place = 1 ORDER BY {key}
"""
_NEW = """
CREATE OR REPLACE TABLE {p}_new_{what} AS
SELECT * {replaced} FROM {p}_told_{what}
WHERE {key} NOT IN (SELECT {key} FROM {known}) ORDER BY {key}
"""
_CONTRADICTED = """
CREATE OR REPLACE TABLE {p}_contradicted AS
SELECT told.* FROM {p}_told_{what} AS told JOIN {state} AS state USING ({key}) WHERE {differs}
"""
# Of each cell the newest version that fills it.
_RETOLD = """
CREATE OR REPLACE TABLE {p}_retold_{what} AS
WITH newest AS (
  SELECT {key}, {newest} FROM (
    SELECT {key}, {fields}, strftime(exported_at, '%Y%m%d%H%M%S%f') || sha256 AS version FROM {said}
    UNION ALL
    SELECT {key}, {fields}, ? FROM {p}_contradicted
  )
  GROUP BY {key}
)
SELECT state.* REPLACE ({replaced}) FROM {state} AS state JOIN newest AS told USING ({key})
WHERE {differs} ORDER BY {key}
"""
# What that changes, cell by cell, in the shape of `{p}_changes`.
_RETOLD_CHANGES = """
SELECT {key} AS identity, '{field}' AS field, CAST(state.{field} AS VARCHAR) AS old,
  CAST(told.{field} AS VARCHAR) AS new
FROM {p}_retold_{what} AS told JOIN {state} AS state USING ({key})
WHERE told.{field} IS DISTINCT FROM state.{field}
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
        columns="told AS name, "
        "NOT list_contains(?::VARCHAR[], product_key) "
        "AND NOT list_bool_or(list_transform(?::VARCHAR[], "
        "lambda rule: regexp_full_match(product_key, rule))) AS is_recommendable",
        bound=split_rules(mapping.not_recommendable),
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


def find_contradicted(
    con: DuckDBPyConnection, prefix: str, what: str, key: str, fields: Sequence[str], state: str
) -> bool:
    """Create `{p}_contradicted`: what the file tells otherwise than `state`; say if there is any.

    `what` is `products` or `customers`, `fields` the columns told of them beside the `key`.
    """
    names = {"p": prefix, "what": what, "key": key, "state": state}
    con.execute(_CONTRADICTED.format(**names, differs=_differs(fields)))
    return con.execute(f"FROM {prefix}_contradicted LIMIT 1").fetchone() is not None


def find_retold(
    con: DuckDBPyConnection,
    prefix: str,
    what: str,
    key: str,
    fields: Sequence[str],
    *,
    state: str,
    said: str,
    version: str,
) -> None:
    """Create `{p}_retold_{what}`: the rows of `state` that `{p}_contradicted` changes, as changed.

    `{p}_retold_{what}_changes` (identity, field, old, new) says which cells that are. `said` has
    every version of them with `exported_at` and `sha256`; `version` is that of the file as text
    that sorts as these do.
    """
    con.execute(
        _RETOLD.format(
            p=prefix,
            what=what,
            key=key,
            fields=", ".join(fields),
            newest=", ".join(f"arg_max({field}, version) AS {field}" for field in fields),
            replaced=", ".join(f"coalesce(told.{f}, state.{f}) AS {f}" for f in fields),
            differs=_differs(fields),
            state=state,
            said=said,
        ),
        [version],
    )
    names = {"p": prefix, "what": what, "key": key, "state": state}
    changes = " UNION ALL ".join(_RETOLD_CHANGES.format(**names, field=field) for field in fields)
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_retold_{what}_changes AS {changes}"
        " ORDER BY identity, field"
    )


def _differs(fields: Sequence[str]) -> str:
    return " OR ".join(
        f"(told.{field} IS NOT NULL AND told.{field} IS DISTINCT FROM state.{field})"
        for field in fields
    )


def _told(asked: object, what: str, field: str, otherwise: str) -> str:
    fields = asked.get(what, {}) if isinstance(asked, dict) else {}
    return f"extra_{what}_{field}" if field in fields else otherwise


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
        _TOLD.format(p=prefix, what=what, key=key, text=text, wanted=wanted, columns=columns), bound
    )
    replaced = "REPLACE (coalesce(name, product_key) AS name)" if what == "products" else ""
    there = known_keys(con, prefix, known, key)
    con.execute(_NEW.format(p=prefix, what=what, key=key, replaced=replaced, known=there))
