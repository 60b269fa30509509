"""A worker: it holds a slot, works on queued jobs and looks after what nobody asks for."""

import logging
import os
import threading
import time
from contextlib import suppress
from typing import Any

from dbos import DBOS, DBOSConfig, error

from core.errors import Refused, frames_of
from core.i18n import N_
from core.jobs.attempt import Attempt, JobLost, patiently, try_job
from core.jobs.kinds import HEAVY_QUEUES, QUEUES, SEND, SHARD, workflow_name
from core.jobs.queue import APPLICATION, VERSION, client_of
from core.jobs.reaper import Reaper
from core.jobs.records import JobFailed
from core.jobs.tables import jobs_url
from core.jobs.watch import watch_each_minute, watch_inboxes
from core.jobs.work import WORK
from core.logs import JOB, TENANT, bound, formatter_of
from core.services.accounts import tenant_by_id
from core.store.identity import beat
from core.store.roles import warn_of_login
from core.store.slots import Hold, Slot, take_worker_slot
from core.store.tenant import Store

_LOG = logging.getLogger(__name__)
_BEAT_SECONDS = 5.0
_POLL_SECONDS = 0.25
_NOT_OWN = "is no longer owned by this execution"  # it was stopped, or is another's
_SLOT_LOST = 75  # exit code: what supervises a worker starts it again
# A send may wait for Brevo's limits a long time, and takes nothing meanwhile: others go on beside
# it, of the same company (but not all places) and of others.
_SENDS, _SENDS_OF_ONE = 8, 4


class _Running:
    """The tries of this process that are under way, as the executor `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._attempts: dict[str, Attempt] = {}

    def add(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts[attempt.job_id] = attempt

    def remove(self, attempt: Attempt) -> None:
        with self._lock:
            self._attempts.pop(attempt.job_id, None)

    def stop(self) -> None:
        """Let every try end where it next says how far it is, and count none against its job."""
        self.stopping.set()
        with self._lock:
            for attempt in self._attempts.values():
                with suppress(Exception):  # the database may be away: then it counts
                    attempt.uncount()


def run_worker(store: Store, stop: threading.Event) -> None:
    """Work on queued jobs until `stop` is set.

    Raises `Refused` on SQLite when another worker runs already.
    """
    with take_worker_slot(store) as slot:
        if slot is None:
            raise Refused(N_("A worker runs already on this database. One is enough on SQLite."))
        warn_of_login(store)
        running = _Running(slot.name)
        _launch(store, slot, running)
        if store.settings.raw_scan_seconds:
            threading.Thread(target=watch_inboxes, args=(store, stop), daemon=True).start()
        threading.Thread(target=watch_each_minute, args=(store, stop), daemon=True).start()
        try:
            _beat_until(store, slot, stop)
        finally:
            running.stop()
            DBOS.destroy(workflow_completion_timeout_sec=0)


def _beat_until(store: Store, slot: Slot, stop: threading.Event) -> None:
    """Hold the slot, say that this worker lives and take over what dead ones left."""
    reaper = Reaper(store, client_of(jobs_url(store.settings)), slot.name)
    while not stop.wait(_BEAT_SECONDS):
        hold = slot.look()
        if hold is Hold.LOST:
            _LOG.error("another worker took %s while this one was away: it ends", slot.name)
            os._exit(_SLOT_LOST)  # no thread may write anything more under that name
        if hold is Hold.AWAY:
            continue
        try:
            beat(store, slot.name)
            reaped = reaper.look()
        except Exception as found:  # noqa: BLE001 - the next beat may find the database again
            _LOG.error("a beat of %s failed: %s", slot.name, frames_of(found))
            continue
        if reaped:
            _LOG.warning("%s took over %s jobs of dead workers", slot.name, reaped)


def _launch(store: Store, slot: Slot, running: _Running) -> None:
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": jobs_url(store.settings),
        "executor_id": slot.name,
        "application_version": VERSION,
        "log_level": "WARNING",
    }
    logging.getLogger("dbos").addFilter(_is_news)
    DBOS(config=config)
    for handler in logging.getLogger("dbos").handlers:
        handler.setFormatter(formatter_of(store.settings.log_format))
    for kind in WORK:
        _register(store, kind, running)
    DBOS.launch()
    for queue in sorted(set(QUEUES.values())):
        _open_queue(queue, store.settings.worker_jobs)
    beat(store, slot.name)


def _open_queue(queue: str, heavy: int) -> None:
    """Make a queue from which a worker takes jobs of several companies, whoever has asked most.

    A company has one job of it at work at a time; of its shards, one in each worker.
    """
    is_sends, is_shards = queue == QUEUES[SEND], queue == QUEUES[SHARD]
    light = _SENDS if is_sends else 1
    DBOS.register_queue(
        queue,
        worker_concurrency=heavy if queue in HEAVY_QUEUES else light,
        partition_concurrency=None if is_shards else _SENDS_OF_ONE if is_sends else 1,
        partition_worker_concurrency=1 if is_shards else None,
        polling_interval_sec=_POLL_SECONDS,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether DBOS logs something that this package has not told already."""
    told = record.exc_info[1] if record.exc_info else None
    is_known = isinstance(told, JobFailed | JobLost | error.DBOSAwaitedWorkflowCancelledError)
    return not (is_known or _NOT_OWN in record.getMessage())


def _register(store: Store, kind: str, running: _Running) -> None:
    @DBOS.step(name=f"{workflow_name(kind)}_step")
    def step(tenant_id: str, subject: str) -> dict[str, Any]:
        with bound(**{TENANT: tenant_id, JOB: str(DBOS.workflow_id)}):
            began = time.monotonic()
            _LOG.info("job begins")
            outcome = _work(store, kind, tenant_id, subject, running)
            is_stopped = outcome.get("stopped")
            how = "stopped" if is_stopped else "failed" if outcome.get("error") else "done"
            _LOG.info("job %s after %.1f s", how, time.monotonic() - began)
            return outcome

    @DBOS.workflow(name=workflow_name(kind), max_recovery_attempts=None)
    def workflow(tenant_id: str, subject: str) -> dict[str, Any]:
        outcome = step(tenant_id, subject)
        if outcome.get("stopped"):
            DBOS.cancel_workflow(str(DBOS.workflow_id))
        if outcome.get("error"):
            raise JobFailed(outcome["error"])
        return outcome


def _work(
    store: Store, kind: str, tenant_id: str, subject: str, running: _Running
) -> dict[str, Any]:
    tenant_store = patiently(lambda: store.tenant_store(tenant_by_id(store, tenant_id)))
    client, job_id = client_of(jobs_url(store.settings)), str(DBOS.workflow_id)
    attempt = patiently(lambda: Attempt(client, job_id, running.name, running.stopping))
    running.add(attempt)
    try:
        work = WORK[kind]
        return try_job(
            attempt, tenant_store, kind, subject, lambda: work(tenant_store, subject, attempt.tell)
        )
    finally:
        running.remove(attempt)
