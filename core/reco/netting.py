"""Purchases that stand: valid lines of known customers after their returns.

A return undoes sales of the same document first, then the newest earlier sale of that product to
that customer (PRODUCT.md, 'Fine print'). A sale that is undone in part keeps its price per unit.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.reco.tables import create_table, create_table_from_rows

VALID_LINES = """
SELECT
    sale_lines.customer,
    sale_lines.product_key,
    sale_lines.document_id,
    sale_lines.line_key,
    sale_lines.sale_date,
    sale_lines.quantity_milli,
    sale_lines.amount_cents,
    coalesce(sale_lines.is_gift, FALSE) AS is_gift
FROM sale_lines
SEMI JOIN customers USING (customer)
WHERE sale_lines.sale_date <= $as_of
    AND coalesce(sale_lines.document_status, 'valid') <> 'cancelled'
"""

RETURNED_PAIRS = """
SELECT DISTINCT customer, product_key FROM valid_lines WHERE quantity_milli < 0
"""

LINES_OF_RETURNED_PAIRS = """
SELECT customer, product_key, document_id, sale_date, quantity_milli, amount_cents, is_gift
FROM valid_lines
SEMI JOIN returned_pairs USING (customer, product_key)
WHERE quantity_milli <> 0
ORDER BY customer, product_key, sale_date, document_id, line_key, quantity_milli, amount_cents,
    is_gift
"""

NET_LINES = """
SELECT customer, product_key, document_id, sale_date, quantity_milli, amount_cents, is_gift
FROM valid_lines
ANTI JOIN returned_pairs USING (customer, product_key)
WHERE quantity_milli > 0
UNION ALL
SELECT * FROM netted_pairs
ORDER BY customer, product_key, sale_date, document_id, quantity_milli, amount_cents, is_gift
"""

NETTED_SCHEMA = pa.schema(
    {
        "customer": pa.string(),
        "product_key": pa.string(),
        "document_id": pa.string(),
        "sale_date": pa.date32(),
        "quantity_milli": pa.int64(),
        "amount_cents": pa.int64(),
        "is_gift": pa.bool_(),
    }
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a (customer, product) pair; `quantity_milli` below 0 is a return."""

    document_id: str
    sale_date: date
    quantity_milli: int
    amount_cents: int
    is_gift: bool = False


def build_net_lines(con: DuckDBPyConnection, as_of: date) -> None:
    """Create `valid_lines` (as sold and returned up to `as_of`) and `net_lines` (what stands).

    Only pairs with a return leave SQL: they are few, and newest-first matching is a loop.
    """
    create_table(con, "valid_lines", VALID_LINES, as_of=as_of)
    create_table(con, "returned_pairs", RETURNED_PAIRS)
    rows = con.execute(LINES_OF_RETURNED_PAIRS).fetchall()
    netted = [
        (*pair, *_values(line))
        for pair, group in groupby(rows, key=lambda row: row[:2])
        for line in net_returns([_line(row) for row in group])
    ]
    create_table_from_rows(con, "netted_pairs", NETTED_SCHEMA, netted)
    create_table(con, "net_lines", NET_LINES)


def net_returns(lines: Sequence[Line]) -> list[Line]:
    """Return the sales of one pair that stand; `lines` are in order of date, then document.

    A return without an earlier sale undoes nothing.

    >>> sale = Line(document_id="A", sale_date=date(2025, 1, 1), quantity_milli=6000,
    ...             amount_cents=6000)
    >>> back = Line(document_id="B", sale_date=date(2025, 1, 9), quantity_milli=-2000,
    ...             amount_cents=-2000)
    >>> [(line.quantity_milli, line.amount_cents) for line in net_returns([sale, back])]
    [(4000, 4000)]
    """
    left = [max(line.quantity_milli, 0) for line in lines]
    owed = [max(-line.quantity_milli, 0) for line in lines]
    _undo_same_document(lines, left, owed)
    for at, returned in enumerate(owed):
        if returned:
            _undo(reversed(range(_sold_by(lines, at))), left, returned)
    return [_part(line, kept) for line, kept in zip(lines, left, strict=True) if kept > 0]


def _undo_same_document(lines: Sequence[Line], left: list[int], owed: list[int]) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        places[line.document_id].append(at)
    for at, line in enumerate(lines):
        if owed[at]:
            owed[at] = _undo(reversed(places[line.document_id]), left, owed[at])


def _undo(places: Iterable[int], left: list[int], returned: int) -> int:
    for place in places:
        if not returned:
            break
        taken = min(left[place], returned)
        left[place] -= taken
        returned -= taken
    return returned


def _sold_by(lines: Sequence[Line], at: int) -> int:
    return bisect_right(lines, lines[at].sale_date, key=lambda line: line.sale_date)


def _part(line: Line, kept: int) -> Line:
    whole = line.quantity_milli
    return Line(
        document_id=line.document_id,
        sale_date=line.sale_date,
        quantity_milli=kept,
        amount_cents=(2 * line.amount_cents * kept + whole) // (2 * whole),
        is_gift=line.is_gift,
    )


def _line(row: tuple[str, str, str, date, int, int, bool]) -> Line:
    _, _, document_id, sale_date, quantity_milli, amount_cents, is_gift = row
    return Line(
        document_id=document_id,
        sale_date=sale_date,
        quantity_milli=quantity_milli,
        amount_cents=amount_cents,
        is_gift=is_gift,
    )


def _values(line: Line) -> tuple[str, date, int, int, bool]:
    return (
        line.document_id,
        line.sale_date,
        line.quantity_milli,
        line.amount_cents,
        line.is_gift,
    )
