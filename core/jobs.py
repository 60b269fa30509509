"""Durable jobs around the services: the pages enqueue and read progress, workers do the work.

A job is a workflow of one idempotent step. Its id is made of the tenant, the kind of work and
the subject, so two clicks are one job. A worker holds a slot by a lock that dies with it; the
slot names its executor, so the worker that takes a free slot goes on with what its former
holder left, and a living worker takes over the jobs of slots that nobody holds.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions

from core.errors import CrmError, Refused, frames_of, sentence_of
from core.i18n import N_
from core.services.accounts import SYSTEM, Actor, Role, list_tenants, require, tenant_by_id
from core.services.backtest import execute_backtest
from core.services.campaign_watch import due_work, settle_doubts
from core.services.cause_questions import answer_causes
from core.services.erase_brevo import pending_contacts, try_forget_contacts
from core.services.erasure import erase, open_erasures
from core.services.execute_run import execute
from core.services.failed_sign_ins import record_failures
from core.services.import_files import load, plan
from core.services.import_undo import clear_undone
from core.services.inbox import INBOX, take_in, work_on
from core.services.live_switch import may_ask_brevo
from core.services.policy_preview import compute_preview
from core.services.progress import Progress
from core.services.retention import erase_due
from core.services.review_work import apply_decisions
from core.services.send_campaign import send
from core.settings import Settings
from core.store.engine import APP_ROLE, is_sqlite, normalise_url, sibling_file
from core.store.identity import beat
from core.store.locks import take_worker_slot
from core.store.reclaim import rewrite_file
from core.store.roles import keep_from_truncating, warn_of_login
from core.store.subjects import Subject
from core.store.tenant import Store, TenantStore

_LOG = logging.getLogger(__name__)
_APPLICATION = "ia-crm"
_VERSION = "1"
_JOBS_SCHEMA = "dbos"
_BEAT_SECONDS = 5.0
_TELL_SECONDS = 0.5
_LOOK_SECONDS = 60.0
_RUNNING = "PENDING"
_QUEUED = ("ENQUEUED", "DELAYED")
_ACTIVE = (*_QUEUED, _RUNNING)
_UNEXPECTED = N_(
    "The work stopped on an unexpected error (reference %(reference)s)."
    " Nothing was half done; start it again, or give the reference to your administrator."
)

_STOPPED = N_("The work was stopped. Start it again.")

PLAN, LOAD, TAKE, CLEAR, RUN, SEND = "plan", "load", "take", "clear", "run", "send"
BACKTEST, PREVIEW, CAUSES, REVIEW = "backtest", "preview", "causes", "review"
RECONCILE = "reconcile"
ERASE, RETAIN, FORGET = "erase", "retain", "forget"
# Of what is asked for while it runs, a running job of these may have looked for the last time.
_ASKED_ANEW = (REVIEW,)
_QUEUES = {
    **dict.fromkeys((PLAN, LOAD, TAKE, CLEAR), "imports"),
    **dict.fromkeys((RUN, BACKTEST, PREVIEW, CAUSES, REVIEW), "runs"),
    SEND: "sends",
    RECONCILE: "readings",
    **dict.fromkeys((ERASE, RETAIN, FORGET), "erasures"),
}
# What only administrators may ask for; all else is an analyst's work.
_FOR_ADMINS = (ERASE, RETAIN)
# A send may wait for Brevo's limits a long time: others go on beside it.
_CONCURRENCY = {"sends": 4}


class _Work(Protocol):
    def __call__(self, store: TenantStore, subject: str, progress: Progress, /) -> object: ...


_WORK: dict[str, _Work] = {
    PLAN: lambda store, subject, progress: plan(store, subject, progress),
    LOAD: lambda store, subject, progress: load(store, subject, progress),
    TAKE: lambda store, subject, progress: work_on(store, subject, progress),
    CLEAR: lambda store, _subject, _progress: clear_undone(store),
    RUN: lambda store, subject, progress: execute(store, subject, progress),
    PREVIEW: lambda store, subject, progress: compute_preview(store, subject, progress),
    CAUSES: lambda store, subject, progress: answer_causes(store, subject, progress),
    REVIEW: lambda store, subject, progress: apply_decisions(store, subject, progress),
    SEND: lambda store, subject, progress: send(store, subject, progress),
    RECONCILE: lambda store, subject, _progress: settle_doubts(store, subject),
    BACKTEST: lambda store, subject, progress: execute_backtest(store, subject, progress),
    ERASE: lambda store, subject, progress: erase(store, subject, progress, forget_jobs),
    RETAIN: lambda store, _subject, progress: erase_due(store, SYSTEM, progress, forget_jobs),
    FORGET: lambda store, _subject, _progress: try_forget_contacts(store),
}


@dataclass(frozen=True, kw_only=True)
class JobState:
    """How far a job is: `status` is queued, running, done or failed.

    `stage` is a gettext source string, `error` an error's `to_data()`.
    """

    status: str
    stage: str = ""
    done: int = 0
    total: int = 0
    error: Mapping[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in ("done", "failed")

    def error_sentence(self, language: str, write: Callable[[object], str] = str) -> str:
        """Return why the job failed, in `language`, each value as `write` has it."""
        return sentence_of(self.error, language, write) if self.error else ""


def jobs_url(settings: Settings) -> str:
    """Return where the job tables live: a file beside SQLite's, a schema in Postgres."""
    if settings.jobs_database_url:
        return settings.jobs_database_url
    url = normalise_url(settings.database_url)
    if is_sqlite(url):
        return sibling_file(url, "jobs").render_as_string(hide_password=False)
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def migrate_jobs(settings: Settings) -> None:
    """Create or update the job tables, as their owner where the application is another role."""
    if not settings.has_own_login or settings.jobs_database_url:
        DBOS.migrate(jobs_url(settings))
        return
    owned = settings.model_copy(update={"database_url": settings.database_owner_url})
    DBOS.migrate(jobs_url(owned), application_role=APP_ROLE)
    keep_from_truncating(owned, _JOBS_SCHEMA)


@lru_cache(maxsize=4)
def _client(url: str) -> DBOSClient:
    return DBOSClient(system_database_url=url, application_name=_APPLICATION)


def _job_prefix(store: TenantStore, kind: str, subject: str) -> str:
    return f"{store.tenant_id}/{kind}/{subject}#"


def enqueue(store: TenantStore, actor: Actor, kind: str, subject: str) -> None:
    """Ask for work of `kind` on `subject`; while the same work is queued or running, do nothing.

    Behind a review that runs another is queued: it may not know the last decisions.
    `subject` is an import id (plan, load, take), a run id (run, review), a campaign id (send,
    reconcile), or the id of a backtest (backtest), a preview (preview), a question (causes) or an
    erasure (erase, retain, forget).
    Raises `NotAllowed` for a viewer, and below admin for an erasure.
    """
    require(actor, Role.ANALYST)
    require(actor, Role.ADMIN if kind in _FOR_ADMINS else Role.ANALYST)
    prefix = _job_prefix(store, kind, subject)
    client = _client(jobs_url(store.store.settings))
    earlier = client.list_workflows(workflow_id_prefix=prefix, load_input=False, load_output=False)
    enough = _QUEUED if kind in _ASKED_ANEW else _ACTIVE
    if any(job.status in enough for job in earlier):
        return
    options = EnqueueOptions(
        workflow_name=_workflow_name(kind),
        queue_name=_QUEUES[kind],
        workflow_id=f"{prefix}{len(earlier) + 1:04d}",
        app_version=_VERSION,
    )
    client.enqueue(options, store.tenant_id, subject)


def job_of(store: TenantStore, kind: str, subject: str) -> JobState | None:
    """Return the state of the job of `kind` on `subject` that runs, else of the last one.

    None when none was asked for.
    """
    client = _client(jobs_url(store.store.settings))
    found = client.list_workflows(
        workflow_id_prefix=_job_prefix(store, kind, subject), load_input=False
    )
    if not found:
        return None
    job = max(found, key=lambda item: (item.status == _RUNNING, item.workflow_id))
    if job.status in _ACTIVE:
        return _running_state(client, job.workflow_id, job.status)
    if job.status != "SUCCESS":
        return JobState(status="failed", error={"message": _STOPPED, "values": {}})
    outcome: dict[str, Any] = job.output or {}
    if outcome.get("error"):
        return JobState(status="failed", error=outcome["error"])
    return JobState(status="done")


def _running_state(client: DBOSClient, job_id: str, status: str) -> JobState:
    event = client.get_event(job_id, "progress", timeout_seconds=0) or ["", 0, 0]
    stage, done, total = event
    return JobState(
        status="running" if status == _RUNNING else "queued", stage=stage, done=done, total=total
    )


def _workflow_name(kind: str) -> str:
    return f"iacrm_{kind}"


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
            threading.Thread(target=_watch_inboxes, args=(store, stop), daemon=True).start()
        threading.Thread(target=_watch_each_minute, args=(store, stop), daemon=True).start()
        try:
            while not stop.wait(_BEAT_SECONDS):
                beat(store, slot)
        finally:
            DBOS.destroy(workflow_completion_timeout_sec=0)


def _watch_inboxes(store: Store, stop: threading.Event) -> None:
    """Look into every inbox at the interval of the settings, until `stop` is set."""
    while True:
        try:
            scan_inboxes(store)
        except Exception as error:  # noqa: BLE001 - the next look may find the database again
            _LOG.error("the inboxes could not be looked into: %s", frames_of(error))
        if stop.wait(store.settings.raw_scan_seconds):
            return


def _watch_each_minute(store: Store, stop: threading.Event) -> None:
    """Look every minute after what nobody asks for: waiting campaigns, failed sign-ins."""
    while not stop.wait(_LOOK_SECONDS):
        for look in (look_after_campaigns, record_failures):
            try:
                look(store)
            except Exception as error:  # noqa: BLE001 - the next look may find the database again
                _LOG.error("%s could not be done: %s", look.__name__, frames_of(error))


def look_after_campaigns(store: Store) -> None:
    """Ask for the work that campaigns wait for: sends that stopped, events to be read."""
    for tenant in list_tenants(store):
        tenant_store = store.tenant_store(tenant)
        look_after_erasures(tenant_store)
        due = due_work(tenant_store)
        for campaign_id in due.to_send:
            enqueue(tenant_store, SYSTEM, SEND, campaign_id)
        for campaign_id in due.to_reconcile:
            enqueue(tenant_store, SYSTEM, RECONCILE, campaign_id)


def look_after_erasures(store: TenantStore) -> None:
    """Ask for what erasures wait for: those that had to wait, and contacts left at Brevo."""
    for request_id in open_erasures(store):
        _ask_once(store, SYSTEM, ERASE, request_id)
    if pending_contacts(store) and may_ask_brevo(store):
        enqueue(store, SYSTEM, FORGET, store.tenant_id)


def forget_jobs(store: TenantStore, subject: Subject) -> int:
    """Remove the finished jobs of a tenant that name an erased person; return how many.

    Jobs carry ids alone; an error of one may tell a name of a file.
    """
    url = jobs_url(store.store.settings)
    if not _has_jobs(url):
        return 0
    client = _client(url)
    found = client.list_workflows(workflow_id_prefix=f"{store.tenant_id}/")
    told = {job.workflow_id: f"{job.input} {job.output} {job.error}" for job in found}
    naming = [
        job.workflow_id
        for job in found
        if job.status not in _ACTIVE
        and subject.removed_from(told[job.workflow_id]) != told[job.workflow_id]
    ]
    for job_id in naming:
        client.delete_workflow(job_id)
    if naming:
        rewrite_file(url)
    return len(naming)


def _has_jobs(url: str) -> bool:
    """Tell whether there are job tables: who works by the command line alone has none."""
    return not url.startswith("sqlite") or Path(normalise_url(url).database or "").exists()


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


def _ask_once(store: TenantStore, actor: Actor, kind: str, subject: str) -> None:
    """Ask for work that nobody follows, but not again after an unexpected error."""
    job = job_of(store, kind, subject)
    if job is None or (job.error or {}).get("message") != _UNEXPECTED:
        enqueue(store, actor, kind, subject)


def _launch(store: Store, slot: str) -> None:
    config: DBOSConfig = {
        "name": _APPLICATION,
        "system_database_url": jobs_url(store.settings),
        "executor_id": slot,
        "application_version": _VERSION,
        "log_level": "WARNING",
    }
    DBOS(config=config)
    for kind in _WORK:
        _register(store, kind)
    DBOS.launch()
    for queue in sorted(set(_QUEUES.values())):
        at_once = _CONCURRENCY.get(queue, 1)
        DBOS.register_queue(queue, worker_concurrency=at_once, polling_interval_sec=0.25)
    beat(store, slot)


def _register(store: Store, kind: str) -> None:
    work = _WORK[kind]

    @DBOS.step(name=f"{_workflow_name(kind)}_step")
    def step(tenant_id: str, subject: str) -> dict[str, object]:
        return _guarded(lambda: work(_tenant_store(store, tenant_id), subject, _told()))

    @DBOS.workflow(name=_workflow_name(kind))
    def workflow(tenant_id: str, subject: str) -> dict[str, object]:
        return step(tenant_id, subject)


def _tenant_store(store: Store, tenant_id: str) -> TenantStore:
    return store.tenant_store(tenant_by_id(store, tenant_id))


def _guarded(work: Callable[[], object]) -> dict[str, object]:
    """Do `work`; turn an error into what the page will say, with a reference for the log."""
    try:
        work()
    except CrmError as error:
        return {"error": error.to_data()}
    except Exception as error:  # noqa: BLE001 - a job's page must say that it ended
        reference = uuid.uuid4().hex[:8]
        _LOG.error("job failed, reference %s: %s", reference, frames_of(error))
        return {"error": {"message": _UNEXPECTED, "values": {"reference": reference}}}
    return {}


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
