"""Many rows between the persistent database and DuckDB: COPY on Postgres, chunks on SQLite.

Text is carried as it is: NULL and the empty string stay different things both ways.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.store.tenant import TenantStore, Transaction

_ARROW: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.int64(),
    "DATE": pa.string(),
    "TIMESTAMP": pa.string(),
}
_FETCH_ROWS = 50_000


def fetch_table(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    **values: object,
) -> None:
    """Create DuckDB table `table` with columns `types` from the rows of `sql`.

    `sql` selects the columns in the order of `types` and names `:tenant`.
    """
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
    if tx.is_sqlite:
        _fetch_by_chunks(tx, con, table, types, sql, values)
    else:
        _fetch_by_copy(tx, con, table, types, sql, values)


def _fetch_by_chunks(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    values: Mapping[str, object],
) -> None:
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in types.items()])
    casts = ", ".join(f'CAST("{name}" AS {kind})' for name, kind in types.items())
    for rows in tx.stream(sql, _FETCH_ROWS, **values):
        arrays = [
            pa.array(cells, field.type)
            for cells, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        con.register("fetched_chunk", pa.Table.from_arrays(arrays, schema=schema))
        con.execute(f"INSERT INTO {table} SELECT {casts} FROM fetched_chunk")
        con.unregister("fetched_chunk")


def _fetch_by_copy(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    values: Mapping[str, object],
) -> None:
    with _exchange_file() as path:
        with path.open("wb") as stream:
            tx.copy_out(sql, stream, **values)
        reader = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        con.execute(
            f"INSERT INTO {table} SELECT * FROM read_csv(?, header=false, auto_detect=false,"
            f" delim=',', quote='\"', escape='\"', nullstr='\\N', allow_quoted_nulls=false,"
            f" columns={{{reader}}}, max_line_size=100000000)",
            [str(path)],
        )


def store_rows(
    tx: Transaction, con: DuckDBPyConnection, select: str, table: str, columns: Sequence[str]
) -> None:
    """Insert the rows of DuckDB's `select` into `table`; `tenant_id` is added to each.

    `columns` names the selected columns in order, `tenant_id` left out.
    """
    if tx.is_sqlite:
        for rows in _chunks_of_text(tx, con, select, columns, _FETCH_ROWS):
            _insert_rows(tx, table, columns, rows)
    else:
        _store_by_copy(tx, con, select, table, columns)


def store_rows_in_steps(
    store: TenantStore,
    con: DuckDBPyConnection,
    select: str,
    table: str,
    columns: Sequence[str],
) -> None:
    """Insert like `store_rows`, committing every chunk so that no writer waits for long.

    For rows that stay invisible until a later, small transaction publishes them.
    """
    chunk = store.store.settings.etl_chunk_size
    if store.store.data_engine.dialect.name == "postgresql":
        with store.begin() as tx:
            _store_by_copy(tx, con, select, table, columns)
        return
    for rows in _chunks_of_text(store, con, select, columns, chunk):
        with store.begin() as tx:
            _insert_rows(tx, table, columns, rows)


def _chunks_of_text(
    owner: Transaction | TenantStore,
    con: DuckDBPyConnection,
    select: str,
    columns: Sequence[str],
    size: int,
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows with the tenant put first and dates as SQLite keeps them: text."""
    names = ", ".join(f'"{name}"' for name in columns)
    source = f"({select}) AS source({names})"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    cells = ", ".join(
        f'CAST("{name}" AS VARCHAR)' if kind.startswith(("DATE", "TIME")) else f'"{name}"'
        for name, kind, *_ in described
    )
    result = con.cursor().execute(f"SELECT '{owner.tenant_id}', {cells} FROM {source}")
    while rows := result.fetchmany(size):
        yield rows


def _insert_rows(
    tx: Transaction, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert tuples in the order of `columns` into `table` of SQLite."""
    names = ", ".join(f'"{name}"' for name in ("tenant_id", *columns))
    marks = ", ".join("?" * (len(columns) + 1))
    tx.insert_tuples(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def _store_by_copy(
    tx: Transaction, con: DuckDBPyConnection, select: str, table: str, columns: Sequence[str]
) -> None:
    """Copy through a temporary table: Postgres refuses COPY FROM where row security applies."""
    names = ", ".join(f'"{name}"' for name in columns)
    with _exchange_file() as path:
        con.execute(
            f"COPY ({select}) TO '{path}' (FORMAT csv, HEADER false, NULL '\\N', FORCE_QUOTE *)"
        )
        with path.open("rb") as stream:
            tx.copy_in(table, names, stream)


@contextmanager
def _exchange_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="iacrm-") as folder:
        yield Path(folder) / "rows.csv"
