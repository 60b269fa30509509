"""Rows of one file that speak of the same thing are folded into one.

The view `{p}_folded` has one row per identity, of clients with all `addresses` that the rows folded
into it had; the view `{p}_buckets` (record, line, bucket,
identity) says for every record what became of it so far: `{p}_marked` names those that are
rejected, duplicate or merged, every other one is loaded unless `compare` marks it too.
The rules are those of PRODUCT.md, "Identity of a sale line" and "Counting".
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.identity import IDENTITY, stored_fields
from core.ingest.labels import resolve_labels
from core.ingest.mapping import ColumnMapping

SUM_REPEATS = "sum"

_PLACE = ("record", "line")
# The row that stands for its identity: of sale lines the first (the others are added to it), of
# the other kinds the first that says what the last row says (the others are corrected by it).
_KEPT = {
    FileKind.CLIENTS: "arg_max({}, last_said)",
    FileKind.PRODUCTS: "arg_max({}, last_said)",
    FileKind.SALES: "arg_min({}, record)",
    FileKind.CONTACTS: "arg_max({}, last_said)",
}

# Hashes first: of most large files no identity stands twice.
_TWICE = """
CREATE OR REPLACE TABLE {p}_twice AS
SELECT {identity} FROM {p}_rows
WHERE hash({identity}) IN (
  SELECT hash({identity}) FROM {p}_rows GROUP BY ALL HAVING count(*) > 1
)
GROUP BY ALL HAVING count(*) > 1
"""
_REPEATED = """
CREATE OR REPLACE TABLE {p}_repeated AS
WITH found AS (
  SELECT * FROM {p}_rows WHERE {identity} IN (SELECT {identity} FROM {p}_twice)
)
SELECT *, {conflict} AS conflict, {superseded} AS superseded, {copy} > 1 AS duplicate,
  max(record) OVER (PARTITION BY {same}) AS last_said
FROM found
"""
_MERGED = """
CREATE OR REPLACE TABLE {p}_merged AS
SELECT {kept}, {merged}, {identity}, count(*) AS rows_folded
FROM {p}_repeated WHERE NOT conflict AND NOT superseded AND NOT duplicate
GROUP BY {identity}
"""
_FOLDED = """
CREATE OR REPLACE VIEW {p}_folded AS
SELECT *, 1 AS rows_folded FROM {p}_rows
WHERE {identity} NOT IN (SELECT {identity} FROM {p}_twice)
UNION ALL BY NAME
FROM {p}_merged
"""
_MARKED = """
CREATE OR REPLACE TABLE {p}_marked AS
SELECT DISTINCT record, line, 'rejected' AS bucket, CAST(NULL AS VARCHAR) AS identity
FROM {p}_issues WHERE rejects
UNION ALL
SELECT record, line,
  CASE WHEN conflict THEN 'rejected' WHEN duplicate THEN 'duplicate' ELSE 'merged' END, {identity}
FROM {p}_repeated WHERE conflict OR duplicate OR record NOT IN (SELECT record FROM {p}_merged)
"""
_BUCKETS = """
CREATE OR REPLACE VIEW {p}_buckets AS
FROM {p}_marked
UNION ALL
SELECT record, line, 'loaded', {identity} FROM {p}_rows
WHERE record NOT IN (SELECT record FROM {p}_marked)
"""
_CONFLICT_ISSUES = """
INSERT INTO {p}_issues
SELECT record, line, 'sale_date', CAST(sale_date AS VARCHAR), 'CONFLICTING_DUPLICATE', true
FROM {p}_repeated WHERE conflict ORDER BY record
"""
_OPT_OUT_ISSUES = """
INSERT INTO {p}_issues
SELECT record, line, 'email_opt_out', NULL, 'OPT_OUT_KEPT', false FROM {p}_repeated
WHERE NOT email_opt_out
  AND customer IN (SELECT customer FROM {p}_repeated WHERE email_opt_out) ORDER BY record
"""


def fold_file(
    con: DuckDBPyConnection,
    parsed: ParsedFile,
    mapping: ColumnMapping,
    labels: str | None = None,
) -> None:
    """Fold the file's repeated identities; fill `{p}_folded` and `{p}_buckets`.

    `labels` names a table (label_norm, product_key) of decided labels: sale lines that carry
    only a known label get its product first.
    """
    if parsed.kind is FileKind.SALES:
        resolve_labels(con, parsed.prefix, labels)
    names = {"p": parsed.prefix, "identity": IDENTITY[parsed.kind]}
    rules = _folding_rules(parsed.kind, mapping.repeated == SUM_REPEATS)
    con.execute(_TWICE.format(**names))
    con.execute(_REPEATED.format(**names, **rules))
    kept = ", ".join(f"{_KEPT[parsed.kind].format(column)} AS {column}" for column in _PLACE)
    con.execute(_MERGED.format(**names, kept=kept, merged=_merged_fields(con, parsed)))
    for statement in (_FOLDED, _MARKED, _BUCKETS):
        con.execute(statement.format(**names))
    if parsed.kind is FileKind.SALES:
        con.execute(_CONFLICT_ISSUES.format(**names))
    if parsed.kind is FileKind.CLIENTS:
        con.execute(_OPT_OUT_ISSUES.format(**names))
    con.execute(f"DROP TABLE {parsed.prefix}_repeated")


def _folding_rules(kind: FileKind, sum_repeats: bool) -> dict[str, str]:
    """Return the SQL conditions of a row that conflicts, is superseded, or is a copy."""
    identity = IDENTITY[kind]
    # The identity of a contact is all it says, addresses compared without case.
    said = () if kind is FileKind.CONTACTS else stored_fields(kind)
    same = ", ".join((identity, *said))
    copy = f"row_number() OVER (PARTITION BY {same} ORDER BY record)"
    if kind is not FileKind.SALES:
        return {"same": same, "conflict": "false", "superseded": "false", "copy": copy}

    def last(field: str) -> str:
        return f"arg_max_null({field}, record) OVER (PARTITION BY {identity})"

    other = " OR ".join(
        f"{field} IS DISTINCT FROM {last(field)}"
        for field in ("product_key", "customer", "document_status")
    )
    return {
        "same": same,
        "conflict": f"sale_date <> {last('sale_date')}",
        "superseded": f"({other})",
        "copy": "1" if sum_repeats else copy,
    }


def _merged_fields(con: DuckDBPyConnection, parsed: ParsedFile) -> str:
    """Return the SQL that folds every column: the last filled cell, sums, any opt-out.

    Of clients it adds `addresses`: an opt-out follows each, also one that a later row corrects.
    """
    identity = IDENTITY[parsed.kind]
    columns = [row[0] for row in con.execute(f"DESCRIBE {parsed.prefix}_rows").fetchall()]
    folded = []
    for column in columns:
        if column in (*_PLACE, identity):
            continue
        if parsed.kind is FileKind.SALES and column in ("quantity_milli", "amount_cents"):
            folded.append(f"CAST(sum({column}) AS BIGINT) AS {column}")
        elif column == "email_opt_out":
            folded.append(f"bool_or({column}) AS {column}")
        else:
            folded.append(f"arg_max({column}, last_said) AS {column}")
    if parsed.kind is FileKind.CLIENTS:
        folded.append("list_distinct(list(email)) AS addresses")
    return ", ".join(folded)
