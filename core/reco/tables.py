"""How the recommender writes its DuckDB tables: one query, one table, parameters bound."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def create_table(con: DuckDBPyConnection, table: str, query: str, **parameters: object) -> None:
    """Create or replace `table` from `query`, whose `$name` parameters are all in `parameters`."""
    con.execute(f"CREATE OR REPLACE TABLE {table} AS {query}", parameters)


def create_table_from_arrays(
    con: DuckDBPyConnection, table: str, columns: dict[str, NDArray[Any]]
) -> None:
    """Create or replace `table` from arrays of equal length, one per column."""
    name = f"{table}_arrays"
    con.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {name}")
    con.unregister(name)


def create_table_from_rows(
    con: DuckDBPyConnection, table: str, schema: pa.Schema, rows: Sequence[tuple[object, ...]]
) -> None:
    """Create or replace `table` from `rows`, whose values follow `schema`; rows may be none."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    name = f"{table}_rows"
    con.register(name, pa.table(columns, schema=schema))
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {name}")
    con.unregister(name)


def fetch_arrays(con: DuckDBPyConnection, query: str) -> dict[str, IntArray]:
    """Return the columns of `query`, whole numbers without NULL, in the order of its rows."""
    columns = con.execute(query).fetchnumpy()
    return {name: np.asarray(values, dtype=np.int64) for name, values in columns.items()}
