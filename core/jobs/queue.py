"""Asking for work, and reading how far it is: what the web process does with jobs."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from dbos import DBOSClient, EnqueueOptions, WorkflowStatus

from core.errors import DATABASE_AWAY, StoreUnavailable
from core.i18n import N_
from core.jobs.kinds import ASKED_ANEW, FOR_ADMINS, QUEUES, workflow_name
from core.jobs.records import (
    ACTIVE,
    BY,
    PROGRESS,
    QUEUED,
    RUNNING,
    STATES,
    JobState,
    job_prefix,
    state_from,
)
from core.jobs.tables import has_jobs, jobs_url
from core.services.accounts import Actor, Role, require
from core.store.fence import is_away
from core.store.readiness import refuse_while_away
from core.store.reclaim import rewrite_file
from core.store.subjects import Subject
from core.store.tenant import TenantStore

_LOG = logging.getLogger(__name__)
APPLICATION = "ia-crm"
VERSION = "1"
_LOOKED_AT = 200  # the newest that wait: more are not asked for within a second
UNEXPECTED = N_(
    "The work stopped on an unexpected error (reference %(reference)s)."
    " Nothing was half done; start it again, or give the reference to your administrator."
)
GIVEN_UP = N_(
    "The worker died %(tries)s times while it did this, so it is not tried again by itself. Often"
    " the memory does not suffice. Tell your administrator, then try again."
)


@lru_cache(maxsize=4)
def client_of(url: str) -> DBOSClient:
    """Return this process's reader and writer of the job tables at `url`."""
    logging.getLogger("dbos").setLevel(logging.WARNING)  # else each command says where they are
    return DBOSClient(system_database_url=url, application_name=APPLICATION)


@contextmanager
def job_tables(store: TenantStore) -> Iterator[DBOSClient]:
    """Yield the job tables for what somebody asks; raise `StoreUnavailable` where they are away.

    That is looked at before, as their library mostly waits for a database without an end, and said
    where it raises because the database went away in between.
    """
    refuse_while_away(store)
    try:
        yield client_of(jobs_url(store.store.settings))
    except Exception as error:
        if not is_away(error):
            raise
        raise StoreUnavailable(DATABASE_AWAY) from error


def enqueue(store: TenantStore, actor: Actor, kind: str, subject: str) -> None:
    """Ask for work of `kind` on `subject`; while the same work is queued or running, do nothing.

    Behind a review that runs another is queued: it may not know the last decisions.
    `subject` is an import id (plan, load, take), a run id (run, review, sync), a shard's
    `shard_subject` (shard), a campaign id (prepare, send, reconcile), or the id of a backtest
    (backtest), a preview (preview), a question (causes), an occurrence (schedule) or an erasure
    (erase, retain, forget).
    Raises `NotAllowed` for a viewer, and below admin for an erasure.
    """
    require(actor, Role.ANALYST)
    require(actor, Role.ADMIN if kind in FOR_ADMINS else Role.ANALYST)
    with job_tables(store) as client:
        _ask(client, store, actor, kind, subject)


def _ask(client: DBOSClient, store: TenantStore, actor: Actor, kind: str, subject: str) -> None:
    prefix = job_prefix(store.tenant_id, kind, subject)
    earlier = client.list_workflows(workflow_id_prefix=prefix, load_input=False, load_output=False)
    enough = STATES[QUEUED] if kind in ASKED_ANEW else ACTIVE
    if any(job.status in enough for job in earlier):
        return
    options = EnqueueOptions(
        workflow_name=workflow_name(kind),
        queue_name=QUEUES[kind],
        queue_partition_key=store.tenant_id,
        workflow_id=f"{prefix}{_next_number(earlier):04d}",
        app_version=VERSION,
        attributes={BY: actor.username},
        priority=_place_behind(client, store, QUEUES[kind]),
    )
    client.enqueue(options, store.tenant_id, subject)
    _LOG.info("asked for job %s", options["workflow_id"])


def _next_number(earlier: Sequence[WorkflowStatus]) -> int:
    """Return the number after the highest one: an erasure may have removed a job before it."""
    return 1 + max((int(job.workflow_id.rpartition("#")[2]) for job in earlier), default=0)


def _place_behind(client: DBOSClient, store: TenantStore, queue: str) -> int:
    """Return the place behind all that the tenant's partition of `queue` holds.

    Moments do not tell it: those of jobs on SQLite are whole seconds, and what was asked for within
    one would begin in the order of the ids.
    """
    waiting = client.list_workflows(
        queue_name=queue,
        status=list(STATES[QUEUED]),
        workflow_id_prefix=f"{store.tenant_id}/",
        sort_desc=True,
        limit=_LOOKED_AT,
        load_input=False,
        load_output=False,
    )
    return 1 + max((job.priority or 0 for job in waiting), default=0)


def job_of(store: TenantStore, kind: str, subject: str) -> JobState | None:
    """Return the state of the job of `kind` on `subject` that runs, else of the last one.

    None when none was asked for.
    """
    with job_tables(store) as client:
        found = client.list_workflows(
            workflow_id_prefix=job_prefix(store.tenant_id, kind, subject), load_input=False
        )
        if not found:
            return None
        running = STATES[RUNNING]
        job = max(found, key=lambda item: (item.status in running, item.workflow_id))
        return state_from(job, progress_of(client, job))


def progress_of(client: DBOSClient, job: WorkflowStatus) -> object:
    """Return what a running job told of its progress: stage, done, total, when the stage began."""
    if job.status not in STATES[RUNNING]:
        return None
    return client.get_event(job.workflow_id, PROGRESS, timeout_seconds=0)


def forget_jobs(store: TenantStore, subject: Subject) -> int:
    """Remove the finished jobs of a tenant that name an erased person; return how many.

    Jobs carry ids alone; an error of one may tell a name of a file.
    """
    url = jobs_url(store.store.settings)
    if not has_jobs(url):
        return 0
    client = client_of(url)
    found = client.list_workflows(workflow_id_prefix=f"{store.tenant_id}/")
    told = {job.workflow_id: f"{job.input} {job.output} {job.error!r}" for job in found}
    naming = [
        job.workflow_id
        for job in found
        if job.status not in ACTIVE
        and subject.removed_from(told[job.workflow_id]) != told[job.workflow_id]
    ]
    for job_id in naming:
        client.delete_workflow(job_id)
    if naming:
        rewrite_file(url)
    return len(naming)
