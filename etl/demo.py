"""`python -m etl.demo`: the demo tenant with the sample winery imported and a first run.

Run again it changes nothing: what is there stays.
"""

import os
import sys
from datetime import date
from pathlib import Path

from core.errors import CrmError, NotFound
from core.jobs import migrate_jobs
from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.execute_run import create_run, execute
from core.services.import_ledger import list_imports
from core.services.import_paths import import_paths
from core.services.run_reports import list_runs
from core.settings import Settings, current_settings
from core.store.schema import migrate
from core.store.tenant import Store, Tenant, TenantStore, utc_now

DEMO_KEY = "demo"
DEMO_NAME = "Domaine Isavigne"
DEMO_AS_OF = date(2026, 10, 31)
SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "isavigne"


def build_demo(settings: Settings) -> None:
    """Create whatever of the demo is missing: schema, tenant, user, import, run."""
    migrate(settings)
    migrate_jobs(settings)
    store = Store(settings, utc_now)
    try:
        tenant_store = store.tenant_store(_demo_tenant(store))
        _import_samples(tenant_store)
        _first_run(tenant_store)
    finally:
        store.dispose()


def _demo_tenant(store: Store) -> Tenant:
    try:
        return accounts.tenant_by_key(store, DEMO_KEY)
    except NotFound:
        tenant = accounts.create_tenant(store, DEMO_KEY, DEMO_NAME, demo_as_of=DEMO_AS_OF)
        accounts.create_user(store, tenant, "demo", "demo", Role.ADMIN, is_demo=True)
        return tenant


def _import_samples(store: TenantStore) -> None:
    if not any(entry.status == "loaded" for entry in list_imports(store)):
        import_paths(store, SYSTEM, [SAMPLES])


def _first_run(store: TenantStore) -> None:
    if not list_runs(store):
        execute(store, create_run(store, SYSTEM))


def main() -> None:
    """Build the demo in the database of the environment; exit 1 with a sentence on failure."""
    os.environ.setdefault("DATABASE_URL", "sqlite:///./data/demo.db")
    try:
        build_demo(current_settings())
    except CrmError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
