"""What shards are worked out from, as bytes: arrays, tables and notes in one compressed archive.

Arrays are NumPy's own format and tables are Parquet: bytes that hold data and no code.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

_CODEC = pa.Codec("zstd", compression_level=1)
_SIZE_BYTES = 8
_ARRAY, _TABLE, _NOTES = ".npy", ".parquet", "notes.json"

# What is told of products, the same for every customer.
COMMON_TABLES: Mapping[str, str] = {
    name: f"SELECT * FROM {name} ORDER BY ALL"
    for name in ("products", "product_numbers", "product_facts")
}
# What is told of the customers of a range, who are numbered from 0 there. Addresses and contacts
# stay behind: the rules that read them have judged (`customer_failures`).
_RANGE = "customer_no >= $low AND customer_no < $high"
_RENUMBERED = "SELECT * REPLACE ((customer_no - $low)::INTEGER AS customer_no)"
CUSTOMER_TABLES: Mapping[str, str] = {
    "customer_numbers": f"{_RENUMBERED} FROM customer_numbers WHERE {_RANGE} ORDER BY customer_no",
    "customer_facts": f"""
        SELECT customer, (customer_no - $low)::INTEGER AS customer_no, state, segment,
            monetary_cents
        FROM customer_facts WHERE {_RANGE} ORDER BY customer_no
    """,
    **{
        name: f"{_RENUMBERED} FROM {name} WHERE {_RANGE} ORDER BY ALL"
        for name in (
            "customer_products",
            "customer_families",
            "customer_sweetness",
            "customer_failures",
        )
    },
    "sent_items": f"""
        SELECT sent_items.*
        FROM sent_items
        SEMI JOIN (FROM customer_numbers WHERE {_RANGE}) AS own USING (customer)
        ORDER BY ALL
    """,
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Arrays and tables by name, and notes that JSON can hold."""

    arrays: Mapping[str, NDArray[Any]]
    tables: Mapping[str, pa.Table]
    notes: Mapping[str, Any] = field(default_factory=dict)


def fetch_tables(
    con: DuckDBPyConnection, queries: Mapping[str, str], **values: int
) -> dict[str, pa.Table]:
    """Return the rows of `queries` by name."""
    return {
        name: con.sql(query, params=values or None).to_arrow_table()
        for name, query in queries.items()
    }


def create_tables(con: DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    """Create the DuckDB tables of a part."""
    for name, table in tables.items():
        con.register("of_part", table)
        con.execute(f"CREATE OR REPLACE TABLE {name} AS FROM of_part")
        con.unregister("of_part")


def pack(part: Part) -> bytes:
    """Return a part as bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, array in part.arrays.items():
            entry = zipfile.ZipInfo(
                f"{name}{_ARRAY}"
            )  # of no moment: the same part, the same bytes
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        for name, table in part.tables.items():
            entry = zipfile.ZipInfo(f"{name}{_TABLE}")
            with archive.open(entry, "w", force_zip64=True) as member:
                pq.write_table(table, member, compression="NONE")
        archive.writestr(zipfile.ZipInfo(_NOTES), json.dumps(part.notes))
    plain = stream.getbuffer()
    packed: bytes = _CODEC.compress(plain, asbytes=True)
    return len(plain).to_bytes(_SIZE_BYTES, "big") + packed


def unpack(content: bytes) -> Part:
    """Return the part of these bytes; nothing in them is run."""
    size = int.from_bytes(content[:_SIZE_BYTES], "big")
    plain = _CODEC.decompress(memoryview(content)[_SIZE_BYTES:], size)
    arrays, tables = {}, {}
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        for name in archive.namelist():
            if name.endswith(_ARRAY):
                with archive.open(name) as member:
                    arrays[name.removesuffix(_ARRAY)] = np.lib.format.read_array(
                        member, allow_pickle=False
                    )
            elif name.endswith(_TABLE):
                tables[name.removesuffix(_TABLE)] = pq.read_table(io.BytesIO(archive.read(name)))
        notes = json.loads(archive.read(_NOTES))
    return Part(arrays=arrays, tables=tables, notes=notes)
