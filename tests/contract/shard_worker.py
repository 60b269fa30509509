"""A worker as `python -m core worker` runs it, in shards as soon as it is asked; it may die."""

import os
import signal
import sys
import threading

from core.jobs.worker import run_worker
from core.services import shard_run
from core.settings import Settings
from core.store.tenant import Store, utc_now


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if sys.argv[1] == "dies":
        shard_run.store_lists = _die  # verdicts are stored by then, lists are not
    run_worker(Store(Settings(), utc_now), threading.Event())
