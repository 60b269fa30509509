"""A file as a DuckDB table of text: one row per record, nothing parsed, nothing lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
from duckdb import DuckDBPyConnection

from core.errors import FileRefused
from core.i18n import N_
from core.ingest.dialect import Dialect, read_dialect
from core.ingest.records import BAD_CODES, EXTRA_CELLS, RAW_BYTES, TOO_LONG, Bytes, split_records
from core.ingest.source import ReadLimits, read_utf8
from core.ingest.workbook import read_sheet

__all__ = ["RawTable", "ReadLimits", "read_dialect", "read_table"]

_SAMPLE_ROWS = 200
_WIDEST_GROWTH = 3  # an unquoted cell `a"` is written back as `"a"""`
_BAD_TYPES = {"record": "BIGINT", "line": "BIGINT", "code": "INTEGER", "value": "VARCHAR"}
_NUMBER_BYTES = 44  # two numbers and their delimiters in front of a record


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """A file read as text: `table` holds its rows, `{table}_bad` what is no row of it."""

    table: str
    headers: tuple[str, ...]
    rows_in: int
    bad_rows: int

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
            header: tuple(dict.fromkeys(cell for cell in cells if cell is not None))
            for header, cells in zip(self.headers, columns, strict=True)
        }


@dataclass
class _Split:
    """Running totals of one file's records."""

    record: int = 0
    line: int = 0
    rows: int = 0
    bad: int = 0
    unclosed: int = 0
    longest: int = 0


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
    clean, bad = work_dir / f"{table}.rows", work_dir / f"{table}.bad"
    with clean.open("wb") as rows_out, bad.open("wb") as bad_out:
        if dialect.container == "workbook":
            split = _split_workbook(path, dialect, rows_out, bad_out, limits)
        else:
            split = _split_text(path, dialect, rows_out, bad_out, limits)
    _load_rows(con, clean, dialect, table, split)
    _load_bad(con, bad, f"{table}_bad")
    for written in (clean, bad):
        written.unlink()
    return RawTable(
        table=table, headers=dialect.headers, rows_in=split.rows + split.bad, bad_rows=split.bad
    )


def _split_text(
    path: Path, dialect: Dialect, rows_out: BinaryIO, bad_out: BinaryIO, limits: ReadLimits
) -> _Split:
    split = _Split(line=dialect.data_line)
    chunks = _after_header(path, dialect, limits)
    pending = next(chunks, b"")
    for chunk in chain(chunks, (None,)):
        too_long = len(pending) > limits.max_record_bytes
        give_up = too_long and dialect.line_end.encode() in pending
        consumed = _split_chunk(
            pending, chunk is None, give_up, dialect, limits, split, rows_out, bad_out
        )
        _refuse_endless(path, pending[consumed:], chunk, dialect, limits, split)
        pending = pending[consumed:] + (chunk or b"")
    return split


def _after_header(path: Path, dialect: Dialect, limits: ReadLimits) -> Iterator[bytes]:
    """Yield the text from `data_line` on."""
    to_skip = dialect.data_line - 1
    end = dialect.line_end.encode()
    for chunk in read_utf8(path, dialect.container, dialect.encoding, limits):
        if to_skip:
            parts = chunk.split(end, to_skip)
            to_skip -= len(parts) - 1
            if not to_skip:
                yield parts[-1]
        else:
            yield chunk


def _split_chunk(
    data: bytes,
    final: bool,
    give_up: bool,
    dialect: Dialect,
    limits: ReadLimits,
    split: _Split,
    rows_out: BinaryIO,
    bad_out: BinaryIO,
) -> int:
    end = ord(dialect.line_end)
    records = data.count(dialect.line_end.encode()) + 1
    room = len(data) * _WIDEST_GROWTH + records * _NUMBER_BYTES
    out: Bytes = np.empty(room, dtype=np.uint8)
    bad: Bytes = np.empty(room, dtype=np.uint8)
    consumed, n_out, n_bad, split.record, split.line, rows, bads, unclosed, longest = split_records(
        np.frombuffer(data, dtype=np.uint8),
        final,
        give_up,
        ord(dialect.delimiter),
        end,
        len(dialect.headers),
        dialect.trailing_delimiter,
        limits.max_cell_bytes,
        split.record,
        split.line,
        out,
        bad,
    )
    split.rows += rows
    split.bad += bads
    split.unclosed += unclosed
    split.longest = max(split.longest, longest)
    rows_out.write(out[:n_out].data)
    bad_out.write(bad[:n_bad].data)
    return int(consumed)


def _refuse_endless(
    path: Path,
    pending: bytes,
    chunk: bytes | None,
    dialect: Dialect,
    limits: ReadLimits,
    split: _Split,
) -> None:
    too_long = len(pending) > limits.max_record_bytes
    if chunk is not None and too_long and dialect.line_end.encode() not in pending:
        raise FileRefused(
            N_("%(name)s: line %(line)s has no end. This is probably no table."),
            name=path.name,
            line=split.line,
        )
    if split.unclosed > limits.max_quote_recoveries:
        raise FileRefused(
            N_(
                "%(name)s: the quotes do not balance before line %(line)s. Export the file "
                'with doubled quotes ("") inside cells.'
            ),
            name=path.name,
            line=split.line,
        )


def _split_workbook(
    path: Path, dialect: Dialect, rows_out: BinaryIO, bad_out: BinaryIO, limits: ReadLimits
) -> _Split:
    split = _Split(line=dialect.data_line)
    _, rows = read_sheet(path, limits)
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
            bad_out.write(f"{numbers}{code},{_quote([','.join(row)[:RAW_BYTES]])}\n".encode())
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


def _load_rows(
    con: DuckDBPyConnection, clean: Path, dialect: Dialect, table: str, split: _Split
) -> None:
    cells = [f"c{k}" for k in range(len(dialect.headers))]
    if split.rows == 0:
        columns = ", ".join(f"{cell} VARCHAR" for cell in cells)
        con.execute(f"CREATE OR REPLACE TABLE {table} (record BIGINT, line BIGINT, {columns})")
        return
    types = {"record": "BIGINT", "line": "BIGINT", **dict.fromkeys(cells, "VARCHAR")}
    for parallel in (True, False):
        con.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM read_csv(?, header = false, "
            "auto_detect = false, strict_mode = true, quote = '\"', escape = '\"', nullstr = '', "
            "allow_quoted_nulls = true, new_line = '\\n', delim = ?, columns = ?, "
            "max_line_size = ?, parallel = ?)",
            [str(clean), dialect.delimiter, types, max(split.longest + 1024, 1 << 21), parallel],
        )
        counted = con.execute(f"SELECT count(*), max(record) FROM {table}").fetchone()
        if counted is not None and counted[0] == split.rows and counted[1] <= split.record:
            return
    raise FileRefused(
        N_("The file cannot be read reliably: two counts of its rows differ. Save it again as CSV.")
    )


def _load_bad(con: DuckDBPyConnection, bad: Path, table: str) -> None:
    con.execute(
        f"CREATE OR REPLACE TABLE {table} (record BIGINT, line BIGINT, code VARCHAR, value VARCHAR)"
    )
    if bad.stat().st_size:
        con.execute(
            f"INSERT INTO {table} SELECT record, line, (?::VARCHAR[])[code], value "
            "FROM read_csv(?, header = false, auto_detect = false, strict_mode = true, "
            "quote = '\"', escape = '\"', new_line = '\\n', delim = ',', "
            "columns = ?)",
            [list(BAD_CODES), str(bad), _BAD_TYPES],
        )
