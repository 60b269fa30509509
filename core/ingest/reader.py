"""A file as a DuckDB table of text: one row per record, nothing parsed, nothing lost."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from duckdb import DuckDBPyConnection

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.dialect import Dialect, read_dialect
from core.ingest.pieces import NUMBERED, FileSplitter, Split, after_header
from core.ingest.plain import PlainPlan
from core.ingest.records import BAD_CODES, EXTRA_CELLS, RAW_BYTES, TOO_LONG
from core.ingest.single_quotes import SINGLE, swap_sql
from core.ingest.source import ReadLimits
from core.ingest.workbook import NUMBER_MARK, read_sheet

__all__ = ["RawTable", "ReadLimits", "open_table", "read_dialect", "read_table"]

LARGE_BYTES = 4 << 20  # a file from this size on is opened, and read once it is mapped
_SAMPLE_BYTES = 1 << 20
_SAMPLE_ROWS = 200
_BAD_TYPES = {"record": "BIGINT", "line": "BIGINT", "code": "INTEGER", "value": "VARCHAR"}


@dataclass(kw_only=True)
class RawTable:
    """A file read as text: `table` holds its rows, `{table}_bad` what is no row of it.

    Of a file that was only opened (`is_open`) the table holds the first rows. In the rows of a
    workbook (`marks_numbers`) cells that are numbers have `NUMBER_MARK` as their decimal sign.
    """

    table: str
    headers: tuple[str, ...]
    rows_in: int
    bad_rows: int
    path: Path
    work_dir: Path
    limits: ReadLimits
    is_open: bool = False
    marks_numbers: bool = False

    @property
    def bad_table(self) -> str:
        """Name of the table of records that are no row."""
        return f"{self.table}_bad"

    def column(self, header: str) -> str:
        """Return the column of the table that holds the cells under `header`."""
        return f"c{self.headers.index(header)}"

    def samples(self, con: DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
        """Return the distinct filled cells of the first rows under each header."""
        rows = con.execute(
            f"SELECT * EXCLUDE (record, line) FROM {self.table} "
            f"ORDER BY record LIMIT {_SAMPLE_ROWS}"
        ).fetchall()
        columns = zip(*rows, strict=True) if rows else ((),) * len(self.headers)
        return {
            header: tuple(
                dict.fromkeys(cell.replace(NUMBER_MARK, ".") for cell in cells if cell is not None)
            )
            for header, cells in zip(self.headers, columns, strict=True)
        }


def open_table(
    con: DuckDBPyConnection,
    path: Path,
    dialect: Dialect,
    table: str,
    work_dir: Path,
    limits: ReadLimits,
    large: int = LARGE_BYTES,
) -> RawTable:
    """Read the first rows of a text of `large` bytes or more, the whole of any other file.

    A text in single quotes is always read whole: its plain rows are none to the one-pass reader.

    What is missing is read by `core.ingest.clean.parse_table`, once it is known which columns
    matter. Raises as `read_table` does.
    """
    is_odd = dialect.container == "workbook" or dialect.quote == SINGLE
    if is_odd or path.stat().st_size < large:
        return read_table(con, path, dialect, table, work_dir, limits)
    raw = _unread(path, dialect, table, work_dir, limits)
    raw.is_open = True
    with _texts(raw) as (rows, bad):
        splitter = FileSplitter(path, dialect, limits, rows, bad)
        splitter.take_sample(_first_bytes(path, dialect, limits))
    _load(con, raw, dialect, splitter.split)
    return raw


def _first_bytes(path: Path, dialect: Dialect, limits: ReadLimits) -> bytes:
    sample = b""
    for chunk in islice(after_header(path, dialect, limits), 2):
        sample += chunk
        if len(sample) > _SAMPLE_BYTES:
            break
    return sample[:_SAMPLE_BYTES]


def read_table(
    con: DuckDBPyConnection,
    path: Path,
    dialect: Dialect,
    table: str,
    work_dir: Path,
    limits: ReadLimits,
) -> RawTable:
    """Read the file into `table` (record, line, c0, c1, …; NULL = empty cell).

    `{table}_bad` (record, line, code, value) takes every record that is no row of the table;
    `rows_in` counts both. Writes its intermediate texts under `work_dir`.
    Raises `FileRefused` when the file has no end to a line or its quotes do not balance.
    """
    raw = _unread(path, dialect, table, work_dir, limits)
    with _texts(raw) as (rows, bad):
        if dialect.container == "workbook":
            raw.marks_numbers = True
            split = _split_workbook(path, dialect, rows, bad, limits)
        else:
            splitter = FileSplitter(path, dialect, limits, rows, bad)
            for _ in splitter.batches():
                raise AssertionError("a plain row without a plan")
            split = splitter.split
    _load(con, raw, dialect, split)
    return raw


@contextmanager
def read_plain(
    con: DuckDBPyConnection, raw: RawTable, dialect: Dialect, plan: PlainPlan
) -> Iterator[tuple[pa.RecordBatchReader, Split]]:
    """Read an opened file: give its plain rows as batches, to be taken to the end.

    At the end of the context `raw.table` holds the rows that are not plain; the split then has
    the file's totals and votes.
    """
    with _texts(raw) as (rows, bad):
        splitter = FileSplitter(raw.path, dialect, raw.limits, rows, bad, plan)
        yield (
            pa.RecordBatchReader.from_batches(plan.schema, splitter.batches()),
            splitter.split,
        )
    _load(con, raw, dialect, splitter.split)


def _unread(
    path: Path, dialect: Dialect, table: str, work_dir: Path, limits: ReadLimits
) -> RawTable:
    return RawTable(
        table=table,
        headers=dialect.headers,
        rows_in=0,
        bad_rows=0,
        path=path,
        work_dir=work_dir,
        limits=limits,
    )


@contextmanager
def _texts(raw: RawTable) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    with _rows_path(raw).open("wb") as rows, _bad_path(raw).open("wb") as bad:
        yield rows, bad


def _rows_path(raw: RawTable) -> Path:
    return raw.work_dir / f"{raw.table}.rows"


def _bad_path(raw: RawTable) -> Path:
    return raw.work_dir / f"{raw.table}.bad"


def _load(con: DuckDBPyConnection, raw: RawTable, dialect: Dialect, split: Split) -> None:
    _load_rows(con, raw, dialect, split)
    _load_bad(con, raw, dialect, split)
    for written in (_rows_path(raw), _bad_path(raw)):
        written.unlink()
    raw.rows_in, raw.bad_rows = split.rows_in, split.bad


def _split_workbook(
    path: Path, dialect: Dialect, rows_out: BinaryIO, bad_out: BinaryIO, limits: ReadLimits
) -> Split:
    split = Split(line=dialect.data_line, records_before=[0], lines_before=[0])
    rows = read_sheet(path, limits, dialect.sheet or "")
    width = len(dialect.headers)
    for line, row in enumerate(rows[dialect.header_line :], start=dialect.header_line + 1):
        if not any(row):
            continue
        split.record += 1
        numbers = f"{split.record},{line},"
        surplus = any(row[width:])
        too_long = max(map(len, row)) > limits.max_cell_bytes // 4
        if surplus or too_long:
            code = EXTRA_CELLS if surplus else TOO_LONG
            shown = ",".join(row)[:RAW_BYTES].replace(NUMBER_MARK, ".")
            bad_out.write(f"{numbers}{code},{_quote([shown])}\n".encode())
            split.bad += 1
        else:
            text = ",".join(_quote([cell]) for cell in row[:width])
            written = f"{numbers}{text}{',' * (width - len(row))}\n".encode()
            rows_out.write(written)
            split.rows += 1
            split.longest = max(split.longest, len(written))
    return split


def _quote(cells: Sequence[str]) -> str:
    joined = ",".join(cells).replace('"', '""').replace("\0", " ")
    return f'"{joined}"'


# What lies before the piece of a file that a record stands in is added to its two numbers.
_NUMBERS = f"""
record % {NUMBERED} + $records[record // {NUMBERED} + 1] AS record,
line % {NUMBERED} + $lines[line // {NUMBERED} + 1] AS line
"""


def _load_rows(con: DuckDBPyConnection, raw: RawTable, dialect: Dialect, split: Split) -> None:
    cells = [f"c{k}" for k in range(len(dialect.headers))]
    if split.rows == 0:
        columns = ", ".join(f"{cell} VARCHAR" for cell in cells)
        con.execute(f"CREATE OR REPLACE TABLE {raw.table} (record BIGINT, line BIGINT, {columns})")
        return
    types = {"record": "BIGINT", "line": "BIGINT", **dict.fromkeys(cells, "VARCHAR")}
    if dialect.quote == SINGLE:
        cells = [f"{swap_sql(cell)} AS {cell}" for cell in cells]
    for parallel in (True, False):
        con.execute(
            f"CREATE OR REPLACE TABLE {raw.table} AS SELECT {_NUMBERS}, {', '.join(cells)} "
            "FROM read_csv($path, header = false, "
            "auto_detect = false, strict_mode = true, quote = '\"', escape = '\"', nullstr = '', "
            "allow_quoted_nulls = true, new_line = '\\n', delim = $delimiter, columns = $types, "
            "max_line_size = $longest, parallel = $parallel)",
            {
                "path": str(_rows_path(raw)),
                "delimiter": dialect.delimiter,
                "types": types,
                "longest": max(split.longest + 1024, 1 << 21),
                "parallel": parallel,
                "records": split.records_before,
                "lines": split.lines_before,
            },
        )
        counted = con.execute(f"SELECT count(*), max(record) FROM {raw.table}").fetchone()
        if counted is not None and counted[0] == split.rows and counted[1] <= split.record:
            return
    raise FileRefused(
        N_("The file cannot be read reliably: two counts of its rows differ. Save it again as CSV.")
    )


def _load_bad(con: DuckDBPyConnection, raw: RawTable, dialect: Dialect, split: Split) -> None:
    value = swap_sql("value") if dialect.quote == SINGLE else "value"
    con.execute(
        f"CREATE OR REPLACE TABLE {raw.bad_table}"
        " (record BIGINT, line BIGINT, code VARCHAR, value VARCHAR)"
    )
    if _bad_path(raw).stat().st_size:
        con.execute(
            f"INSERT INTO {raw.bad_table} SELECT {_NUMBERS}, ($codes::VARCHAR[])[code], {value} "
            "FROM read_csv($path, header = false, auto_detect = false, strict_mode = true, "
            "quote = '\"', escape = '\"', new_line = '\\n', delim = ',', "
            "columns = $types)",
            {
                "codes": list(BAD_CODES),
                "path": str(_bad_path(raw)),
                "types": _BAD_TYPES,
                "records": split.records_before,
                "lines": split.lines_before,
            },
        )
