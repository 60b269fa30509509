"""Corrected rows put in the place of rejected ones, as if their file had been right from the start.

A corrected row may fold with rows of its file that were loaded long ago. So the rows of its
identity are taken from the original again and folded together, and what the file says of that
identity is compared as a whole. `base` names the rows of the file that count so far; the tables
`before_issues` and `before_buckets` (rows that are not simply loaded) hold what was found in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.identity import IDENTITY
from core.ingest.report import Bucket

# Said of a row by itself, not of its comparison.
ROW_WARNINGS = ("MISSING_EMAIL", "MALFORMED_EMAIL", "OPT_OUT_TAKEN")
UNKNOWN_LINE = "UNKNOWN_LINE"

_OPT_OUTS = "CREATE OR REPLACE VIEW {p}_rejected_opt_outs AS FROM {own}_rejected_opt_outs"
_TAKEN_ROWS = """
CREATE OR REPLACE TABLE {p}_taken_rows AS
SELECT r.* REPLACE (t.record AS record, t.line AS line)
FROM {own}_rows AS r JOIN {p}_taken AS t ON r.record = t.own_record
"""
_ROWS = """
CREATE OR REPLACE TABLE {p}_rows AS
FROM {p}_taken_rows
UNION ALL BY NAME
FROM {base}
WHERE {identity} IN (SELECT {identity} FROM {p}_taken_rows {returned})
    AND line NOT IN (SELECT line FROM {p}_taken)
ORDER BY record
"""
# A sale of these lines may be none any more: what was taken back of it is judged anew too.
_RETURNED = """
UNION
SELECT line_key FROM {base} WHERE quantity_milli < 0 AND (customer, product_key) IN (
    SELECT (customer, product_key) FROM {base}
    WHERE quantity_milli > 0 AND line_key IN (SELECT line_key FROM {p}_taken_rows)
)
"""
_ISSUES = """
CREATE OR REPLACE TABLE {p}_issues AS
SELECT t.record, t.line, i.column_name, i.value, i.code, i.rejects
FROM {own}_issues AS i JOIN {p}_taken AS t ON i.record = t.own_record
UNION ALL BY NAME
FROM before_issues
WHERE code IN {warnings} AND record IN (SELECT record FROM {p}_rows)
    AND line NOT IN (SELECT line FROM {p}_taken)
ORDER BY record
"""
_MERGED_ISSUES = """
CREATE OR REPLACE TABLE {p}_merged_issues AS
FROM before_issues WHERE record NOT IN (SELECT record FROM {p}_buckets)
UNION ALL BY NAME
FROM {p}_issues ORDER BY record
"""
# A row that was loaded by its file stays so, though by now it is there already.
_MERGED_BUCKETS = """
CREATE OR REPLACE TABLE {p}_merged_buckets AS
WITH judged AS (
    SELECT b.record, b.line, b.identity, b.bucket,
        coalesce(before.bucket, 'loaded') AS was
    FROM {p}_buckets AS b LEFT JOIN before_buckets AS before USING (record)
),
settled AS (
    SELECT record, line, identity, CASE
        WHEN bucket = 'unchanged' AND bool_or(was = 'loaded') OVER (PARTITION BY identity)
            THEN 'loaded' ELSE bucket END AS bucket
    FROM judged
)
FROM before_buckets WHERE record NOT IN (SELECT record FROM {p}_buckets)
UNION ALL BY NAME
FROM settled ORDER BY record
"""
_OWN_ISSUES = """
CREATE OR REPLACE TABLE {own}_all_issues AS
SELECT t.own_record AS record, t.own_line AS line, i.column_name, i.value, i.code, i.rejects
FROM {p}_issues AS i JOIN {p}_taken AS t ON i.record = t.record
UNION ALL
SELECT k.own_record, k.own_line, i.column_name, i.value, i.code, i.rejects
FROM before_issues AS i JOIN {p}_kept AS k ON i.line = k.line WHERE i.rejects
UNION ALL
SELECT own_record, own_line, NULL, CAST(line AS VARCHAR), '{unknown}', true FROM {p}_unknown
UNION ALL
SELECT record, line, NULL, value, code, true FROM {bad}
ORDER BY ALL
"""
_OWN_BUCKETS = """
CREATE OR REPLACE TABLE {own}_buckets AS
SELECT t.own_record AS record, t.own_line AS line, b.bucket, b.identity
FROM {p}_buckets AS b JOIN {p}_taken AS t ON b.record = t.record
UNION ALL
SELECT own_record, own_line, 'rejected', NULL FROM {p}_kept
UNION ALL
SELECT own_record, own_line, 'rejected', NULL FROM {p}_unknown
UNION ALL
SELECT own_record, own_line, 'unchanged', NULL FROM {p}_settled
UNION ALL
SELECT record, line, 'rejected', NULL FROM {bad}
ORDER BY ALL
"""
# What the correction's rows bring; a row of its file that they are folded into is not theirs.
_OWN_LOAD = """
CREATE OR REPLACE VIEW {own}_load AS
SELECT l.* REPLACE (t.own_record AS record, t.own_line AS line)
FROM {p}_load AS l JOIN {p}_taken AS t ON l.record = t.record
"""
_OWN_CHANGES = """
CREATE OR REPLACE VIEW {own}_changes AS
FROM {p}_changes WHERE identity IN (SELECT {identity} FROM {own}_load)
"""
_OWN_MARKED = """
CREATE OR REPLACE VIEW {own}_marked AS
SELECT record, line, bucket, identity FROM {own}_buckets WHERE bucket <> 'loaded'
"""
_COUNTED = """
SELECT bucket, count(*) FROM {p}_merged_buckets WHERE bucket <> 'loaded' GROUP BY bucket
"""
_ANONYMOUS = """
SELECT count(*) FILTER (b.bucket NOT IN ('held', 'rejected'))
    - count(*) FILTER (coalesce(before.bucket, 'loaded') NOT IN ('held', 'rejected'))
FROM {p}_rows AS r
JOIN {p}_buckets AS b USING (record)
LEFT JOIN before_buckets AS before ON before.record = r.record
WHERE r.customer IS NULL
"""
_TAKEN_OVER = """
INSERT INTO released_rows
SELECT import_id, file_no, line FROM fetched_rows
WHERE file_no = ? AND list_contains(?::VARCHAR[], import_id)
    AND line IN (SELECT line FROM {p}_buckets)
    AND (import_id, file_no, line) NOT IN (SELECT (import_id, file_no, line) FROM released_rows)
"""
_BASE = """
CREATE OR REPLACE TABLE {base} AS
SELECT * FROM {original} WHERE line NOT IN (SELECT line FROM corrected_before)
"""
_BASE_OF_CORRECTION = """
INSERT INTO {base} BY NAME
SELECT * FROM read_parquet(?) WHERE line IN (SELECT line FROM corrected_before WHERE place = ?)
"""
_FAMILY = "(exported_at = TIMESTAMP '{exported_at}' AND starts_with(sha256, '{sha256}'))"


def create_base(
    con: DuckDBPyConnection, original: str, base: str, corrections: Iterable[tuple[str, str]]
) -> None:
    """Create `base`: the rows of `original` with what earlier corrections put in their place.

    `corrections` are Parquet paths, in order: the corrected lines (line, …), the rows taken.
    """
    paths = list(corrections)
    con.execute("CREATE OR REPLACE TABLE corrected_before (line BIGINT, place INTEGER)")
    for place, (lines, _) in enumerate(paths):
        con.execute(
            "DELETE FROM corrected_before WHERE line IN (SELECT line FROM read_parquet(?))", [lines]
        )
        con.execute(
            "INSERT INTO corrected_before SELECT line, ? FROM read_parquet(?)", [place, lines]
        )
    con.execute(_BASE.format(base=base, original=original))
    for place, (_, rows) in enumerate(paths):
        con.execute(_BASE_OF_CORRECTION.format(base=base), [rows, place])


def create_merged_rows(
    con: DuckDBPyConnection, kind: FileKind, prefix: str, own: str, base: str
) -> None:
    """Create `{p}_rows` and `{p}_issues` of every identity that a corrected row speaks of.

    `{p}_rejected_opt_outs` too: an opt-out counts in a row that is still wrong.

    `{own}_rows` and `{own}_issues` are the corrected rows parsed; `{p}_taken` (own_record,
    own_line, record, line) says in whose place each of them goes.
    """
    names = {"p": prefix, "own": own, "base": base, "identity": IDENTITY[kind]}
    returned = _RETURNED.format(**names) if kind is FileKind.SALES else ""
    con.execute(_TAKEN_ROWS.format(**names))
    con.execute(_ROWS.format(**names, returned=returned))
    con.execute(_ISSUES.format(**names, warnings=ROW_WARNINGS))
    con.execute(_OPT_OUTS.format(**names))


def family_of(exported_at: datetime, sha256: str) -> str:
    """Return the SQL condition that a version is one of the file or of a correction of it."""
    return _FAMILY.format(exported_at=exported_at, sha256=sha256)


def merge_findings(con: DuckDBPyConnection, prefix: str, own: str, bad: str) -> None:
    """Create what the file and its correction come to, after the merged rows were compared.

    `{p}_merged_issues` and `{p}_merged_buckets` are those of the corrected file, `{own}_all_issues`
    and `{own}_buckets` those of the correction; `bad` its records that are no row.
    """
    names = {"p": prefix, "own": own, "bad": bad, "unknown": UNKNOWN_LINE}
    for query in (_MERGED_ISSUES, _MERGED_BUCKETS, _OWN_ISSUES, _OWN_BUCKETS):
        con.execute(query.format(**names))


def show_as_own(con: DuckDBPyConnection, kind: FileKind, prefix: str, own: str) -> None:
    """Let the tables of `prefix` be seen under `own`, with the correction's own issues."""
    con.execute(f"DROP TABLE {own}_issues")
    con.execute(f"ALTER TABLE {own}_all_issues RENAME TO {own}_issues")
    con.execute(_OWN_LOAD.format(p=prefix, own=own))
    con.execute(_OWN_CHANGES.format(p=prefix, own=own, identity=IDENTITY[kind]))
    con.execute(_OWN_MARKED.format(own=own))
    listed = (
        "SELECT table_name FROM duckdb_tables() UNION ALL"
        " SELECT view_name FROM duckdb_views() WHERE NOT internal"
    )
    names = {row[0] for row in con.execute(listed).fetchall()}
    for name in sorted(names):
        shown = own + name.removeprefix(prefix)
        if name.startswith(f"{prefix}_") and shown not in names:
            con.execute(f"CREATE OR REPLACE VIEW {shown} AS FROM {name}")


def take_over_waiting(
    con: DuckDBPyConnection, prefix: str, family: Sequence[str], file_no: int
) -> None:
    """Enter in `released_rows` the rows of `family` that waited and are judged anew here."""
    con.execute(_TAKEN_OVER.format(p=prefix), [file_no, list(family)])


def count_anonymous_more(con: DuckDBPyConnection, parsed: ParsedFile) -> int:
    """Return how many more sale lines without customer are neither held nor rejected."""
    if parsed.kind is not FileKind.SALES:
        return 0
    found = con.execute(_ANONYMOUS.format(p=parsed.prefix)).fetchone()
    assert found is not None
    return int(found[0])


def count_merged(con: DuckDBPyConnection, prefix: str, rows_in: int) -> Mapping[str, int]:
    """Return the buckets of the corrected file; raise `RuntimeError` when a row got lost."""
    found = dict(con.execute(_COUNTED.format(p=prefix)).fetchall())
    loaded = rows_in - sum(found.values())
    if loaded < 0 or not found.keys() <= set(Bucket):
        raise RuntimeError(f"rows are not conserved: {rows_in} read, {found} judged")
    return {bucket.value: found.get(bucket, 0) for bucket in Bucket} | {"loaded": loaded}
