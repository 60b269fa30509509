"""The tables kept beside an import's originals, without an erased person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import connect as open_duckdb

from core.ingest.parquet import quote_path, write_parquet
from core.ingest.values import quote_literal
from core.store.opaque import PREFIX, UNIT, Opaque
from core.store.subjects import Subject

_UNIT = f"chr({ord(UNIT)})"
# As `core.store.opaque` makes them.
_DIGEST = f"sha256({{salt}} || {_UNIT} || document_id || {_UNIT} || customer)"
_DOCUMENT = f"'{PREFIX}' || substr({_DIGEST}, 1, 20)"
_REST = "substr(line_key, length(document_id) + 2)"
_KEY = f"""
{_DOCUMENT} || {_UNIT} || CASE WHEN line_no IS NULL
    THEN regexp_replace({_REST}, '[^' || {_UNIT} || ']*$', '') ELSE {_REST} END
"""
_NAMED = {
    "customer": "coalesce(customer IN (FROM codes), false)",
    "email_norm": "coalesce(email_norm IN (FROM taken), false)",
    "email": "coalesce(lower(email) IN (FROM taken), false)",
}
_OF_LINES = "CAST(line AS VARCHAR) IN (FROM lines)"
_OTHERS = "list_filter(addresses, lambda one: NOT list_contains({taken}, lower(one)))"


@dataclass(frozen=True, kw_only=True)
class _Change:
    """Which rows change: `named`. What they become, or that they go."""

    named: str
    cells: Mapping[str, str]
    goes: str = "false"

    def select(self, rows: str) -> str:
        """Return the rows as they are from now on, in their order."""
        cells = ", ".join(
            f"CASE WHEN {self.named} THEN {told} ELSE {cell} END AS {cell}"
            for cell, told in self.cells.items()
        )
        replaced = f" REPLACE ({cells})" if cells else ""
        return f"(SELECT *{replaced} FROM {rows} WHERE NOT ({self.goes}))"


def rewrite_parquet(path: Path, subject: Subject, opaque: Opaque, lines: Sequence[int]) -> int:
    """Rewrite a Parquet file that names the subject; return how many of its rows did.

    Sales stay without customer, other rows that name the subject go; of the issues and buckets of
    the `lines` of a file that named her, the cells go. Nothing is held in memory but a few rows.
    """
    with open_duckdb() as con:
        for table, values in (
            ("codes", sorted(subject.customers)),
            ("taken", sorted(subject.addresses)),
            ("lines", [str(line) for line in lines]),
        ):
            _fill(con, table, values)
        rows = f"read_parquet({quote_path(path)})"
        columns = {row[0]: row[1] for row in con.execute(f"DESCRIBE FROM {rows}").fetchall()}
        change = _change(columns, subject, opaque)
        if change is None:
            return 0
        found = con.execute(f"SELECT count(*) FROM {rows} WHERE {change.named}").fetchone()
        changed = int(found[0]) if found else 0
        if changed:
            passing = path.with_suffix(".part")
            write_parquet(con, f"FROM {change.select(rows)}", passing)
            passing.replace(path)
        return changed


def _fill(con: DuckDBPyConnection, table: str, values: Sequence[str]) -> None:
    select = f"CREATE TABLE {table} AS SELECT unnest($values::VARCHAR[]) AS value"
    con.execute(select, {"values": list(values)})


def _change(columns: Mapping[str, str], subject: Subject, opaque: Opaque) -> _Change | None:
    """Return what is to be done with the rows of a table of these columns, None for nothing."""
    if "customer" in columns:
        is_sale = "document_id" in columns
        return _anonymous(columns, opaque) if is_sale else _dropped(columns, subject)
    if "value" in columns and "code" in columns:
        named = f"{_OF_LINES} OR value IN (FROM codes) OR lower(value) IN (FROM taken)"
        return _Change(named=f"value IS NOT NULL AND ({named})", cells={"value": "NULL"})
    if "bucket" in columns and "identity" in columns:
        return _Change(named=f"identity IS NOT NULL AND {_OF_LINES}", cells={"identity": "NULL"})
    return None


def _anonymous(columns: Mapping[str, str], opaque: Opaque) -> _Change:
    salt = quote_literal(opaque.salt)
    told = {"customer": "NULL", "document_id": _DOCUMENT, "line_key": _KEY}
    cells = {name: sql.format(salt=salt) for name, sql in told.items() if name in columns}
    return _Change(named=_NAMED["customer"], cells=cells)


def _dropped(columns: Mapping[str, str], subject: Subject) -> _Change:
    goes = " OR ".join(sql for column, sql in _NAMED.items() if column in columns)
    if not columns.get("addresses", "").endswith("[]"):
        return _Change(named=goes, cells={}, goes=goes)
    taken = ", ".join(quote_literal(address) for address in sorted(subject.addresses))
    others = _OTHERS.format(taken=f"[{taken}]::VARCHAR[]")
    named = f"({goes}) OR coalesce(len(addresses) > len({others}), false)"
    return _Change(named=named, cells={"addresses": others}, goes=goes)
