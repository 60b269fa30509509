"""Rows of one file that speak of the same thing are folded into one.

`{p}_folded` has one row per identity; `{p}_buckets` (record, line, bucket, identity) says for
every record what became of it so far: rejected, duplicate, merged, or NULL while open.
The rules are those of PRODUCT.md, "Identity of a sale line" and "Counting".
"""

import unicodedata

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.identity import IDENTITY, LINE_KEY, stored_fields
from core.ingest.mapping import ColumnMapping

SUM_REPEATS = "sum"

_REPEATED = """
CREATE OR REPLACE TABLE {p}_repeated AS
WITH found AS (
  SELECT * FROM {p}_rows
  WHERE {identity} IN (SELECT {identity} FROM {p}_rows GROUP BY {identity} HAVING count(*) > 1)
)
SELECT *, {conflict} AS conflict, {superseded} AS superseded, {copy} > 1 AS duplicate
FROM found
"""
_FOLDED = """
CREATE OR REPLACE TABLE {p}_folded AS
SELECT * EXCLUDE ({identity}), {identity}, 1 AS rows_folded FROM {p}_rows
WHERE {identity} NOT IN (SELECT {identity} FROM {p}_repeated)
UNION ALL BY NAME
SELECT max(record) AS record, arg_max(line, record) AS line, {merged},
  {identity}, count(*) AS rows_folded
FROM {p}_repeated WHERE NOT conflict AND NOT superseded AND NOT duplicate
GROUP BY {identity}
"""
_BUCKETS = """
CREATE OR REPLACE TABLE {p}_buckets AS
SELECT DISTINCT record, line, 'rejected' AS bucket, CAST(NULL AS VARCHAR) AS identity
FROM {p}_issues WHERE rejects
UNION ALL
SELECT record, line, CASE WHEN conflict THEN 'rejected' WHEN duplicate THEN 'duplicate'
  WHEN record <> max(record) FILTER (NOT conflict AND NOT superseded AND NOT duplicate)
    OVER (PARTITION BY {identity}) THEN 'merged' END, {identity}
FROM {p}_repeated
UNION ALL
SELECT record, line, NULL, {identity} FROM {p}_rows
WHERE {identity} NOT IN (SELECT {identity} FROM {p}_repeated)
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
_LABELS = """
SELECT DISTINCT product_label FROM {p}_rows
WHERE product_key IS NULL AND product_label IS NOT NULL ORDER BY product_label
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
        _resolve_labels(con, parsed.prefix, labels)
    names = {"p": parsed.prefix, "identity": IDENTITY[parsed.kind]}
    rules = _folding_rules(parsed.kind, mapping.repeated == SUM_REPEATS)
    con.execute(_REPEATED.format(**names, **rules))
    con.execute(_FOLDED.format(**names, merged=_merged_fields(con, parsed)))
    con.execute(_BUCKETS.format(**names))
    if parsed.kind is FileKind.SALES:
        con.execute(_CONFLICT_ISSUES.format(**names))
    if parsed.kind is FileKind.CLIENTS:
        con.execute(_OPT_OUT_ISSUES.format(**names))
    con.execute(f"DROP TABLE {parsed.prefix}_repeated")


def _folding_rules(kind: FileKind, sum_repeats: bool) -> dict[str, str]:
    """Return the SQL conditions of a row that conflicts, is superseded, or is a copy."""
    identity = IDENTITY[kind]
    same = ", ".join((identity, *stored_fields(kind)))
    copy = f"row_number() OVER (PARTITION BY {same} ORDER BY record DESC)"
    if kind is not FileKind.SALES:
        return {"conflict": "false", "superseded": "false", "copy": copy}

    def last(field: str) -> str:
        return f"arg_max_null({field}, record) OVER (PARTITION BY {identity})"

    other = " OR ".join(
        f"{field} IS DISTINCT FROM {last(field)}"
        for field in ("product_key", "customer", "document_status")
    )
    return {
        "conflict": f"sale_date <> {last('sale_date')}",
        "superseded": f"({other})",
        "copy": "1" if sum_repeats else copy,
    }


def _merged_fields(con: DuckDBPyConnection, parsed: ParsedFile) -> str:
    """Return the SQL that folds every column: the last filled cell, sums, any opt-out."""
    identity = IDENTITY[parsed.kind]
    columns = [row[0] for row in con.execute(f"DESCRIBE {parsed.prefix}_rows").fetchall()]
    folded = []
    for column in columns:
        if column in ("record", "line", identity):
            continue
        if parsed.kind is FileKind.SALES and column in ("quantity_milli", "amount_cents"):
            folded.append(f"CAST(sum({column}) AS BIGINT) AS {column}")
        elif column == "email_opt_out":
            folded.append(f"bool_or({column}) AS {column}")
        else:
            folded.append(f"arg_max({column}, record) AS {column}")
    return ", ".join(folded)


def normalise_label(label: str) -> str:
    """Return the comparison form of a product label: no case, accents or punctuation.

    >>> normalise_label("Riesling  Vieilles-Vignes, 2021 ")
    'riesling vieilles vignes 2021'
    """
    plain = unicodedata.normalize("NFKD", label.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())


def _resolve_labels(con: DuckDBPyConnection, prefix: str, labels: str | None) -> None:
    texts = [row[0] for row in con.execute(_LABELS.format(p=prefix)).fetchall()]
    con.execute(
        f"CREATE OR REPLACE TABLE {prefix}_label_norms AS "
        "SELECT unnest(?::VARCHAR[]) AS label, unnest(?::VARCHAR[]) AS label_norm",
        [texts, [normalise_label(text) for text in texts]],
    )
    if labels is None or not texts:
        return
    con.execute(
        f"UPDATE {prefix}_rows AS r SET product_key = k.product_key "
        f"FROM {prefix}_label_norms AS n JOIN {labels} AS k USING (label_norm) "
        "WHERE r.product_key IS NULL AND r.product_label = n.label"
    )
    con.execute(f"UPDATE {prefix}_rows SET line_key = {LINE_KEY} WHERE line_no IS NULL")


