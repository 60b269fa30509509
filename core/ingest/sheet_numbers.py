"""Cells of a workbook that are numbers: they come through whatever its texts are written with."""

from duckdb import DuckDBPyConnection

from core.ingest.derive import NUMERIC
from core.ingest.mapping import ColumnMapping
from core.ingest.reader import RawTable
from core.ingest.values import quote_literal
from core.ingest.workbook import NUMBER_MARK


def write_numbers(
    con: DuckDBPyConnection, raw: RawTable, mapping: ColumnMapping, decimal: str
) -> None:
    """Write numbers of the raw table with `decimal` where `mapping` reads numbers, else a point.

    Nothing is done where no cell has a mark.
    """
    if not raw.marks_numbers:
        return
    numeric = mapping.headers_of(NUMERIC)
    mark = quote_literal(NUMBER_MARK)
    cells = ", ".join(
        f"replace({column}, {mark}, '{decimal if header in numeric else '.'}') AS {column}"
        for header, column in ((header, raw.column(header)) for header in raw.headers)
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {raw.table} AS SELECT * REPLACE ({cells}) FROM {raw.table}"
    )
    raw.marks_numbers = False
