"""Many rows between the persistent database and DuckDB: COPY on Postgres, chunks on SQLite.

Text is carried as it is: NULL and the empty string stay different things both ways.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
from duckdb import DuckDBPyConnection

from core.store.sqlite_steps import insert_in_steps
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
_COPIES_AT_ONCE = 2
_ROWS_AT_ONCE = 25_000  # of a copy: small enough that both have about the same to do
_ROWS_UNDER_LOCK = 1_000  # at least, of SQLite
_SUPERSEDED = "superseded"

# Puts the rows of these keys out of use.
Supersede = Callable[[Transaction, Sequence[str]], None]


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
        fetch_by_chunks(tx, con, table, types, sql, values)
    else:
        fetch_by_copy(tx, con, table, types, sql, values)


def fetch_by_chunks(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    values: Mapping[str, object],
) -> None:
    """Insert the rows of SQLite's `sql` into DuckDB `table`."""
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


def fetch_by_copy(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    values: Mapping[str, object],
) -> None:
    """Insert the rows of Postgres' `sql` into DuckDB `table`."""
    with _exchange_file() as path:
        with path.open("wb") as stream:
            tx.copy_out(sql, stream, **values)
        read_copied(con, table, types, path)


def read_copied(con: DuckDBPyConnection, table: str, types: Mapping[str, str], path: Path) -> None:
    """Insert the rows that `Transaction.copy_out` wrote to `path` into DuckDB `table`."""
    reader = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    con.execute(
        f"INSERT INTO {table} SELECT * FROM read_csv(?, header=false, auto_detect=false,"
        f" delim=',', new_line='\\n', quote='\"', escape='\"', nullstr='\\N',"
        f" allow_quoted_nulls=false, columns={{{reader}}}, max_line_size=100000000)",
        [str(path)],
    )


def store_rows_in_steps(
    store: TenantStore,
    con: DuckDBPyConnection,
    select: str,
    table: str,
    columns: Sequence[str],
    supersede: Supersede | None = None,
) -> None:
    """Insert the rows of DuckDB's `select` into `table`; `tenant_id` is added to each.

    `columns` names the selected columns in order, `tenant_id` left out. It is committed in parts,
    so that no writer waits for long: for rows that stay invisible until a later, small
    transaction publishes them. For `supersede` one more column is selected, the last: the key of
    the row that this one supersedes, or NULL; it is called with those of a part before its rows.
    """
    if store.store.data_engine.dialect.name == "postgresql":
        _copy_in_steps(store, con, select, table, columns, supersede)
        return
    chunks = _chunks_of_text(store, con, select, columns, supersede)
    insert_in_steps(store, chunks, partial(_insert_rows, table, columns, supersede))


def _chunks_of_text(
    store: TenantStore,
    con: DuckDBPyConnection,
    select: str,
    columns: Sequence[str],
    supersede: Supersede | None,
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows with the tenant put first and dates as SQLite keeps them: text."""
    names = ", ".join(f'"{name}"' for name in (*columns, *([_SUPERSEDED] if supersede else [])))
    source = f"({select}) AS source({names})"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    cells = ", ".join(
        f'CAST("{name}" AS VARCHAR)' if kind.startswith(("DATE", "TIME")) else f'"{name}"'
        for name, kind, *_ in described
    )
    result = con.cursor().execute(f"SELECT '{store.tenant_id}', {cells} FROM {source}")
    while rows := result.fetchmany(min(_ROWS_UNDER_LOCK, store.store.settings.etl_chunk_size)):
        yield rows


def _insert_rows(
    table: str,
    columns: Sequence[str],
    supersede: Supersede | None,
    tx: Transaction,
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Insert tuples in the order of `columns` into `table` of SQLite."""
    names = ", ".join(f'"{name}"' for name in ("tenant_id", *columns))
    marks = ", ".join("?" * (len(columns) + 1))
    if supersede is not None:
        if keys := [row[-1] for row in rows if row[-1] is not None]:
            supersede(tx, keys)
        rows = [row[:-1] for row in rows]
    tx.insert_tuples(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def _copy_in_steps(
    store: TenantStore,
    con: DuckDBPyConnection,
    select: str,
    table: str,
    columns: Sequence[str],
    supersede: Supersede | None,
) -> None:
    """Copy chunks side by side while DuckDB makes the next one: the indexes cost the most."""
    names = ", ".join(f'"{name}"' for name in columns)

    def store_chunk(chunk: BinaryIO, superseded: Sequence[str]) -> None:
        with store.begin() as tx:
            tx.commit_lazily()
            if supersede is not None and superseded:
                supersede(tx, superseded)
            tx.copy_in(table, names, chunk)

    size = min(_ROWS_AT_ONCE, store.store.settings.etl_chunk_size)
    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(max_workers=_COPIES_AT_ONCE) as workers:
        for batch in con.cursor().sql(select).to_arrow_reader(size):
            superseded = _filled(batch.columns[-1]) if supersede is not None else []
            chunk = _csv(batch.select(range(len(columns))))
            # With what this thread is fenced by: else a process that lost its work would copy on.
            copying = partial(copy_context().run, store_chunk, chunk, superseded)
            under_way.append(workers.submit(copying))
            if len(under_way) > _COPIES_AT_ONCE:
                under_way.popleft().result()
        for copy in under_way:
            copy.result()


def _filled(keys: pa.Array) -> list[str]:
    if keys.null_count == len(keys):
        return []
    return [key for key in keys.to_pylist() if key is not None]


def csv_chunks(con: DuckDBPyConnection, select: str, size: int) -> Iterator[BinaryIO]:
    """Yield the rows, `size` at once, as CSV that Postgres reads back."""
    for batch in con.cursor().sql(select).to_arrow_reader(size):
        yield _csv(batch)


def _csv(batch: pa.RecordBatch) -> BinaryIO:
    """Return the rows as CSV: NULL unquoted, every text quoted."""
    chunk = BytesIO()
    pyarrow.csv.write_csv(batch, chunk, pyarrow.csv.WriteOptions(include_header=False))
    chunk.seek(0)
    return chunk


@contextmanager
def _exchange_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="iacrm-") as folder:
        yield Path(folder) / "rows.csv"
