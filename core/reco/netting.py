"""Purchases that stand: valid lines of known customers after their returns.

A return undoes sales of the same document first, then the newest earlier sale of that product to
that customer (PRODUCT.md, 'Fine print'). A sale that is undone in part keeps its price per unit.
"""

from datetime import date
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from core.compiled import njit
from core.reco.rounding import rounded_part
from core.reco.tables import IntArray, create_table, create_table_from_arrays, fetch_columns

RETURNED_PAIRS = """
SELECT DISTINCT customer_no, product_no
FROM sale_lines
JOIN product_numbers USING (product_key)
JOIN customer_numbers USING (customer)
WHERE quantity_milli < 0
    AND sale_date <= $as_of
    AND coalesce(document_status, 'valid') <> 'cancelled'
"""

# Within a day the documents come in the bytewise order of their names.
LINES_OF_RETURNED_PAIRS = """
SELECT
    customer_no,
    product_no,
    dense_rank() OVER (ORDER BY customer_no, product_no) - 1 AS pair,
    hash(document_id) AS document,
    (sale_date - DATE '1970-01-01')::INTEGER AS day,
    quantity_milli,
    amount_cents,
    coalesce(is_gift, FALSE)::UTINYINT AS gift
FROM sale_lines
JOIN product_numbers USING (product_key)
JOIN customer_numbers USING (customer)
SEMI JOIN returned_pairs USING (customer_no, product_no)
WHERE quantity_milli <> 0
    AND sale_date <= $as_of
    AND coalesce(document_status, 'valid') <> 'cancelled'
ORDER BY pair, sale_date, document_id, line_key, quantity_milli, amount_cents, gift
"""


def netted_lines(con: DuckDBPyConnection, as_of: date) -> dict[str, NDArray[Any]]:
    """Return what stands of the lines of returned pairs (customer and product), as columns.

    Creates `returned_pairs`, and `undone_lines` (customer_no, day, amount_cents): what each of
    their lines brought in or took back beyond what stands of it. Only these pairs leave SQL: to
    match the newest first is a loop.
    """
    create_table(con, "returned_pairs", RETURNED_PAIRS, as_of=as_of)
    lines = fetch_columns(con, LINES_OF_RETURNED_PAIRS, as_of=as_of)
    quantity, amount = net_returns(
        lines.pop("pair"), lines["document"], lines["day"], lines["quantity_milli"],
        lines["amount_cents"],
    )  # fmt: skip
    undone = {"customer_no": lines["customer_no"], "day": lines["day"]}
    undone["amount_cents"] = lines["amount_cents"] - amount
    create_table_from_arrays(con, "undone_lines", undone)
    stands = quantity > 0
    lines |= {"quantity_milli": quantity, "amount_cents": amount}
    return {name: column[stands] for name, column in lines.items()}


def net_returns(
    pair: IntArray,
    document: NDArray[Any],
    day: NDArray[Any],
    quantity: IntArray,
    amount: IntArray,
) -> tuple[IntArray, IntArray]:
    """Return quantity and amount of each line that stand; of returns nothing does.

    Rows are ordered by pair (a customer and a product), then day and document; quantities below
    0 are returns. A return without an earlier sale undoes nothing. Half a cent is rounded up.

    >>> sold, back = 6000, -2000
    >>> one = np.zeros(2, np.int64)
    >>> [x.tolist() for x in net_returns(one, one, np.array([1, 9]), np.array([sold, back]),
    ...                                  np.array([6000, -2000]))]
    [[4000, 0], [4000, 0]]
    """
    left: IntArray = np.maximum(quantity, 0)
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    _undo_returns(np.append(starts, len(pair)), document, day, np.maximum(-quantity, 0), left)
    whole = np.maximum(quantity, 1)
    return left, rounded_part(amount, left, whole)


@njit(cache=True, nogil=True)
def _undo_returns(offsets, document, day, owed, left):  # type: ignore[no-untyped-def]
    for pair in range(len(offsets) - 1):
        low, high = offsets[pair], offsets[pair + 1]
        for back in range(low, high):
            _undo(low, high, back, True, document, day, owed, left)
        for back in range(low, high):
            _undo(low, high, back, False, document, day, owed, left)


@njit(cache=True, nogil=True)
def _undo(low, high, back, same_document, document, day, owed, left):  # type: ignore[no-untyped-def]
    """Take what row `back` returned from the sales before it, the newest first."""
    for sale in range(high - 1, low - 1, -1):
        if owed[back] == 0:
            return
        fits = document[sale] == document[back] if same_document else day[sale] <= day[back]
        if fits:
            taken = min(left[sale], owed[back])
            left[sale] -= taken
            owed[back] -= taken
