"""A real worker whose runs of a known name do what a test wants of them, and a supervisor of it.

`python -m tests.contract.driven_worker` imports everything once and forks a worker; one that dies
is forked again, as `make run` does. A run whose id is `slow-N-…` tells its progress for N tenths
of a second and then writes by one transaction; `deadly-…` kills the worker; `away-N-…` finds the
database away N times. What begins and ends is written to `DATA_DIR/worked`: pid, what, subject.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter

from core.errors import StoreUnavailable
from core.jobs import RUN, attempt, watch, worker
from core.jobs.work import WORK
from core.services.progress import Progress
from core.settings import current_settings
from core.store.tenant import Store, TenantStore, utc_now

_PLAIN_RUN = WORK[RUN]
_away: Counter[str] = Counter()


def _note(store: TenantStore, what: str, subject: str) -> None:
    path = store.store.settings.data_dir / "worked"
    with path.open("a") as stream:
        stream.write(f"{os.getpid()} {what} {subject}\n")


def _work(store: TenantStore, subject: str, progress: Progress) -> object:
    how, *rest = subject.split("-")
    deadly = store.store.settings.data_dir / "deadly"
    _note(store, "begins", subject)
    if how == "deadly" or (deadly.exists() and deadly.read_text() == subject):
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "away" and _away[subject] < int(rest[0]):
        _away[subject] += 1
        raise StoreUnavailable("the database is away")
    if how == "slow":
        for tenth in range(int(rest[0])):
            progress("Slowly", tenth, int(rest[0]))
            time.sleep(0.1)
    if how in ("slow", "away"):
        with store.begin() as tx:
            tx.scalar("SELECT count(*) FROM run WHERE tenant_id = :tenant")
            _note(store, "ends", subject)
        return None
    return _PLAIN_RUN(store, subject, progress)


def work() -> None:
    """Work until SIGTERM, beating and looking around faster than usual."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: stop.set())
    WORK[RUN] = _work
    worker._BEAT_SECONDS = 0.5
    watch._LOOK_SECONDS = 0.5
    attempt._WAITS = (0.1, 0.2, 0.4, 0.8, 1.6)
    attempt._LOOK_SECONDS = 0.2
    store = Store(current_settings(), utc_now)
    worker.run_worker(store, stop)
    os._exit(0)  # what is still under way is not waited for


def main() -> None:
    """Fork a worker, and another when it dies, until this process is killed."""
    lives = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    while lives:
        child = os.fork()
        if child == 0:
            work()
        lives -= 1
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
