"""The file against what is there: what is new, changed, unchanged, held.

`compare` reads `{p}_folded` and finishes `{p}_buckets`; it makes what the service loads: the
views `{p}_load` and `{p}_history`, the tables `{p}_changes`, `{p}_held`, `{p}_labels`,
`{p}_new_products`, `{p}_new_customers`.

The content of an identity is, field by field, the newest filled cell among all its versions,
a version being (exported_at, sha256): blank cells never erase, and any order of arrival gives
the same content, provided that `Known.versions` holds what each version said. The same bytes read
by another mapping are the same version: the last reading stands for the earlier ones. A file
older than what is there (`older`) may still fill a blank. An opt-out once said stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.contracts import COLUMNS, DUCKDB_TYPES, FileKind
from core.ingest.clean import ParsedFile
from core.ingest.holds import Known, find_holds, known_table
from core.ingest.identity import IDENTITY, stored_fields
from core.ingest.issues import ISSUES, Effect
from core.ingest.mapping import ColumnMapping
from core.ingest.missing import find_missing
from core.ingest.values import quote_literal

__all__ = ["FileVersion", "Known", "compare", "forget_compared"]

_LATER_CODES = (
    "CONFLICTING_DUPLICATE",
    "OPT_OUT_KEPT",
    *(issue.code for issue in ISSUES.values() if issue.effect is Effect.HOLD),
)
_OPT_OUT = "email_opt_out"
_VERSION = "strftime(exported_at, '%Y%m%d%H%M%S%f') || sha256"

# Of identities that are there already only: most files bring mostly new ones.
_VERSIONS = """
CREATE OR REPLACE TABLE {p}_versions AS
SELECT {identity}, {stored}, {version} AS version, false AS incoming
FROM {existing} WHERE {identity} IN (SELECT {identity} FROM {p}_history)
UNION ALL BY NAME
SELECT {identity}, {fields}, ? AS version, true AS incoming FROM {p}_history
WHERE {identity} IN (SELECT {identity} FROM {existing})
"""
# Every version of each identity. A file that is no newer than what is there may still be the
# newest to fill a cell.
_AMONG_VERSIONS = """
SELECT {identity}, {before}, {after},
  coalesce(max(version) FILTER (NOT incoming) > max(version) FILTER (incoming), false) AS older
FROM {p}_versions GROUP BY {identity}
"""
# What is there, one row per identity, and the file: the same as above of two versions.
_OF_TWO = """
SELECT {identity}, {before}, {after}, older
FROM {p}_history AS h JOIN (
  SELECT {identity}, {stored}, {version} > ? AS older FROM {existing}
) AS e USING ({identity})
"""
_COMPARED = """
CREATE OR REPLACE TABLE {p}_compared AS
WITH sides AS ({sides})
SELECT *,
  CASE WHEN NOT ({equal}) THEN 'changed' WHEN older THEN 'older' ELSE 'unchanged' END AS action
FROM sides
"""
_CHANGED = """
CREATE OR REPLACE TABLE {p}_changed AS
SELECT {merged}, h.record, h.line, c.action, c.older
FROM {p}_compared AS c JOIN {p}_history AS h USING ({identity}) WHERE c.action <> 'unchanged'
"""
_KNOWN = "CREATE OR REPLACE TABLE {p}_known AS SELECT {identity} FROM {p}_compared"
# New rows are nearly all of most files: they stay where they are.
_LOAD = """
CREATE OR REPLACE VIEW {p}_load AS
SELECT {new}, h.record, h.line, 'new' AS action, false AS older FROM {p}_history AS h
WHERE {identity} NOT IN (SELECT {identity} FROM {p}_known)
UNION ALL BY NAME
FROM {p}_changed
"""
_HISTORY = """
CREATE OR REPLACE VIEW {p}_history AS SELECT * FROM {p}_folded
WHERE {identity} NOT IN (SELECT identity FROM {p}_holds)
"""
_FIELD_CHANGES = """
SELECT {identity} AS identity, '{field}' AS field, CAST(before_{field} AS VARCHAR) AS old,
  CAST({field} AS VARCHAR) AS new
FROM {p}_compared WHERE action = 'changed' AND before_{field} IS DISTINCT FROM {field}
"""
_NO_LONGER_FOLDED = """
DELETE FROM {p}_marked
WHERE bucket <> 'rejected' AND identity IN (SELECT identity FROM {p}_holds)
"""
_MARK_HELD = """
INSERT INTO {p}_marked SELECT record, line, 'held', {identity} FROM {p}_held
"""
_MARK_UNCHANGED = """
INSERT INTO {p}_marked
SELECT h.record, h.line, 'unchanged', {identity}
FROM {p}_compared AS c JOIN {p}_history AS h USING ({identity})
WHERE c.action IN ('unchanged', 'older')
"""
_OPT_OUTS_KEPT = """
INSERT INTO {p}_issues
SELECT f.record, f.line, 'email_opt_out', NULL, 'OPT_OUT_KEPT', false
FROM {p}_folded AS f JOIN {p}_compared AS c USING (customer)
WHERE f.email_opt_out = false AND c.before_email_opt_out ORDER BY f.record
"""


@dataclass(frozen=True, kw_only=True)
class FileVersion:
    """Which version of the data a file is: the higher (`exported_at`, `sha256`) wins."""

    exported_at: datetime
    sha256: str

    def key(self) -> str:
        """Return the version as text that sorts as the pair does, the moment in UTC."""
        moment = self.exported_at
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
        return moment.strftime("%Y%m%d%H%M%S%f") + self.sha256


def compare(
    con: DuckDBPyConnection,
    parsed: ParsedFile,
    mapping: ColumnMapping,
    known: Known,
    version: FileVersion,
) -> None:
    """Decide for every row of the folded file what loading it would do.

    `known` names tables of what is there. After this every record has a bucket.
    """
    prefix, kind = parsed.prefix, parsed.kind
    find_missing(con, parsed, mapping, known)
    find_holds(con, parsed, mapping, known)
    existing = _existing_table(con, parsed, known)
    names = {"p": prefix, "identity": IDENTITY[kind], "existing": existing}
    con.execute(_HISTORY.format(**names))
    has_versions = known.versions is not None
    _create_compared(con, kind, names, version, has_versions=has_versions)
    new, merged = _load_columns(kind, "h"), _load_columns(kind, "c")
    con.execute(_KNOWN.format(**names))
    con.execute(_CHANGED.format(**names, merged=merged))
    con.execute(_LOAD.format(**names, new=new))
    changes = [_FIELD_CHANGES.format(**names, field=f) for f in _content(kind)]
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_changes AS "
        f"{' UNION ALL '.join(changes)} ORDER BY identity, field"
    )
    for mark in (_NO_LONGER_FOLDED, _MARK_HELD, _MARK_UNCHANGED):
        con.execute(mark.format(**names))
    if kind is FileKind.CLIENTS:
        con.execute(_OPT_OUTS_KEPT.format(**names))
    for table in ("versions", "compared"):
        con.execute(f"DROP TABLE IF EXISTS {prefix}_{table}")


def forget_compared(con: DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Take the issues back that folding and comparing added, so that both can be done again."""
    codes = ", ".join(f"'{code}'" for code in _LATER_CODES)
    con.execute(f"DELETE FROM {parsed.prefix}_issues WHERE code IN ({codes})")


def _content(kind: FileKind) -> tuple[str, ...]:
    return tuple(field for field in stored_fields(kind) if field != IDENTITY[kind])


def _create_compared(
    con: DuckDBPyConnection,
    kind: FileKind,
    names: dict[str, str],
    version: FileVersion,
    *,
    has_versions: bool,
) -> None:
    fields = _content(kind)
    there = {row[0] for row in con.execute(f"DESCRIBE {names['existing']}").fetchall()}
    types = {column.field: DUCKDB_TYPES[column.type] for column in COLUMNS[kind]}
    stored = ", ".join(
        field if field in there else f"CAST(NULL AS {types[field]}) AS {field}" for field in fields
    )
    given = {**names, "stored": stored, "version": _VERSION}
    if has_versions:
        said = _VERSIONS.format(**given, fields=", ".join(fields))
        con.execute(said, [version.key()])
    sides = _AMONG_VERSIONS if has_versions else _OF_TWO
    before, after = _newest(con, names["p"], fields, version) if has_versions else _newer(fields)
    equal = " AND ".join(f"before_{field} IS NOT DISTINCT FROM {field}" for field in fields)
    con.execute(
        _COMPARED.format(
            **names, sides=sides.format(**given, before=before, after=after), equal=equal
        ),
        None if has_versions else [version.key()],
    )


def _newest(
    con: DuckDBPyConnection, prefix: str, fields: Sequence[str], incoming: FileVersion
) -> tuple[str, str]:
    """Return the columns of what is there and of what will be, among many versions.

    A row without version is what is there, whatever the versions say. What the same bytes said
    when they were read by another mapping is gone, but for an opt-out.
    """
    read_anew = f"NOT incoming AND version = {quote_literal(incoming.key())}"
    stands = f" FILTER (({read_anew}) IS NOT TRUE)"
    is_there = f"FROM {prefix}_versions WHERE version IS NULL LIMIT 1"
    has_rows_there = con.execute(is_there).fetchone() is not None

    def newest(field: str, condition: str) -> str:
        if field == _OPT_OUT:
            return f"bool_or({field}){condition}"
        return f"arg_max({field}, version){condition}"

    def there(field: str) -> str:
        said = newest(field, " FILTER (NOT incoming)")
        if not has_rows_there:
            return said
        row = f"any_value({field}) FILTER (version IS NULL)"
        return f"CASE WHEN bool_or(version IS NULL) THEN {row} ELSE {said} END"

    before = (f"{there(field)} AS before_{field}" for field in fields)
    after = (f"{newest(field, '' if field == _OPT_OUT else stands)} AS {field}" for field in fields)
    return ", ".join(before), ", ".join(after)


def _newer(fields: Sequence[str]) -> tuple[str, str]:
    """Return the columns of what is there and of what will be, of two versions."""

    def newer(field: str) -> str:
        if field == _OPT_OUT:
            return f"greatest(e.{field}, h.{field})"
        return (
            f"CASE WHEN older THEN coalesce(e.{field}, h.{field})"
            f" ELSE coalesce(h.{field}, e.{field}) END"
        )

    before = (f"e.{field} AS before_{field}" for field in fields)
    return ", ".join(before), ", ".join(f"{newer(field)} AS {field}" for field in fields)


def _load_columns(kind: FileKind, content: str) -> str:
    """Return the columns of `{p}_load`; `content` is the alias the fields are taken from."""
    keys = {
        FileKind.CLIENTS: (f"lower({content}.email) AS email_norm",),
        FileKind.PRODUCTS: (),
        FileKind.SALES: ("h.line_key", "h.product_label"),
        FileKind.CONTACTS: ("h.email_norm", "h.event_key"),
    }[kind]
    fields = (f"{content}.{field}" for field in stored_fields(kind))
    return ", ".join((*fields, *keys, "h.rows_folded"))


def _existing_table(con: DuckDBPyConnection, parsed: ParsedFile, known: Known) -> str:
    there = known.versions or known.existing
    if there is not None:
        return there
    columns = ", ".join(
        f"CAST(NULL AS {DUCKDB_TYPES[column.type]}) AS {column.field}"
        for column in COLUMNS[parsed.kind]
    )
    keys = "NULL::VARCHAR AS line_key, NULL::VARCHAR AS event_key, "
    versions = "NULL::TIMESTAMP AS exported_at, NULL::VARCHAR AS sha256"
    table = known_table(parsed.prefix, "existing")
    con.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT {columns}, {keys}{versions} WHERE false"
    )
    return table
