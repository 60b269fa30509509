"""The read half of the import's figures: detect, read, validate, split into good and rejected.

    python -m benchmarks.import.read PATH/10m.csv

Each measurement runs in a process of its own, so that the peak of its memory is known; they
alternate with DuckDB's `CREATE TABLE AS` typed read of the same file, and the best of each
counts. A copy in cp1252 is measured apart: its transcoding is not DuckDB's work.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from core.ingest.clean import ParseOptions, parse_table
from core.ingest.dialect import read_dialect
from core.ingest.reader import ReadLimits, open_table
from core.ingest.suggest import suggest_mapping

ROUNDS = 3
_TYPES = {
    "document_id": "VARCHAR",
    "line_no": "VARCHAR",
    "client_code": "VARCHAR",
    "product_key": "VARCHAR",
    "quantity": "DECIMAL(12, 3)",
    "amount": "DECIMAL(12, 2)",
    "sale_date": "DATE",
    "document_status": "VARCHAR",
    "currency": "VARCHAR",
    "is_gift": "VARCHAR",
}


def typed_read(path: Path, _folder: Path) -> int:
    """Read the file into typed columns, bad rows left out; return the rows."""
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        con.execute(
            "CREATE TABLE lines AS FROM read_csv(?, header = true, ignore_errors = true,"
            " columns = ?)",
            [str(path), _TYPES],
        )
        return _count(con, "lines")


def checked_read(path: Path, folder: Path) -> int:
    """Detect, read and validate the file; return the rows that are good."""
    limits = ReadLimits(max_bytes=10 << 30)
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        dialect = read_dialect(path, limits)
        raw = open_table(con, path, dialect, "raw", folder, limits)
        suggestion = suggest_mapping(raw.headers, raw.samples(con), kind=None)
        options = ParseOptions(as_of=date(2026, 10, 31), tenant_currency="EUR")
        parse_table(con, raw, suggestion.to_mapping(tax_rate=None), dialect, options, "f")
        good, rejected = _count(con, "f_rows"), _count(con, "f_issues WHERE rejects")
        assert good + rejected >= raw.rows_in
        return good


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


def measure(work: Callable[[Path, Path], int], path: Path) -> tuple[float, float]:
    """Return seconds and peak GB of `work` on `path`, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, path))


def _measured(work: Callable[[Path, Path], int], path: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        work(path, Path(folder))
        seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        cp1252 = Path(name) / "cp1252.csv"
        with path.open(encoding="utf-8") as text, cp1252.open("w", encoding="cp1252") as out:
            out.writelines(text)
        measure(checked_read, path)  # compiles the kernel where its cache is cold
        found = [
            (measure(typed_read, path), measure(checked_read, path), measure(checked_read, cp1252))
            for _ in range(ROUNDS)
        ]
    names = ("DuckDB's typed read", "detect, read, validate, split", "the same, file in cp1252")
    unit = min(measured[0][0] for measured in found)
    print(f"| {path.name} | seconds | times the typed read | peak GB |\n|---|---|---|---|")
    for place, step in enumerate(names):
        best = min(measured[place][0] for measured in found)
        peak = max(measured[place][1] for measured in found)
        print(f"| {step} | {best:.1f} | {best / unit:.2f} | {peak:.1f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
