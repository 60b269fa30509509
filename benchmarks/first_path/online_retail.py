"""The whole path on Online Retail, side by side with DuckDB's typed read of the same file.

    python -m benchmarks.first_path.online_retail PATH/OnlineRetail.csv.gz

Prints seconds and ratios: one import (read, check, compare, load into a fresh SQLite), one run
(read, facts, ranking, audit, repair, store) and one export, each divided by what DuckDB takes to
read the unpacked file into a typed table in the same process.
"""

import gzip
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from core.services.accounts import SYSTEM, create_tenant
from core.services.execute_run import create_run, execute
from core.services.export_run import write_exports
from core.services.import_paths import import_paths
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now

AS_OF = date(2011, 12, 10)
MAPPING = Path(__file__).resolve().parents[2] / "samples" / "mappings" / "online_retail.json"


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def reference(source: Path, folder: Path) -> float:
    """Return the seconds of the best of three typed reads of the unpacked file."""
    plain = folder / "plain.csv"
    with gzip.open(source) as packed, plain.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    with duckdb.connect() as con:
        return min(
            timed(lambda: con.execute(f"CREATE OR REPLACE TABLE t AS FROM read_csv('{plain}')"))
            for _ in range(3)
        )


def main(source: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(database_url=f"sqlite:///{folder}/crm.db", data_dir=folder / "data")
        migrate(settings)
        store = Store(settings, utc_now)
        tenant = store.tenant_store(create_tenant(store, "retail", "Retail"))
        unit = reference(source, folder)
        seconds = {
            "import": timed(
                lambda: import_paths(tenant, SYSTEM, [source], mapping_file=MAPPING, as_of=AS_OF)
            )
        }
        run_id = create_run(tenant, SYSTEM, as_of=AS_OF)
        seconds["run"] = timed(lambda: execute(tenant, run_id))
        seconds["export"] = timed(lambda: write_exports(tenant, run_id, folder / "out"))
        print(f"| step | seconds | times DuckDB's typed read ({unit:.2f} s) |\n|---|---|---|")
        for step, spent in seconds.items():
            print(f"| {step} | {spent:.1f} | {spent / unit:.0f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
