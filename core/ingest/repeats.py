"""How the sale lines that a file repeats differ: the evidence for adding them up or not."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.identity import IDENTITY

# Only lines folded into another one are looked at: nearly none of a large file.
_REPEATED = """
WITH folded AS (SELECT identity FROM {p}_buckets WHERE bucket IN ('merged', 'duplicate')),
lines AS (
  SELECT * EXCLUDE (record, line) FROM {p}_rows
  WHERE {identity} IN (SELECT identity FROM folded)
)
SELECT
  count(*) - count(DISTINCT {identity}),
  count(*) - (SELECT count(*) FROM (SELECT DISTINCT * FROM lines))
FROM lines
"""


def count_repeated(con: DuckDBPyConnection, prefix: str) -> dict[str, int]:
    """Return how many sale lines repeat another (`identical`) or its identity only (`differing`).

    Call it once `compare` has filled `{prefix}_buckets`.
    """
    query = _REPEATED.format(p=prefix, identity=IDENTITY[FileKind.SALES])
    row = con.execute(query).fetchone()
    assert row is not None
    surplus, identical = row
    return {"identical": identical, "differing": surplus - identical}
