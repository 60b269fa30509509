"""What the panel shows: the queue, what runs, the history in pages."""

from collections.abc import Sequence
from typing import Any

from dbos import WorkflowStatus

from core.jobs.kinds import (
    FOR_ADMINS,
    FORGET,
    PREPARE,
    QUEUES,
    SCHEDULE,
    SEND,
    SYNC,
    TAKE,
    TITLES,
    UNSTOPPABLE,
    workflow_name,
)
from core.jobs.queue import job_tables, progress_of
from core.jobs.records import (
    ACTIVE,
    FAILED,
    RUNNING,
    STATES,
    STOPPED,
    Job,
    JobState,
    job_from,
    job_id,
    no_such_job,
)
from core.jobs.tables import has_jobs, jobs_url
from core.services.accounts import Actor, Role, includes, require
from core.store.readiness import refuse_while_away
from core.store.tenant import TenantStore

_OVER = tuple(name for names in STATES.values() for name in names if name not in ACTIVE)
_ASKED_ELSEWHERE = (PREPARE, SEND, TAKE, FORGET, SCHEDULE, SYNC)
_MOST_ACTIVE = 500  # of one tenant; a page shows no more


def active_jobs(store: TenantStore, actor: Actor) -> list[Job]:
    """Return what runs and what waits, in the order it began or will; raise `NotAllowed`."""
    require(actor, Role.VIEWER)
    found = _list(store, ACTIVE, list(TITLES), limit=_MOST_ACTIVE)
    with job_tables(store) as client:
        return [job_from(row, progress_of(client, row)) for row in sorted(found, key=_turn)]


def _turn(row: WorkflowStatus) -> tuple[bool, int, int]:
    return row.status not in STATES[RUNNING], row.priority or 0, row.created_at or 0


def place_in_queue(job: Job, jobs: Sequence[Job]) -> int:
    """Return how many of the company's jobs come before `job`, plus one; 0 once it began.

    Jobs of other companies are not counted: they are worked on beside, each company in its turn.
    """
    if job.state.status != "queued":
        return 0
    queue = [other for other in jobs if QUEUES[other.kind] == QUEUES[job.kind]]
    return 1 + queue.index(job)


def past_jobs(
    store: TenantStore,
    actor: Actor,
    *,
    kind: str | None = None,
    state: str | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[Job]:
    """Return a page of what is over, the newest first, of one kind and state or of all.

    An unknown kind or state has no jobs. Raises `NotAllowed`.
    """
    require(actor, Role.VIEWER)
    statuses = _OVER if state is None else STATES.get(state, ())
    kinds = list(TITLES) if kind is None else [kind] if kind in TITLES else []
    wanted = [status for status in statuses if status in _OVER]
    return [job_from(row) for row in _list(store, wanted, kinds, limit=limit, offset=offset)]


def find_job(store: TenantStore, actor: Actor, name: str) -> Job:
    """Return the job of this name with its progress; raise `NotFound` and `NotAllowed`."""
    require(actor, Role.VIEWER)
    row = find_row(store, name)
    with job_tables(store) as client:
        return job_from(row, progress_of(client, row))


def find_row(store: TenantStore, name: str) -> WorkflowStatus:
    """Return what the job tables keep of a job of this tenant; raise `NotFound`."""
    wanted = job_id(store.tenant_id, name)
    found = _listed(store, workflow_ids=[wanted])
    if not found:
        raise no_such_job()
    return found[0]


def can_stop(job: Job) -> bool:
    """Tell whether somebody may ask for its end; `stop_job` says why not."""
    return not job.state.is_over and not job.is_stopping and job.kind not in UNSTOPPABLE


def can_try_again(role: Role, job: Job, last: JobState) -> bool:
    """Tell whether a user of `role` may ask for a job's work again: its `last` job came to nothing.

    A campaign is prepared and resumed on its own page, where its state is; who asks for a push is
    recorded where it is asked for.
    """
    needed = Role.ADMIN if job.kind in FOR_ADMINS else Role.ANALYST
    is_open = last.status in (FAILED, STOPPED) and job.kind not in _ASKED_ELSEWHERE
    return is_open and includes(role, needed)


def _list(
    store: TenantStore,
    statuses: Sequence[str],
    kinds: Sequence[str],
    *,
    limit: int,
    offset: int = 0,
) -> list[WorkflowStatus]:
    if not statuses or not kinds:
        return []
    return _listed(
        store,
        workflow_id_prefix=f"{store.tenant_id}/",
        status=list(statuses),
        name=[workflow_name(kind) for kind in kinds],
        load_input=False,
        limit=limit,
        offset=offset,
        sort_desc=not set(statuses) <= set(ACTIVE),
    )


def _listed(store: TenantStore, **wanted: Any) -> list[WorkflowStatus]:
    """Return what the job tables list, nothing where there are none yet."""
    if not has_jobs(jobs_url(store.store.settings)):
        refuse_while_away(store)
        return []
    with job_tables(store) as client:
        return client.list_workflows(**wanted)
