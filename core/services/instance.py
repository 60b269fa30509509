"""The one store of this process, and whether the instance is well."""

import asyncio
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache

from core.errors import StoreUnavailable
from core.settings import current_settings
from core.store.identity import worker_alive
from core.store.readiness import missing_columns
from core.store.tenant import Store, utc_now

ANSWER_SECONDS = 1.5
_GIVEN_UP_SECONDS = 10.0


@lru_cache(maxsize=1)
def app_store() -> Store:
    """Return the store of this process, opened at the first call."""
    return Store(current_settings(), utc_now)


@dataclass(frozen=True, kw_only=True)
class Health:
    """What an operator asks first: database, schema, worker."""

    database: bool
    migrations: bool
    worker: bool

    @property
    def is_ok(self) -> bool:
        """True when nothing is missing."""
        return self.database and self.migrations and self.worker


def check_health(store: Store) -> Health:
    """Ask the database for its schema and for a living worker; answer when it is silent too."""
    try:
        migrations = not missing_columns(store)
        worker = migrations and worker_alive(store)
    except StoreUnavailable:
        return Health(database=False, migrations=False, worker=False)
    return Health(database=True, migrations=migrations, worker=worker)


_SILENT = Health(database=False, migrations=False, worker=False)


class HealthProbe:
    """Asks for the health in a thread of its own, so that a database that hangs holds up nobody.

    Whoever asks while one is under way is given its answer. One that has not come back after
    `_GIVEN_UP_SECONDS` may never do: the next question begins anew.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._asked_at, self._answer = 0.0, Future[Health]()
        self._answer.set_result(_SILENT)

    def ask(self) -> "Future[Health]":
        """Return the answer to come."""
        with self._lock:
            is_given_up = time.monotonic() - self._asked_at > _GIVEN_UP_SECONDS
            if self._answer.done() or is_given_up:
                self._answer, self._asked_at = Future(), time.monotonic()
                asking = threading.Thread(target=self._find, args=(self._answer,), daemon=True)
                asking.start()
            return self._answer

    def _find(self, answer: "Future[Health]") -> None:
        try:
            answer.set_result(check_health(self._store))
        except Exception:  # noqa: BLE001 - whatever it is, no page can be served
            answer.set_result(_SILENT)


@lru_cache(maxsize=4)
def probe_of(store: Store) -> HealthProbe:
    """Return the one probe of a store."""
    return HealthProbe(store)


async def find_health(probe: HealthProbe) -> Health:
    """Return the health as told within `ANSWER_SECONDS`; a database silent so long is away."""
    asked = asyncio.wrap_future(probe.ask())
    try:
        return await asyncio.wait_for(asyncio.shield(asked), ANSWER_SECONDS)
    except TimeoutError:
        return _SILENT
