"""What of a compared file the analyst reads before loading: changes, unknowns, opt-outs kept.

Everything is counted in DuckDB over the tables of the file; only examples become Python objects,
the first ones in bytewise order, so that the same file shows the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, FileKind
from core.ingest.clean import ParsedFile
from core.ingest.identity import IDENTITY

CHANGE_EXAMPLES = 3
UNKNOWN_SHOWN = 10
KEPT_SHOWN = 100
_SEPARATOR = chr(31)
_AMOUNT = {FileKind.SALES: "amount_cents"}
_NO_AMOUNT = "CAST(NULL AS BIGINT)"

_CHANGES = """
SELECT field, count(*) AS rows,
  arg_min({{'identity': identity, 'old': old, 'new': new}}, identity, {examples}) AS examples
FROM {changes} GROUP BY field ORDER BY field
"""
_FIRST_NAMED = """
SELECT {identity}, min(line) FROM {p}_rows WHERE {identity} IN (SELECT unnest(?)) GROUP BY ALL
"""
_LINES = "SELECT {identity}, line FROM {p}_load WHERE {identity} IN (SELECT unnest(?))"
_HELD = "SELECT code, subject, {amount} AS amount_cents FROM {p}_held"
_UNKNOWN = """
SELECT code, subject, count(*) AS lines, CAST(sum(amount_cents) AS BIGINT) AS amount_cents,
  count(*) OVER (PARTITION BY code) AS subjects,
  CAST(sum(count(*)) OVER (PARTITION BY code) AS BIGINT) AS all_lines
FROM ({held}) WHERE code <> 'RETURN_WITHOUT_SALE' GROUP BY code, subject
QUALIFY row_number() OVER (PARTITION BY code ORDER BY lines DESC, subject) <= {shown}
ORDER BY code, lines DESC, subject
"""
_KEPT = """
WITH kept AS (
  SELECT r.customer, min(i.line) AS line FROM {p}_issues AS i JOIN {p}_rows AS r USING (record)
  WHERE i.code = 'OPT_OUT_KEPT' GROUP BY r.customer
)
SELECT customer, line, count(*) OVER () AS customers FROM kept ORDER BY line LIMIT {shown}
"""


@dataclass(frozen=True, kw_only=True)
class ChangeExample:
    """One cell before and after, as stored (money in cents); `line` is the file's."""

    identity: str
    line: int
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """How many identities the file changes in one column, with the first examples."""

    field: str
    column: str
    rows: int
    examples: tuple[ChangeExample, ...]


@dataclass(frozen=True, kw_only=True)
class UnknownKey:
    """One product, label or customer that nobody has imported, with the rows that wait for it."""

    key: str
    lines: int
    amount_cents: int | None


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """What rows wait for under one code: how many different keys, the most frequent ones."""

    code: str
    keys: int
    lines: int
    top: tuple[UnknownKey, ...]


@dataclass(frozen=True, kw_only=True)
class KeptOptOut:
    """A customer whom the file would have written to again, with the first line saying so."""

    customer: str
    line: int


@dataclass(frozen=True, kw_only=True)
class KeptOptOuts:
    """The opt-outs a file would have removed: how many customers, the first of them by line."""

    customers: int = 0
    shown: tuple[KeptOptOut, ...] = ()


def find_changes(con: DuckDBPyConnection, parsed: ParsedFile) -> tuple[FieldChange, ...]:
    """Return what the file changes, field by field, in the order of the contract."""
    lines = _LINES.format(p=parsed.prefix, identity=IDENTITY[parsed.kind])
    return _field_changes(con, parsed.kind, f"{parsed.prefix}_changes", lines)


def find_retold_changes(
    con: DuckDBPyConnection, prefix: str, what: str, kind: FileKind
) -> tuple[FieldChange, ...]:
    """Return what a sales file changes of known rows of `kind`, as `find_changes` does.

    `what` is `products` or `customers`; an example's line is the first that names it.
    """
    lines = _FIRST_NAMED.format(p=prefix, identity=IDENTITY[kind])
    return _field_changes(con, kind, f"{prefix}_retold_{what}_changes", lines)


def _field_changes(
    con: DuckDBPyConnection, kind: FileKind, changes: str, lines_of: str
) -> tuple[FieldChange, ...]:
    query = _CHANGES.format(changes=changes, examples=CHANGE_EXAMPLES)
    found = {field: (rows, told) for field, rows, told in con.execute(query).fetchall()}
    wanted = {e["identity"] for _, told in found.values() for e in told}
    lines = dict(con.execute(lines_of, [sorted(wanted)]).fetchall())
    return tuple(
        FieldChange(
            field=column.field,
            column=column.name,
            rows=found[column.field][0],
            examples=tuple(_example(told, lines) for told in found[column.field][1]),
        )
        for column in COLUMNS[kind]
        if column.field in found
    )


def _example(told: Mapping[str, Any], lines: Mapping[str, int]) -> ChangeExample:
    return ChangeExample(
        identity=readable(told["identity"]),
        line=lines[told["identity"]],
        before=told["old"],
        after=told["new"],
    )


def readable(identity: str) -> str:
    """Return an identity as a person writes it: `F12 #3` for line 3 of document F12."""
    return identity.rstrip(_SEPARATOR).replace(_SEPARATOR, " ")


def find_unknown(con: DuckDBPyConnection, files: Sequence[ParsedFile]) -> tuple[Unknown, ...]:
    """Return the products, labels and customers that rows of `files` wait for.

    The ones that most rows wait for come first, then bytewise.
    """
    if not files:
        return ()
    held = " UNION ALL ".join(
        _HELD.format(p=file.prefix, amount=_AMOUNT.get(file.kind, _NO_AMOUNT)) for file in files
    )
    rows = con.execute(_UNKNOWN.format(held=held, shown=UNKNOWN_SHOWN)).fetchall()
    codes = sorted({row[0] for row in rows})
    return tuple(_unknown(code, [row for row in rows if row[0] == code]) for code in codes)


def _unknown(code: str, rows: list[tuple[Any, ...]]) -> Unknown:
    return Unknown(
        code=code,
        keys=rows[0][4],
        lines=rows[0][5],
        top=tuple(UnknownKey(key=row[1], lines=row[2], amount_cents=row[3]) for row in rows),
    )


def find_kept_opt_outs(con: DuckDBPyConnection, parsed: ParsedFile) -> KeptOptOuts:
    """Return whom the file would have written to again, although they have opted out."""
    if parsed.kind is not FileKind.CLIENTS:
        return KeptOptOuts()
    rows = con.execute(_KEPT.format(p=parsed.prefix, shown=KEPT_SHOWN)).fetchall()
    return KeptOptOuts(
        customers=rows[0][2] if rows else 0,
        shown=tuple(KeptOptOut(customer=row[0], line=row[1]) for row in rows),
    )
