"""What an edited mapping means: the table of columns, and the rules for columns the file lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.contracts import COLUMNS, ColumnType, FileKind
from core.errors import Refused
from core.i18n import N_
from core.ingest.derive import parse_rate

CONSTANT, MULTIPLY, ADD_TAX, LOOKUP = "constant", "multiply", "add_tax", "lookup"
WAYS = (CONSTANT, MULTIPLY, ADD_TAX, LOOKUP)


@dataclass(frozen=True, kw_only=True)
class MappedHeader:
    """One line of the table: a header of the file, our column or none, said the other way round."""

    header: str
    column: str | None
    is_inverse: bool


@dataclass(frozen=True, kw_only=True)
class ColumnRule:
    """How a column gets its value when no column of the file has it as it is.

    `first` and `second` are headers of the file, `value` a constant text or a tax rate.
    """

    column: str
    way: str
    first: str | None = None
    second: str | None = None
    value: str | None = None


def column_names(kind: FileKind) -> tuple[str, ...]:
    """Return the contract's columns of a kind, in their order."""
    return tuple(column.name for column in COLUMNS[kind])


def compute_mapping(mapping: Mapping[str, Any], lines: Sequence[MappedHeader]) -> dict[str, Any]:
    """Return `mapping` with the columns of the table put in; derivations of a mapped column go.

    Raises `Refused` when two headers give the same column.
    """
    taken = [line for line in lines if line.column]
    column, times = next(iter(Counter(line.column for line in taken).most_common(1)), ("", 0))
    if times > 1:
        raise Refused(
            N_('Two columns of the file are mapped to "%(column)s". Keep one of them.'),
            column=column,
        )
    booleans = {c.name for c in COLUMNS[FileKind(mapping["kind"])] if c.type is ColumnType.BOOLEAN}
    changed = dict(mapping)
    changed["columns"] = {line.column: line.header for line in taken}
    changed["inverse"] = sorted(
        line.column for line in taken if line.is_inverse and line.column in booleans
    )
    derived = mapping.get("derive", {})
    changed["derive"] = {k: v for k, v in derived.items() if k not in changed["columns"]}
    return _filled(changed)


def rules_of(mapping: Mapping[str, Any]) -> list[ColumnRule]:
    """Return the rules of a mapping: its derivations, then its constants."""
    return [
        *(_derived_rule(column, rule) for column, rule in mapping.get("derive", {}).items()),
        *(
            ColumnRule(column=column, way=CONSTANT, value=value)
            for column, value in mapping.get("constants", {}).items()
        ),
    ]


def _derived_rule(column: str, rule: Mapping[str, Any]) -> ColumnRule:
    headers = [rule["of"]] if isinstance(rule["of"], str) else list(rule["of"])
    first, second = (*headers, None, None)[:2]
    return ColumnRule(
        column=column, way=rule["op"], first=first, second=second, value=rule.get("rate")
    )


def put_rules(mapping: Mapping[str, Any], rules: Sequence[ColumnRule]) -> dict[str, Any]:
    """Return `mapping` with its derivations and constants replaced by `rules`.

    A code table stays with its column. Raises `Refused` when a rule lacks what its way needs or
    a column has two values.
    """
    changed = {**mapping, "derive": {}, "constants": {}}
    for rule in rules:
        target = changed["constants" if rule.way == CONSTANT else "derive"]
        if rule.column in target or (rule.way != CONSTANT and rule.column in mapping["columns"]):
            raise Refused(N_('"%(column)s" gets two values. Keep one of them.'), column=rule.column)
        if not _is_complete(rule):
            raise Refused(
                N_('The rule for "%(column)s" is not complete: fill in what it is made of.'),
                column=rule.column,
            )
        target[rule.column] = rule.value if rule.way == CONSTANT else _derivation(rule, mapping)
    return _filled(changed)


def _is_complete(rule: ColumnRule) -> bool:
    return {
        CONSTANT: bool(rule.value),
        MULTIPLY: bool(rule.first and rule.second),
        ADD_TAX: bool(rule.first) and parse_rate(rule.value) is not None,
        LOOKUP: bool(rule.first),
    }[rule.way]


def _derivation(rule: ColumnRule, mapping: Mapping[str, Any]) -> dict[str, Any]:
    if rule.way == MULTIPLY:
        return {"op": MULTIPLY, "of": [rule.first, rule.second]}
    if rule.way == ADD_TAX:
        return {"op": ADD_TAX, "of": rule.first, "rate": rule.value}
    earlier = mapping.get("derive", {}).get(rule.column, {})
    return {"op": LOOKUP, "of": rule.first, "table": dict(earlier.get("table", {}))}


def put_tables(
    mapping: Mapping[str, Any], tables: Mapping[str, Mapping[str, str | None]]
) -> dict[str, Any]:
    """Return `mapping` with edited code tables (our column to code to value), blanks left out."""
    derived = {column: dict(rule) for column, rule in mapping.get("derive", {}).items()}
    for column, table in tables.items():
        if column in derived and derived[column]["op"] == LOOKUP:
            derived[column]["table"] = {code: value for code, value in table.items() if value}
    return _filled({**mapping, "derive": derived})


def _filled(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if value or name == "columns"}
