"""How many rows there are of something in DuckDB."""

from duckdb import DuckDBPyConnection


def count_rows(con: DuckDBPyConnection, source: str) -> int:
    """Return how many rows `source` has: what stands after FROM, with a condition if need be."""
    [(rows,)] = con.execute(f"SELECT count(*) FROM {source}").fetchall()
    return int(rows)
