"""Rows of a file that name somebody who was erased: none of them is loaded.

Their keyed hash alone is known. HMAC-SHA256 is two plain hashes over padded keys (RFC 2104), which
DuckDB makes for a million rows in a second.
"""

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.clean import ParsedFile

CODE = "ERASED_PERSON"

_HASH = "sha256($outer || unhex(sha256($inner || encode('{kind}:' || {value}))))"
_FOUND = """
CREATE OR REPLACE TABLE {p}_erased AS
SELECT record, line, {column} AS column_name FROM {rows} WHERE {named}
"""
# A row that is rejected for something else names her all the same.
_WITH_REJECTED = """
(
  SELECT record, line, {fields} FROM {p}_rows
  UNION ALL SELECT record, line, {fields} FROM {p}_rejected_people
)
"""
_NAME = """
INSERT INTO {p}_issues
SELECT record, line, column_name, NULL, '{code}', true FROM {p}_erased ORDER BY record
"""
_FORGET = (
    "UPDATE {p}_issues SET value = NULL WHERE record IN (SELECT record FROM {p}_erased)",
    "DELETE FROM {p}_rows WHERE record IN (SELECT record FROM {p}_erased)",
)
_OF_KIND = {
    FileKind.CLIENTS: ("customer", "email"),
    FileKind.SALES: ("customer",),
    FileKind.CONTACTS: ("customer", "email"),
}
_COLUMN = {"customer": "client_code", "email": "email"}


@dataclass(frozen=True, kw_only=True)
class Pads:
    """The key of the hash, padded for its two rounds; `table(digest)` holds the known ones."""

    inner: bytes
    outer: bytes


def reject_erased(
    con: DuckDBPyConnection, parsed: ParsedFile, erased: str | None, pads: Pads, mark: str
) -> int:
    """Reject the parsed rows that name a person in the table `erased`, or an erasure `mark`.

    Nothing of their cells is kept, nor an opt-out that they say. Returns how many there were.
    """
    if parsed.kind not in _OF_KIND:
        return 0
    prefix, fields = parsed.prefix, _OF_KIND[parsed.kind]
    named = [_is_named(field, erased) for field in fields]
    column = f"CASE WHEN {named[0]} THEN '{_COLUMN[fields[0]]}' ELSE '{_COLUMN[fields[-1]]}' END"
    keys = {"inner": pads.inner, "outer": pads.outer} if erased else {}
    rows = _WITH_REJECTED.format(p=prefix, fields=", ".join(fields)) if erased else f"{prefix}_rows"
    con.execute(
        _FOUND.format(p=prefix, rows=rows, column=column, named=" OR ".join(named)),
        {**keys, "mark": mark},
    )
    found = count_rows(con, f"{prefix}_erased")
    if found:
        con.execute(_NAME.format(p=prefix, code=CODE))
        for statement in _FORGET:
            con.execute(statement.format(p=prefix))
    if erased:
        _forget_wishes(con, prefix, erased, keys)
    return found


def _forget_wishes(
    con: DuckDBPyConnection, prefix: str, erased: str, keys: dict[str, bytes]
) -> None:
    """Take no opt-out from a row that is rejected for something else either."""
    known = " OR ".join(_is_known(field, erased) for field in ("customer", "email"))
    con.execute(f"DELETE FROM {prefix}_rejected_opt_outs WHERE {known}", keys)


def _is_named(field: str, erased: str | None) -> str:
    is_marked = f"coalesce({field} = $mark, false)"
    return f"({is_marked} OR {_is_known(field, erased)})" if erased else is_marked


def _is_known(field: str, erased: str) -> str:
    value = "lower(email)" if field == "email" else field
    digest = _HASH.format(kind=field, value=value)
    return f"coalesce({digest} IN (SELECT digest FROM {erased}), false)"
