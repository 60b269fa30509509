"""Stopping a job: one that waits never begins, one that runs ends where it next says how far it is.

What it worked on ends as after any error: a run fails with the sentence, an import is as before
it was loaded, a rehearsal pauses.
"""

from core.errors import NotFound, Refused, Stopped
from core.i18n import N_
from core.jobs.endings import end_work
from core.jobs.kinds import SEND, UNSTOPPABLE
from core.jobs.listing import find_row
from core.jobs.queue import job_tables
from core.jobs.records import QUEUED, STATES, STOP_BY, STOPPED_BY, Job, job_from
from core.outreach.protocol import Mode
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.services.campaign_reports import status_of
from core.store.tenant import TenantStore

_OVER = N_("This job is over: there is nothing to stop.")
_LIVE = N_(
    "A live campaign is not stopped here. Pause it on the Campaigns page: what was sent stands, and"
    " it can go on from there."
)


def stop_job(store: TenantStore, actor: Actor, name: str) -> Job:
    """Ask that a job ends; return it as it is then. Asking twice is the same.

    Raises `NotAllowed` below analyst, `NotFound`, and `Refused` with the reason for one that is
    over, is a live campaign, or is not stopped at all.
    """
    require(actor, Role.ANALYST)
    row = find_row(store, name)
    job = job_from(row)
    if job.state.is_over:
        raise Refused(_OVER)
    if job.kind in UNSTOPPABLE:
        raise Refused(UNSTOPPABLE[job.kind])
    _refuse_live(store, job)
    if job.is_stopping:
        return job
    with job_tables(store) as client:
        client.update_workflow_attributes(row.workflow_id, {STOP_BY: actor.username}, merge=True)
        if row.status in STATES[QUEUED]:
            client.cancel_workflow(row.workflow_id)
    if row.status in STATES[QUEUED]:
        end_work(store, job.kind, job.subject, Stopped(STOPPED_BY, name=actor.username))
    record_alone(store, actor.user_id, Action.JOB_STOPPED, name)
    return job_from(find_row(store, name))


def _refuse_live(store: TenantStore, job: Job) -> None:
    if job.kind != SEND:
        return
    try:
        mode = status_of(store, job.subject).mode
    except NotFound:  # then its work fails by itself
        return
    if mode == Mode.LIVE:
        raise Refused(_LIVE)
