"""`python -m etl.main_multi`: import the raw folder of every tenant that has files waiting.

A folder is one import; files of an import that is loaded already change nothing. One tenant's
refused folder does not stop the others; the exit code is 1 when any was refused.
"""

import sys

from core.errors import CrmError
from core.services import accounts
from core.services.accounts import SYSTEM
from core.services.import_paths import TABLE_SUFFIXES, import_paths
from core.settings import current_settings
from core.store.tenant import Store, TenantStore, utc_now


def import_raw_folders(store: Store) -> list[str]:
    """Import every tenant's `raw/`; return a sentence per tenant that was refused."""
    refused = []
    for tenant in accounts.list_tenants(store):
        tenant_store = store.tenant_store(tenant)
        try:
            _import_waiting(tenant_store)
        except CrmError as error:
            refused.append(f"{tenant.key}: {error}")
    return refused


def _import_waiting(store: TenantStore) -> None:
    raw = store.folder / "raw"
    waiting = raw.is_dir() and any(p.suffix.lower() in TABLE_SUFFIXES for p in raw.iterdir())
    if waiting:
        import_paths(store, SYSTEM, [raw])


def main() -> None:
    """Import all raw folders of this instance."""
    refused = import_raw_folders(Store(current_settings(), utc_now))
    for sentence in refused:
        sys.stderr.write(f"{sentence}\n")
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
