"""`python -m etl.main_multi`: import the raw folder of every tenant that has files waiting.

The files that lie in a folder become one import; they are moved into its archive, so that none
is read twice. A file that leaves something open makes its import wait on the Upload page. One
tenant's refused folder does not stop the others; the exit code is 1 when any was refused or waits.
"""

import logging
import sys
import uuid
from collections.abc import Iterator

from core.errors import Busy, CrmError, frames_of, sentence_of
from core.services import accounts
from core.services.command_lock import clear_abandoned
from core.services.import_ledger import LOADED
from core.services.inbox import take_in, work_on
from core.settings import current_settings
from core.store.tenant import Store, TenantStore, utc_now

_LOG = logging.getLogger(__name__)


def import_raw_folders(store: Store) -> list[str]:
    """Import every tenant's `raw/`; return a sentence for each file or tenant that was refused."""
    refused = []
    for tenant in accounts.list_tenants(store):
        try:
            sentences = list(_import_waiting(store.tenant_store(tenant)))
        except CrmError as error:
            sentences = [str(error)]
        except Exception as error:  # noqa: BLE001 - the other tenants' folders go on
            reference = uuid.uuid4().hex[:8]
            _LOG.error("inbox failed, reference %s: %s", reference, frames_of(error))
            sentences = [f"Stopped on an unexpected error (reference {reference})."]
        refused += [f"{tenant.key}: {sentence}" for sentence in sentences]
    return refused


def _import_waiting(store: TenantStore) -> Iterator[str]:
    clear_abandoned(store)
    for import_id in take_in(store):
        try:
            report = work_on(store, import_id)
        except Busy:  # a worker is at it
            continue
        if report["status"] != LOADED:
            yield from _open_sentences(report)


def _open_sentences(report: dict[str, object]) -> Iterator[str]:
    for file in report["files"]:  # type: ignore[attr-defined]
        waiting = file["recognition"]["waits_for"]
        if waiting:
            yield f"{file['name']} waits on the Upload page. {sentence_of(waiting)}"
    if report["status"] == "planned":
        yield f"Import {report['import_id']} waits on the Upload page to be confirmed."


def main() -> None:
    """Import all raw folders of this instance."""
    refused = import_raw_folders(Store(current_settings(), utc_now))
    for sentence in refused:
        sys.stderr.write(f"{sentence}\n")
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
