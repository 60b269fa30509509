"""What a corrected sales file says no more of the lines that its corrections touch.

A corrected row may be the last word on a line that another row of its file has brought: the line
may then be of another product, and wait for it, or be no sale any more that a return had found.
What the file said of such a line before counts for nothing; what other files say of it stays.
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.identity import IDENTITY, stored_fields

# `{family}` is said by the file itself or by an earlier correction of it. The visible row is no
# version (it has no sha256): with none at all it is what is there now, of which nothing counts.
_FORGET = """
DELETE FROM {p}_said WHERE {family}
"""
_HIDE = """
UPDATE {p}_said SET sha256 = NULL WHERE sha256 = '' AND line_key IN (
    SELECT line_key FROM {p}_said WHERE {family}
)
"""
# Sales that returns may find: of the lines judged here what the file or others say now.
_BESIDE = """
CREATE OR REPLACE VIEW {p}_beside AS
SELECT * FROM {state} WHERE line_key NOT IN (SELECT line_key FROM {p}_rows)
"""
_SOLD = """
CREATE OR REPLACE TABLE {p}_sold AS
SELECT customer, product_key, document_id, sale_date FROM {sold}
UNION ALL
SELECT customer, product_key, document_id, sale_date FROM {p}_said
WHERE sha256 <> '' AND quantity_milli > 0 AND document_status IS DISTINCT FROM 'cancelled'
"""
_OTHERS = """
CREATE OR REPLACE TABLE {p}_others AS
SELECT line_key, {newest} FROM (
    SELECT *, strftime(exported_at, '%Y%m%d%H%M%S%f') || sha256 AS version FROM {p}_said
    WHERE sha256 <> '' AND line_key IN (SELECT identity FROM {p}_holds)
)
GROUP BY line_key
"""
_WITHDRAWN = """
CREATE OR REPLACE TABLE {p}_withdrawn AS
SELECT *, 'older' AS action FROM {state}
WHERE line_key IN (SELECT identity FROM {p}_holds)
    AND line_key NOT IN (SELECT line_key FROM {p}_others)
"""
_UNSAID = """
CREATE OR REPLACE TABLE {p}_withdrawn_said AS SELECT identity AS line_key FROM {p}_holds
"""


def forget_family(con: DuckDBPyConnection, prefix: str, family: str) -> None:
    """Take out of `{p}_said` what the file said before: the merged rows stand for it.

    `family` is the condition that a version is of this file or of an earlier correction of it. The
    visible row of its lines keeps its cells and loses its version.
    """
    for query in (_HIDE, _FORGET):
        con.execute(query.format(p=prefix, family=family))


def find_beside(con: DuckDBPyConnection, prefix: str, state: str, sold: str) -> tuple[str, str]:
    """Return the tables of the sales that returns of the merged rows may find.

    The first has the rows of `state` that are not judged here; the second, of the columns of
    `sold`, what was said otherwise.
    """
    con.execute(_BESIDE.format(p=prefix, state=state))
    con.execute(_SOLD.format(p=prefix, sold=sold))
    return f"{prefix}_beside", f"{prefix}_sold"


def find_withdrawn(con: DuckDBPyConnection, prefix: str, state: str) -> bool:
    """Create what becomes of lines in `state` that wait by now; tell whether there are any.

    `{p}_others`: as the other files say them; `{p}_withdrawn`: those that nobody else says, to be
    taken away; `{p}_withdrawn_said` (line_key): those of which this file says nothing.
    """
    waiting = f"{state} WHERE line_key IN (SELECT identity FROM {prefix}_holds)"
    said = f"duckdb_tables() WHERE table_name = '{prefix}_said'"
    if not count_rows(con, waiting) or not count_rows(con, said):
        return False
    identity = IDENTITY[FileKind.SALES]
    fields = [field for field in stored_fields(FileKind.SALES) if field != identity]
    newest = ", ".join(f"arg_max({field}, version) AS {field}" for field in fields)
    con.execute(_OTHERS.format(p=prefix, newest=newest))
    con.execute(_WITHDRAWN.format(p=prefix, state=state))
    con.execute(_UNSAID.format(p=prefix))
    return True
