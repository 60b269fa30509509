"""What workers ask for though nobody clicked: files in inboxes, campaigns that wait, erasures."""

import logging
import threading
from collections.abc import Callable, Sequence

from core.errors import CrmError, frames_of
from core.jobs.kinds import ERASE, FORGET, RECONCILE, SCHEDULE, SEND, TAKE
from core.jobs.queue import GIVEN_UP, UNEXPECTED, enqueue, job_of
from core.jobs.shards import look_after_shards
from core.services.accounts import SYSTEM, Actor, list_tenants
from core.services.campaign_watch import due_work
from core.services.erase_brevo import pending_contacts
from core.services.erasure import open_erasures
from core.services.failed_sign_ins import record_failures
from core.services.inbox import INBOX, take_in
from core.services.live_switch import may_ask_brevo
from core.services.schedule_due import enter_due, open_occurrences
from core.store.tenant import Store, TenantStore

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 60.0


def watch_inboxes(store: Store, stop: threading.Event) -> None:
    """Look into every inbox at the interval of the settings, until `stop` is set."""
    while True:
        try:
            scan_inboxes(store)
        except Exception as error:  # noqa: BLE001 - the next look may find the database again
            _LOG.error("the inboxes could not be looked into: %s", frames_of(error))
        if stop.wait(store.settings.raw_scan_seconds):
            return


def watch_each_minute(store: Store, stop: threading.Event) -> None:
    """Look every minute after what nobody asks for: what is due, left, or failed meanwhile."""
    looks = (look_after_schedules, look_after_campaigns, look_after_shards, record_failures)
    while not stop.wait(_LOOK_SECONDS):
        for look in looks:
            try:
                look(store)
            except Exception as error:  # noqa: BLE001 - the next look may find the database again
                _LOG.error("%s could not be done: %s", look.__name__, frames_of(error))


def look_after_campaigns(store: Store) -> None:
    """Ask for the work that campaigns and erasures wait for."""
    _look_after_each(store, _ask_for_campaigns)


def look_after_schedules(store: Store) -> None:
    """Enter what is due by schedules, and ask for the work on all that has not ended."""
    enter_due(store)
    _look_after_each(store, _ask_for_occurrences)


def _look_after_each(store: Store, look: Callable[[TenantStore], None]) -> None:
    """Look after every company; what goes wrong with one keeps no other waiting."""
    for tenant in list_tenants(store):
        try:
            look(store.tenant_store(tenant))
        except Exception as error:  # noqa: BLE001 - the others are looked after all the same
            _LOG.error("%s failed for %s: %s", look.__name__, tenant.key, frames_of(error))


def _ask_for_campaigns(store: TenantStore) -> None:
    """Ask for sends that stopped, events to be read, and what erasures wait for."""
    look_after_erasures(store)
    due = due_work(store)
    for campaign_id in due.to_send:
        enqueue(store, SYSTEM, SEND, campaign_id)
    for campaign_id in due.to_reconcile:
        _ask_once(store, SYSTEM, RECONCILE, campaign_id, but_after=(GIVEN_UP,))


def _ask_for_occurrences(store: TenantStore) -> None:
    for occurrence_id in open_occurrences(store):
        enqueue(store, SYSTEM, SCHEDULE, occurrence_id)


def look_after_erasures(store: TenantStore) -> None:
    """Ask for what erasures wait for: those that had to wait, and contacts left at Brevo."""
    for request_id in open_erasures(store):
        _ask_once(store, SYSTEM, ERASE, request_id)
    if pending_contacts(store) and may_ask_brevo(store):
        _ask_once(store, SYSTEM, FORGET, store.tenant_id, but_after=(GIVEN_UP,))


def scan_inboxes(store: Store) -> None:
    """Take in the files of every tenant's inbox and ask for the work on them.

    What goes wrong with one tenant's files is logged and keeps no other's waiting.
    """
    for tenant in list_tenants(store):
        tenant_store = store.tenant_store(tenant)
        try:
            for import_id in take_in(tenant_store):
                _ask_once(tenant_store, INBOX, TAKE, import_id)
        except CrmError as error:
            _LOG.info("inbox of %s: %s", tenant.key, error.message)  # its values may name people
        except Exception as error:  # noqa: BLE001 - the inboxes of the others go on
            _LOG.error("inbox of %s failed: %s", tenant.key, frames_of(error))


def _ask_once(
    store: TenantStore,
    actor: Actor,
    kind: str,
    subject: str,
    but_after: Sequence[str] = (UNEXPECTED, GIVEN_UP),
) -> None:
    """Ask for work that nobody follows, but not again after an end with one of these sentences."""
    job = job_of(store, kind, subject)
    if job is None or (job.error or {}).get("message") not in but_after:
        enqueue(store, actor, kind, subject)
