"""`python -m etl.main_multi`: import the raw folder of every tenant that has files waiting.

The files that lie in a folder become one import; they are moved into its archive, so that none
is read twice. A file that is refused is put into `raw/refused/`, the reason beside it. An import
with a grave warning or an open question waits on the Upload page. One tenant's refused folder does
not stop the others; the exit code is 1 when anything was refused or waits.
"""

import logging
import os
import sys
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Busy, CrmError, frames_of, sentence_of
from core.i18n import N_, SOURCE_LANGUAGE, language_of, translate
from core.services import accounts
from core.services.command_lock import clear_abandoned
from core.services.import_ledger import LOADED
from core.services.import_report import PLANNED
from core.services.import_warnings import grave_warnings, warning_text
from core.services.inbox import take_in, work_on
from core.settings import current_settings
from core.store.tenant import Store, TenantStore, utc_now

_LOG = logging.getLogger(__name__)
_STOPPED = N_("Stopped on an unexpected error (reference %(reference)s).")
_ASKS = N_("%(name)s waits on the Upload page. %(sentence)s")
_WAITS = N_("Import %(import_id)s (%(files)s) waits on the Upload page to be looked at.")


def import_raw_folders(store: Store, language: str = SOURCE_LANGUAGE) -> list[str]:
    """Import every tenant's `raw/`; return a sentence for all that was refused or waits."""
    return [
        f"{tenant.key}: {sentence}"
        for tenant in accounts.list_tenants(store)
        for sentence in _sentences(store.tenant_store(tenant), language)
    ]


def _sentences(store: TenantStore, language: str) -> Iterator[str]:
    """Import one tenant's `raw/`; whatever stands against it is a sentence, never an exception."""
    refused: list[CrmError] = []
    try:
        clear_abandoned(store)
        waiting = take_in(store, tell=refused.append)
    except Exception as error:  # noqa: BLE001 - the other tenants' folders go on
        yield _sentence(error, language)
        waiting = []
    yield from (error.sentence(language) for error in refused)
    for import_id in waiting:
        try:
            yield from _work_on(store, import_id, language)
        except Exception as error:  # noqa: BLE001 - the other imports go on
            yield _sentence(error, language)


def _sentence(error: Exception, language: str) -> str:
    if isinstance(error, CrmError):
        return error.sentence(language)
    reference = uuid.uuid4().hex[:8]
    _LOG.error("inbox failed, reference %s: %s", reference, frames_of(error))
    return translate(language, _STOPPED, reference=reference)


def _work_on(store: TenantStore, import_id: str, language: str) -> Iterator[str]:
    try:
        report = work_on(store, import_id)
    except Busy:  # a worker is at it
        return
    if report["status"] != LOADED:
        yield from _open_sentences(report, language, store.tenant.currency)


def _open_sentences(report: Mapping[str, Any], language: str, currency: str) -> Iterator[str]:
    names = []
    for file in report["files"]:
        names.append(file["name"])
        waiting = file["recognition"]["waits_for"]
        if waiting:
            sentence = sentence_of(waiting, language)
            yield translate(language, _ASKS, name=file["name"], sentence=sentence)
    if report["status"] == PLANNED:
        values = {"import_id": report["import_id"], "files": ", ".join(names)}
        yield translate(language, _WAITS, **values)
        yield from (
            " ".join(warning_text(warning, language, currency))
            for warning in grave_warnings(report)
        )


def main() -> None:
    """Import all raw folders of this instance."""
    refused = import_raw_folders(Store(current_settings(), utc_now), language_of(os.environ))
    for sentence in refused:
        sys.stderr.write(f"{sentence}\n")
    sys.exit(1 if refused else 0)


if __name__ == "__main__":
    main()
