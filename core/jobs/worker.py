"""A worker: it holds a slot, works on queued jobs and looks after what nobody asks for."""

import logging
import threading
import time
import uuid
from collections.abc import Callable

from dbos import DBOS, DBOSConfig

from core.errors import CrmError, Refused, frames_of
from core.i18n import N_
from core.jobs.kinds import QUEUES, Told, workflow_name
from core.jobs.queue import APPLICATION, UNEXPECTED, VERSION
from core.jobs.tables import jobs_url
from core.jobs.watch import watch_each_minute, watch_inboxes
from core.jobs.work import WORK
from core.logs import JOB, TENANT, bound, formatter_of
from core.services.accounts import tenant_by_id
from core.services.progress import Progress
from core.store.identity import beat
from core.store.locks import take_worker_slot
from core.store.roles import warn_of_login
from core.store.tenant import Store, TenantStore

_LOG = logging.getLogger(__name__)
_BEAT_SECONDS = 5.0
_TELL_SECONDS = 0.5
# A send may wait for Brevo's limits a long time: others go on beside it.
_CONCURRENCY = {"sends": 4}


def run_worker(store: Store, stop: threading.Event) -> None:
    """Work on queued jobs until `stop` is set.

    Raises `Refused` on SQLite when another worker runs already.
    """
    with take_worker_slot(store) as slot:
        if slot is None:
            raise Refused(N_("A worker runs already on this database. One is enough on SQLite."))
        warn_of_login(store)
        _launch(store, slot)
        if store.settings.raw_scan_seconds:
            threading.Thread(target=watch_inboxes, args=(store, stop), daemon=True).start()
        threading.Thread(target=watch_each_minute, args=(store, stop), daemon=True).start()
        try:
            while not stop.wait(_BEAT_SECONDS):
                beat(store, slot)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=0)


def _launch(store: Store, slot: str) -> None:
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": jobs_url(store.settings),
        "executor_id": slot,
        "application_version": VERSION,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    for handler in logging.getLogger("dbos").handlers:
        handler.setFormatter(formatter_of(store.settings.log_format))
    for kind in WORK:
        _register(store, kind)
    DBOS.launch()
    for queue in sorted(set(QUEUES.values())):
        at_once = _CONCURRENCY.get(queue, 1)
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=0.25)
    beat(store, slot)


def _register(store: Store, kind: str) -> None:
    work = WORK[kind]

    @DBOS.step(name=f"{workflow_name(kind)}_step")
    def step(tenant_id: str, subject: str) -> dict[str, object]:
        with bound(**{TENANT: tenant_id, JOB: str(DBOS.workflow_id)}):
            began = time.monotonic()
            _LOG.info("job begins")
            outcome = _guarded(lambda: work(_tenant_store(store, tenant_id), subject, _told()))
            how = "failed" if outcome else "done"
            _LOG.info("job %s after %.1f s", how, time.monotonic() - began)
            return outcome

    @DBOS.workflow(name=workflow_name(kind))
    def workflow(tenant_id: str, subject: str) -> dict[str, object]:
        return step(tenant_id, subject)


def _tenant_store(store: Store, tenant_id: str) -> TenantStore:
    return store.tenant_store(tenant_by_id(store, tenant_id))


def _guarded(work: Callable[[], object]) -> dict[str, object]:
    """Do `work`; turn an error into what the page will say, with a reference for the log."""
    try:
        outcome = work()
    except CrmError as error:
        return {"error": error.to_data()}
    except Exception as error:  # noqa: BLE001 - a job's page must say that it ended
        reference = uuid.uuid4().hex[:8]
        _LOG.error("job failed, reference %s: %s", reference, frames_of(error))
        return {"error": {"message": UNEXPECTED, "values": {"reference": reference}}}
    return {"told": dict(outcome)} if isinstance(outcome, Told) else {}


def _told() -> Progress:
    """Return a progress callback that writes at most twice a second, and every new stage."""
    told_stage, told_at = "", 0.0

    def tell(stage: str, done: int, total: int, /) -> None:
        nonlocal told_stage, told_at
        moment = time.monotonic()
        if stage == told_stage and done < total and moment - told_at < _TELL_SECONDS:
            return
        told_stage, told_at = stage, moment
        DBOS.set_event("progress", [stage, done, total])

    return tell
