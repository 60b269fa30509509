"""Rows asked for by their keys, without reading all the others.

A key is found by an index, which takes one processor: on Postgres several connections look up a
part of the keys each, and see the same state. Where the keys are very many, or no index finds
them, the database joins them as it thinks best.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from duckdb import DuckDBPyConnection

from core.store.bulk import csv_chunks, fetch_by_chunks, fetch_by_copy, read_copied
from core.store.transaction import Transaction

_KEYS_AT_ONCE = 25_000
_MOST_LOOKUPS = 10  # parts: more keys are no few among ten million
_LOOKING_UP = 2


def fetch_wanted(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    keys: str,
    *,
    by_index: bool = True,
    **values: object,
) -> None:
    """Create DuckDB `table` like `fetch_table` from `sql`, which joins the relation `wanted`.

    `wanted` has the columns of DuckDB's select `keys`, all of them text, each row once, and may
    hold a part of them at a time; with `by_index` the database has an index for them.
    """
    columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
    wanted = [row[0] for row in con.execute(f"DESCRIBE {keys}").fetchall()]
    if tx.is_sqlite:
        _fetch_by_json(tx, con, table, types, sql, keys, wanted, values)
        return
    parts = csv_chunks(con, keys, _KEYS_AT_ONCE)
    few = list(islice(parts, _MOST_LOOKUPS + 1)) if by_index else []
    if 1 < len(few) <= _MOST_LOOKUPS:
        _look_up(tx, con, table, types, sql, wanted, few, values)
        return
    with tx.temporary_texts("wanted", wanted, chain(few, parts), looked_up=len(few) == 1):
        fetch_by_copy(tx, con, table, types, sql, values)


def _look_up(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    wanted: Sequence[str],
    parts: Sequence[BinaryIO],
    values: Mapping[str, object],
) -> None:
    snapshot = tx.share_snapshot()
    with TemporaryDirectory(prefix="iacrm-") as folder, ThreadPoolExecutor(_LOOKING_UP) as workers:

        def copy_part(place: int) -> Path:
            path = Path(folder) / f"{place}.csv"
            with (
                tx.beside(snapshot) as other,
                other.temporary_texts("wanted", wanted, [parts[place]], looked_up=True),
                path.open("wb") as stream,
            ):
                other.copy_out(sql, stream, **values)
            return path

        for path in workers.map(copy_part, range(len(parts))):
            read_copied(con, table, types, path)


def _fetch_by_json(
    tx: Transaction,
    con: DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    sql: str,
    keys: str,
    wanted: Sequence[str],
    values: Mapping[str, object],
) -> None:
    cells = ", ".join(f"value ->> {place} AS {name}" for place, name in enumerate(wanted))
    chunked = f"WITH wanted AS (SELECT {cells} FROM json_each(:wanted)) {sql}"
    for rows in _key_lists(con, keys):
        fetch_by_chunks(tx, con, table, types, chunked, {**values, "wanted": json.dumps(rows)})


def _key_lists(con: DuckDBPyConnection, keys: str) -> Iterator[list[tuple[str, ...]]]:
    result = con.cursor().execute(keys)
    while rows := result.fetchmany(_KEYS_AT_ONCE):
        yield rows
