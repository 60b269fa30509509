"""Asking for work, and reading how far it is: what the web process does with jobs."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dbos import DBOSClient, EnqueueOptions

from core.errors import sentence_of
from core.i18n import N_
from core.jobs.kinds import ASKED_ANEW, FOR_ADMINS, QUEUES, workflow_name
from core.jobs.tables import has_jobs, jobs_url
from core.services.accounts import Actor, Role, require
from core.store.readiness import refuse_while_away
from core.store.reclaim import rewrite_file
from core.store.subjects import Subject
from core.store.tenant import TenantStore

_LOG = logging.getLogger(__name__)
APPLICATION = "ia-crm"
VERSION = "1"
UNEXPECTED = N_(
    "The work stopped on an unexpected error (reference %(reference)s)."
    " Nothing was half done; start it again, or give the reference to your administrator."
)
_RUNNING = "PENDING"
_QUEUED = ("ENQUEUED", "DELAYED")
_ACTIVE = (*_QUEUED, _RUNNING)
_STOPPED = N_("The work was stopped. Start it again.")


@dataclass(frozen=True, kw_only=True)
class JobState:
    """How far a job is: `status` is queued, running, done or failed.

    `stage` is a gettext source string, `error` an error's `to_data()`, `told` what the work of a
    push says of itself.
    """

    status: str
    stage: str = ""
    done: int = 0
    total: int = 0
    error: Mapping[str, Any] | None = None
    told: Mapping[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will happen."""
        return self.status in ("done", "failed")

    def error_sentence(self, language: str, write: Callable[[object], str] = str) -> str:
        """Return why the job failed, in `language`, each value as `write` has it."""
        return sentence_of(self.error, language, write) if self.error else ""


@lru_cache(maxsize=4)
def client_of(url: str) -> DBOSClient:
    """Return this process's reader and writer of the job tables at `url`."""
    return DBOSClient(system_database_url=url, application_name=APPLICATION)


def _job_prefix(store: TenantStore, kind: str, subject: str) -> str:
    return f"{store.tenant_id}/{kind}/{subject}#"


def enqueue(store: TenantStore, actor: Actor, kind: str, subject: str) -> None:
    """Ask for work of `kind` on `subject`; while the same work is queued or running, do nothing.

    Behind a review that runs another is queued: it may not know the last decisions.
    `subject` is an import id (plan, load, take), a run id (run, review, sync), a campaign id (send,
    reconcile), or the id of a backtest (backtest), a preview (preview), a question (causes) or an
    erasure (erase, retain, forget).
    Raises `NotAllowed` for a viewer, and below admin for an erasure.
    """
    require(actor, Role.ANALYST)
    require(actor, Role.ADMIN if kind in FOR_ADMINS else Role.ANALYST)
    prefix = _job_prefix(store, kind, subject)
    refuse_while_away(store)
    client = client_of(jobs_url(store.store.settings))
    earlier = client.list_workflows(workflow_id_prefix=prefix, load_input=False, load_output=False)
    enough = _QUEUED if kind in ASKED_ANEW else _ACTIVE
    if any(job.status in enough for job in earlier):
        return
    options = EnqueueOptions(
        workflow_name=workflow_name(kind),
        queue_name=QUEUES[kind],
        workflow_id=f"{prefix}{len(earlier) + 1:04d}",
        app_version=VERSION,
    )
    client.enqueue(options, store.tenant_id, subject)
    _LOG.info("asked for job %s", options["workflow_id"])


def job_of(store: TenantStore, kind: str, subject: str) -> JobState | None:
    """Return the state of the job of `kind` on `subject` that runs, else of the last one.

    None when none was asked for.
    """
    refuse_while_away(store)
    client = client_of(jobs_url(store.store.settings))
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
    return JobState(status="done", told=outcome.get("told"))


def _running_state(client: DBOSClient, job_id: str, status: str) -> JobState:
    event = client.get_event(job_id, "progress", timeout_seconds=0) or ["", 0, 0]
    stage, done, total = event
    return JobState(
        status="running" if status == _RUNNING else "queued", stage=stage, done=done, total=total
    )


def forget_jobs(store: TenantStore, subject: Subject) -> int:
    """Remove the finished jobs of a tenant that name an erased person; return how many.

    Jobs carry ids alone; an error of one may tell a name of a file.
    """
    url = jobs_url(store.store.settings)
    if not has_jobs(url):
        return 0
    client = client_of(url)
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
