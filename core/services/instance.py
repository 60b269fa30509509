"""The one store of this process, and whether the instance is well."""

from dataclasses import dataclass
from functools import lru_cache

from core.errors import StoreUnavailable
from core.settings import current_settings
from core.store.identity import worker_alive
from core.store.readiness import missing_columns
from core.store.tenant import Store, utc_now


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
