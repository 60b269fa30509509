"""The tables kept beside an import's originals, without an erased person."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import connect as open_duckdb

from core.ingest.parquet import write_parquet
from core.store.opaque import PREFIX, UNIT, Opaque
from core.store.subjects import Subject

_UNIT = f"chr({ord(UNIT)})"
_DOCUMENT = (
    f"'{PREFIX}' || substr(sha256($salt || {_UNIT} || document_id || {_UNIT} || customer), 1, 20)"
)
# As `core.store.opaque.opaque_line_key` makes it.
_KEY = f"""
{_DOCUMENT} || {_UNIT} || CASE WHEN line_no IS NULL
    THEN regexp_replace(
        substr(line_key, length(document_id) + 2), '[^' || {_UNIT} || ']*$', ''
    )
    ELSE substr(line_key, length(document_id) + 2) END
"""
_NAMED = {
    "customer": "coalesce(customer IN (FROM codes), false)",
    "email_norm": "coalesce(email_norm IN (FROM addresses), false)",
    "email": "coalesce(lower(email) IN (FROM addresses), false)",
}
_LISTED = "list_filter(addresses, lambda one: NOT list_contains($taken::VARCHAR[], lower(one)))"


def rewrite_parquet(path: Path, subject: Subject, opaque: Opaque, lines: Sequence[int]) -> int:
    """Rewrite a Parquet file that names the subject; return how many of its rows did.

    Sales stay without customer, other rows that name the subject go; of the issues and buckets of
    the `lines` of a file that named her, the cells go.
    """
    with open_duckdb() as con:
        _fill(con, "codes", sorted(subject.customers))
        _fill(con, "addresses", sorted(subject.addresses))
        _fill(con, "lines", [str(line) for line in lines])
        con.execute("CREATE TABLE kept AS FROM read_parquet(?)", [str(path)])
        columns = {row[0]: row[1] for row in con.execute("DESCRIBE kept").fetchall()}
        changed = _change(con, columns, subject, opaque)
        if changed:
            passing = path.with_suffix(".part")
            write_parquet(con, "FROM kept", passing)
            passing.replace(path)
        return changed


def _fill(con: DuckDBPyConnection, table: str, values: Sequence[str]) -> None:
    con.execute(
        f"CREATE TABLE {table} AS SELECT unnest($values::VARCHAR[]) AS value",
        {"values": list(values)},
    )


def _change(
    con: DuckDBPyConnection, columns: Mapping[str, str], subject: Subject, opaque: Opaque
) -> int:
    if "document_id" in columns and "customer" in columns:
        return _make_anonymous(con, columns, opaque)
    if "customer" in columns:
        return _drop(con, columns, sorted(subject.addresses))
    of_lines = "CAST(line AS VARCHAR) IN (FROM lines)"
    if "value" in columns and "code" in columns:
        named = f"({of_lines} OR value IN (FROM codes) OR lower(value) IN (FROM addresses))"
        return _count(con, f"UPDATE kept SET value = NULL WHERE value IS NOT NULL AND {named}")
    if "bucket" in columns and "identity" in columns:
        sql = f"UPDATE kept SET identity = NULL WHERE identity IS NOT NULL AND {of_lines}"
        return _count(con, sql)
    return 0


def _make_anonymous(con: DuckDBPyConnection, columns: Mapping[str, str], opaque: Opaque) -> int:
    sets = ["customer = NULL", f"document_id = {_DOCUMENT}"]
    if "line_key" in columns:
        sets.append(f"line_key = {_KEY}")
    sql = f"UPDATE kept SET {', '.join(sets)} WHERE {_NAMED['customer']}"
    return _count(con, sql, {"salt": opaque.salt})


def _drop(con: DuckDBPyConnection, columns: Mapping[str, str], addresses: Sequence[str]) -> int:
    named = " OR ".join(sql for column, sql in _NAMED.items() if column in columns)
    gone = _count(con, f"DELETE FROM kept WHERE {named}")
    if columns.get("addresses", "").endswith("[]"):
        sql = f"UPDATE kept SET addresses = {_LISTED} WHERE len(addresses) > len({_LISTED})"
        gone += _count(con, sql, {"taken": list(addresses)})
    return gone


def _count(con: DuckDBPyConnection, sql: str, values: Mapping[str, object] | None = None) -> int:
    found = con.execute(sql, values or {}).fetchone()
    return int(found[0]) if found else 0
