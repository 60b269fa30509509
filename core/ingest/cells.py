"""Where each contract column gets its text from: a column of the file, a constant, a derivation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.contracts import Column, ColumnType
from core.ingest.derive import parse_rate
from core.ingest.dialect import Dialect
from core.ingest.mapping import ColumnMapping, contract_column
from core.ingest.reader import RawTable
from core.ingest.values import (
    Formats,
    ParsedColumn,
    cell_sql,
    number_text,
    parse_column,
    parse_number,
    quote_literal,
)

_FACTOR = "DECIMAL(18, 6)"
_RATE = "DECIMAL(10, 6)"
_PRODUCT = "DECIMAL(28, 10)"


@dataclass(frozen=True, kw_only=True)
class ColumnSource:
    """SQL over the raw table for one contract column.

    `cell` is NULL exactly when nothing is given in a row; `shown` is the text shown when the
    value cannot be used; `given` is False when the mapping has nothing for the column.
    """

    column: Column
    given: bool
    cell: str
    shown: str
    parsed: ParsedColumn


def column_source(
    column: Column,
    mapping: ColumnMapping,
    raw: RawTable,
    dialect: Dialect,
    formats: Formats,
    currency: str,
) -> ColumnSource:
    """Return where `column` comes from under `mapping`; amounts are brought to `currency`."""

    def cell_of(header: str) -> str:
        return cell_sql(raw.column(header), dialect.own_export)

    rate = _currency_rate(column, mapping, raw, dialect, currency)
    if column.name in mapping.derive:
        return _derived(column, mapping.derive[column.name], cell_of, formats, rate)
    if column.name in mapping.columns:
        cell = cell_of(mapping.columns[column.name])
        if column.name in mapping.constants:
            cell = f"coalesce({cell}, {quote_literal(mapping.constants[column.name])})"
    elif column.name in mapping.constants:
        cell = quote_literal(mapping.constants[column.name])
    else:
        nothing = ParsedColumn(value="NULL", code="NULL")
        return ColumnSource(column=column, given=False, cell="NULL", shown="NULL", parsed=nothing)
    parsed = _parse(column, cell, mapping, formats, rate, currency)
    return ColumnSource(column=column, given=True, cell=cell, shown=cell, parsed=parsed)


def _parse(
    column: Column,
    cell: str,
    mapping: ColumnMapping,
    formats: Formats,
    rate: str | None,
    currency: str,
) -> ParsedColumn:
    if rate is not None:
        number = f"TRY_CAST({number_text(cell, formats)} AS {_FACTOR}) * {rate}"
        return parse_number(column, f"({number})", cell)
    parsed = parse_column(column, cell, formats)
    if column.name in mapping.inverse:
        return ParsedColumn(value=f"NOT ({parsed.value})", code=parsed.code)
    if column.name == "currency":
        known = (currency.upper(), *(name.upper() for name in mapping.rates))
        listed = ", ".join(quote_literal(name) for name in known)
        unknown = f"CASE WHEN upper({cell}) NOT IN ({listed}) THEN 'CURRENCY_UNKNOWN' END"
        return ParsedColumn(value=f"upper({cell})", code=f"coalesce({parsed.code}, {unknown})")
    return parsed


def _currency_rate(
    column: Column, mapping: ColumnMapping, raw: RawTable, dialect: Dialect, currency: str
) -> str | None:
    """Return SQL of the rate that brings an amount to the tenant's currency, None for no rate."""
    if column.type is not ColumnType.MONEY or not mapping.rates:
        return None
    name = contract_column(mapping.kind, "currency").name
    if name in mapping.columns:
        cell = f"upper({cell_sql(raw.column(mapping.columns[name]), dialect.own_export)})"
    elif name in mapping.constants:
        cell = f"upper({quote_literal(mapping.constants[name])})"
    else:
        return None
    cases = " ".join(
        f"WHEN {quote_literal(code.upper())} THEN {parse_rate(rate)}"
        for code, rate in mapping.rates.items()
        if code.upper() != currency.upper()
    )
    return f"CAST(CASE {cell} {cases} ELSE 1 END AS {_RATE})" if cases else None


def _derived(
    column: Column,
    rule: Mapping[str, Any],
    cell_of: Any,
    formats: Formats,
    rate: str | None,
) -> ColumnSource:
    if rule["op"] == "lookup":
        cell = _looked_up(cell_of(rule["of"]), rule["table"])
        parsed = parse_column(column, cell, formats)
        return ColumnSource(column=column, given=True, cell=cell, shown=cell, parsed=parsed)
    headers = [rule["of"]] if rule["op"] == "add_tax" else list(rule["of"])
    cells = [cell_of(header) for header in headers]
    factors = [f"TRY_CAST({number_text(cell, formats)} AS {_FACTOR})" for cell in cells]
    if rule["op"] == "add_tax":
        factors.append(f"CAST(1 + {parse_rate(rule['rate'])} AS {_RATE})")
    number = " * ".join(factors)
    if rate is not None:
        number = f"TRY_CAST({number} AS {_PRODUCT}) * {rate}"
    cell = " || ' × ' || ".join(cells)
    shown = f"concat_ws(' × ', {', '.join(cells)})"
    parsed = parse_number(column, f"({number})", f"({cell})")
    return ColumnSource(column=column, given=True, cell=f"({cell})", shown=shown, parsed=parsed)


def _looked_up(cell: str, table: Mapping[str, str]) -> str:
    cases = " ".join(
        f"WHEN {quote_literal(str(spelling))} THEN {quote_literal(str(value))}"
        for spelling, value in table.items()
    )
    return f"CASE {cell} {cases} ELSE {cell} END" if cases else cell
