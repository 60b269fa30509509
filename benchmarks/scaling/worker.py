"""A worker for the measurements: warm before it takes anything, its shards real or only waiting.

    python -m benchmarks.scaling.worker FOLDER [SECONDS]

It first recommends to the few customers of `FOLDER`, which loads what is compiled, and prints
`ready`. With `SECONDS` its shards wait so long and do nothing else.
"""

import sys
import threading
import time
from datetime import date
from pathlib import Path

from benchmarks.recommender.make_tenant import open_tenant
from core.jobs.worker import run_worker
from core.policy import Policy
from core.services import shard_run
from core.services.compute_lists import COMPUTING, Stages, compute_lists
from core.services.progress import no_progress
from core.settings import Settings
from core.store.tenant import Store, utc_now

AS_OF = date(2026, 3, 14)


def warm_up(folder: Path) -> None:
    """Recommend to the customers of `folder`: what is compiled is loaded then."""
    with open_tenant(folder) as con:
        compute_lists(con, AS_OF, Policy(), Stages(no_progress, COMPUTING))


def main(folder: Path, waits: float | None) -> None:
    """Warm up, then work on jobs until killed."""
    if waits is None:
        warm_up(folder)
    else:
        shard_run._compute = lambda *_given, **_named: time.sleep(waits) or {}
    print("ready", flush=True)
    run_worker(Store(Settings(), utc_now), threading.Event())


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else None)
