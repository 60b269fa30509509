"""How the recommender writes its DuckDB tables: one query, one table, parameters bound."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Columns = dict[str, NDArray[Any]]


def create_table(con: DuckDBPyConnection, table: str, query: str, **parameters: object) -> None:
    """Create or replace `table` from `query`, whose `$name` parameters are all in `parameters`."""
    con.execute(f"CREATE OR REPLACE TABLE {table} AS {query}", parameters)


def create_table_from_arrays(
    con: DuckDBPyConnection,
    table: str,
    columns: Mapping[str, NDArray[Any] | pa.Array | pa.ChunkedArray],
) -> None:
    """Create or replace `table` from arrays of equal length, one per column."""
    create_table_from_parts(con, table, [columns])


def create_table_from_parts(
    con: DuckDBPyConnection,
    table: str,
    parts: Iterable[Mapping[str, NDArray[Any] | pa.Array | pa.ChunkedArray]],
) -> None:
    """Create or replace `table` from one or more parts with the same columns, each as it comes."""
    name, write = f"{table}_arrays", f"CREATE OR REPLACE TABLE {table} AS"
    for part in parts:
        con.register(name, pa.table(dict(part)))
        con.execute(f"{write} SELECT * FROM {name}")
        con.unregister(name)
        write = f"INSERT INTO {table}"


def create_table_from_rows(
    con: DuckDBPyConnection, table: str, schema: pa.Schema, rows: Sequence[tuple[object, ...]]
) -> None:
    """Create or replace `table` from `rows`, whose values follow `schema`; rows may be none."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    name = f"{table}_rows"
    con.register(name, pa.table(columns, schema=schema))
    con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {name}")
    con.unregister(name)


def fetch_columns(
    con: DuckDBPyConnection, query: str, **parameters: object
) -> dict[str, NDArray[Any]]:
    """Return the columns of `query`, without NULL and of the types it gives, in its order."""
    found = con.sql(query, params=parameters).to_arrow_table()
    return {name: _as_array(found.column(name)) for name in found.column_names}


def _as_array(column: pa.ChunkedArray) -> NDArray[Any]:
    chunks = [chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks]
    return np.concatenate(chunks) if chunks else column.to_numpy()


def offsets_of(groups: NDArray[Any], number: int) -> IntArray:
    """Return where each of `number` groups begins and ends in rows ordered by group.

    >>> offsets_of(np.array([0, 0, 2]), 3).tolist()
    [0, 2, 2, 3]
    """
    counts = np.bincount(groups, minlength=number)
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
