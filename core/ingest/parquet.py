"""Parquet files in SQL: paths are quoted here and nowhere else."""

from collections.abc import Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from core.ingest.values import quote_literal


def write_parquet(con: DuckDBPyConnection, rows: str, path: Path) -> None:
    """Write the rows of the query `rows` to `path`."""
    con.execute(f"COPY ({rows}) TO {quote_path(path)} (FORMAT parquet)")


def parquet_rows(paths: Sequence[Path]) -> str:
    """Return SQL of the rows of all `paths`, columns matched by name."""
    quoted = ", ".join(quote_path(path) for path in paths)
    return f"read_parquet([{quoted}], union_by_name = true)"


def quote_path(path: Path) -> str:
    """Return `path` as an SQL string literal.

    >>> quote_path(Path("/srv/l'atelier/data"))
    "'/srv/l''atelier/data'"
    """
    return quote_literal(str(path))
