"""Erasure of a whole company: its rows in every table, its jobs, its files, its people.

It can be done again after a kill: the company itself goes last.
"""

import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from core.errors import Refused
from core.i18n import N_
from core.services.accounts import tenant_by_key
from core.services.import_turn import import_turn
from core.services.progress import Progress, no_progress
from core.store.locks import campaign_lock, is_held
from core.store.reclaim import empty_log
from core.store.tenant import Store, TenantStore
from core.store.tenant_rows import (
    campaigns_in_flight,
    count_tenant_rows,
    delete_tenant,
    delete_tenant_rows,
    load_unfinished,
    shut_tenant_out,
)

_LOG = logging.getLogger(__name__)
ForgetAll = Callable[[TenantStore], int]
STAGE_JOBS, STAGE_ROWS = N_("Removing jobs"), N_("Removing rows")
STAGE_FOLDER = N_("Removing the folder")
_NOT_TYPED = N_("Type the key of the company once more to erase all of it: %(key)s.")
_IN_FLIGHT = N_(
    "A live campaign of this company is being sent, or a message of it is on its way. Pause or"
    " cancel it, wait until nothing is under way, then try again. Nothing was erased."
)
_TRIES, _WAIT_SECONDS = 60, 1.0


@dataclass(frozen=True, kw_only=True)
class ErasedTenant:
    """What went: rows of the company's data, jobs, files, and people of no other company."""

    rows: int
    jobs: int
    files: int
    people: int


def rows_of_tenant(store: Store, key: str) -> dict[str, int]:
    """Return how many rows each table has of the company; raise `NotFound` without it."""
    return count_tenant_rows(store.tenant_store(tenant_by_key(store, key)))


def erase_tenant(
    store: Store,
    key: str,
    confirmation: str,
    forget_all_jobs: ForgetAll,
    progress: Progress = no_progress,
) -> ErasedTenant:
    """Erase a company; `confirmation` is its key once more.

    `forget_all_jobs` removes its jobs and refuses while one of them runs. Raises `NotFound`, and
    `Refused`, with nothing erased, while a live campaign is in flight or other work is under way.
    Contacts that were pushed to Brevo stay there.
    """
    tenant = store.tenant_store(tenant_by_key(store, key))
    if confirmation != key:
        raise Refused(_NOT_TYPED, key=key)
    with import_turn(tenant, waits=False):
        _refuse_in_flight(tenant)
        progress(STAGE_JOBS, 0, 1)
        jobs = forget_all_jobs(tenant)
        people = shut_tenant_out(store, tenant.tenant_id)
        progress(STAGE_ROWS, 0, 1)
        rows = delete_tenant_rows(tenant)
    progress(STAGE_FOLDER, 0, 1)
    files = _remove_folder(tenant)
    delete_tenant(store, tenant.tenant_id)
    # What somebody wrote between: from here on nobody can begin anything for it.
    jobs += _when_idle(lambda: forget_all_jobs(tenant))
    rows += delete_tenant_rows(tenant)
    files += _remove_folder(tenant)
    empty_log(store)
    _LOG.warning("a company was erased: %s", tenant.tenant_id)
    return ErasedTenant(rows=rows, jobs=jobs, files=files, people=people)


def _refuse_in_flight(tenant: TenantStore) -> None:
    """Refuse while a message may be on its way: a sender that wakes up later finds no campaign."""
    with tenant.read() as tx:
        unfinished = load_unfinished(tx)
    is_sending = any(is_held(tenant, campaign_lock(campaign_id)) for campaign_id in unfinished)
    if is_sending or campaigns_in_flight(tenant):
        raise Refused(_IN_FLIGHT)


def _when_idle(work: Callable[[], int]) -> int:
    """Do what is refused while a job runs: one that has lost its company ends by itself."""
    for _ in range(_TRIES):
        with suppress(Refused):
            return work()
        time.sleep(_WAIT_SECONDS)
    return work()


def _remove_folder(tenant: TenantStore) -> int:
    files = sum(1 for path in tenant.folder.rglob("*") if path.is_file())
    shutil.rmtree(tenant.folder, ignore_errors=True)
    return files
