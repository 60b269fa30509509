"""Figures of one file that show whether it is what it seems; the report keeps them.

The next file of the kind is compared with these, so that nothing of what is loaded has to be
read again for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, FileKind
from core.ingest.clean import ParsedFile
from core.ingest.mapping import ColumnMapping

JUMP_FACTOR = 10

# Where a misread decimal sign shows: the price of a product, the amount of a sale line.
_MONEY_FIELD = {FileKind.PRODUCTS: "price_cents", FileKind.SALES: "amount_cents"}
_UNIT_PRICE = {
    FileKind.PRODUCTS: "CASE WHEN price_cents > 0 THEN price_cents END",
    FileKind.SALES: """
        CASE WHEN amount_cents > 0 AND quantity_milli > 0
            THEN amount_cents * 1000 // quantity_milli END
    """,
}
_IDENTITIES = """
SELECT count(*), {median}, (SELECT count(*) FROM {p}_load WHERE action = 'new')
FROM {p}_history
"""
_JUMPS = """
SELECT count(*) FROM (
  SELECT abs(CAST(old AS BIGINT)) AS old, abs(CAST(new AS BIGINT)) AS new FROM {p}_changes
  WHERE field = '{field}' AND old IS NOT NULL AND new IS NOT NULL
)
WHERE old > 0 AND new > 0 AND greatest(old, new) >= {factor} * least(old, new)
"""


@dataclass(frozen=True, kw_only=True)
class FileFigures:
    """What a file amounts to, held and rejected rows left out.

    `identities` customers, products, sale lines or events, `known` of them there before;
    `median_cents` the median price of a product or unit price of a sale line; `jumps` the known
    identities whose price or amount the file changes by a factor of ten or more; `filled` the
    filled cells of each column read, over the `rows` that respect the contract.
    """

    identities: int
    known: int
    median_cents: int | None
    jumps: int
    rows: int
    filled: Mapping[str, int]


def compute_figures(
    con: DuckDBPyConnection, parsed: ParsedFile, mapping: ColumnMapping
) -> FileFigures:
    """Return the figures of a compared file, from its tables."""
    unit_price = _UNIT_PRICE.get(parsed.kind)
    median = f"quantile_disc({unit_price}, 0.5)" if unit_price else "CAST(NULL AS BIGINT)"
    identities, cents, new = _row(con, _IDENTITIES.format(p=parsed.prefix, median=median))
    rows, filled = _count_filled(con, parsed, mapping)
    return FileFigures(
        identities=identities,
        known=identities - new,
        median_cents=cents,
        jumps=_count_jumps(con, parsed),
        rows=rows,
        filled=filled,
    )


def _count_jumps(con: DuckDBPyConnection, parsed: ParsedFile) -> int:
    field = _MONEY_FIELD.get(parsed.kind)
    if field is None:
        return 0
    query = _JUMPS.format(p=parsed.prefix, field=field, factor=JUMP_FACTOR)
    return int(_row(con, query)[0])


def _count_filled(
    con: DuckDBPyConnection, parsed: ParsedFile, mapping: ColumnMapping
) -> tuple[int, dict[str, int]]:
    read = [
        c for c in COLUMNS[parsed.kind] if c.name in mapping.columns or c.name in mapping.derive
    ]
    counts = ", ".join(f"count({column.field})" for column in read)
    rows, *filled = _row(con, f"SELECT count(*), {counts} FROM {parsed.prefix}_rows")
    return rows, {column.name: cells for column, cells in zip(read, filled, strict=True)}


def _row(con: DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = con.execute(query).fetchone()
    assert found is not None
    return found
