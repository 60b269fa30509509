"""Values a mapping computes: products, added tax, code tables.

A derivation is a mapping with `op`:
`{"op": "multiply", "of": [header, header]}`, `{"op": "add_tax", "of": header, "rate": "0.20"}`,
`{"op": "lookup", "of": header, "table": {cell: value}}`.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core.contracts import Column, ColumnType

NUMERIC = frozenset(
    {
        ColumnType.INTEGER,
        ColumnType.DECIMAL,
        ColumnType.MONEY,
        ColumnType.QUANTITY,
        ColumnType.VOLUME,
    }
)
_FACTORS = 2


def derivation_headers(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the headers of the file that the derivation reads."""
    of = rule.get("of", ())
    return (of,) if isinstance(of, str) else tuple(of)


def derivation_problem(column: Column, rule: Mapping[str, Any]) -> str | None:
    """Return the key of the derivation that cannot be used for `column`, or None."""
    op, of = rule.get("op"), rule.get("of")
    if op == "lookup":
        return None if isinstance(of, str) and isinstance(rule.get("table"), Mapping) else "table"
    if column.type not in NUMERIC:
        return "op"
    if op == "multiply":
        is_pair = isinstance(of, list | tuple) and len(of) == _FACTORS
        return None if is_pair and all(isinstance(h, str) for h in of or ()) else "of"
    if op == "add_tax":
        if not isinstance(of, str):
            return "of"
        return None if parse_rate(rule.get("rate")) is not None else "rate"
    return "op"


def parse_rate(text: object) -> Decimal | None:
    """Return a rate written as `0.20` or `20 %`, at most 6 digits after the point, else None.

    >>> parse_rate("20 %")
    Decimal('0.20')
    """
    if not isinstance(text, str | int | float):
        return None
    plain = str(text).replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        rate = Decimal(plain.removesuffix("%"))
    except InvalidOperation:
        return None
    if plain.endswith("%"):
        rate = rate.scaleb(-2)
    exponent = rate.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= -6 and 0 <= rate <= 1_000_000
    return rate if fine else None
