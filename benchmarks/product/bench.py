"""What the product costs beside the plainest way to do the same: import, run, export, pages, send.

    python -m benchmarks.product.bench

`BENCH_CUSTOMERS` says how many customers, 20 sale lines each; recipients are one in twenty-five,
at most 10,000. Postgres is the embedded one. Everything runs once beside its reference; the page
`benchmarks/RESULTS.md` and its plot are written anew.
"""

import os
import tempfile
from pathlib import Path

from benchmarks.pages.large_tenant import EMBEDDED, served
from benchmarks.product.results import Measured, results_text, shown, write_results
from benchmarks.product.steps import (
    measure_export,
    measure_import,
    measure_pages,
    measure_run,
    measure_sends,
    postgres_version,
)
from benchmarks.recommender.make_tenant import make_tenant
from benchmarks.scaling.loading import load_tenant
from benchmarks.scaling.worker import warm_up
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, utc_now

CUSTOMERS = 100_000
RECIPIENTS = 10_000
_WARM = 2_000
_PLACE = Path(__file__).resolve().parents[1]


def measure(folder: Path, customers: int) -> tuple[list[Measured], str]:
    """Return what was measured, and which Postgres it was."""
    make_tenant(folder / "source", customers)
    make_tenant(folder / "warm", _WARM)
    warm_up(folder / "warm")
    with served(EMBEDDED, folder) as (url, _):
        settings = Settings(database_url=url, data_dir=folder / "data", max_upload_mb=10_000)
        migrate(settings)
        store = Store(settings, utc_now)
        tenant = load_tenant(store, "bench", folder / "source")
        found = list(measure_import(store, url, folder, customers))
        run_id, run = measure_run(tenant, url)
        found += [run, measure_export(tenant, url, run_id), *measure_pages(tenant, url, run_id)]
        version = postgres_version(url)
        store.dispose()
    return [*found, measure_sends(min(RECIPIENTS, max(customers // 25, 50)))], version


def main(customers: int) -> None:
    """Measure, show the ratios, and write them down."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="crm", dir="/tmp") as name:  # socket paths are short
        Path(name).chmod(0o755)
        found, postgres = measure(Path(name), customers)
    print(shown(found))
    text = results_text(found, customers=customers, postgres=postgres, load=load)
    write_results(_PLACE, text, found)


if __name__ == "__main__":
    main(int(os.environ.get("BENCH_CUSTOMERS") or CUSTOMERS))
