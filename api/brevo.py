"""Contacts and campaigns by the HTTP API: dry unless the request and the instance say otherwise."""

import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.callers import Caller, Program
from api.records import (
    MOST_LISTED,
    BatchAsked,
    CampaignTold,
    IdempotencyKey,
    LogsTold,
    LogTold,
    SyncAsked,
    SyncProgress,
    SyncTold,
    answered,
    refusals,
)
from core.errors import NotFound
from core.i18n import N_
from core.jobs import SEND, SYNC, enqueue, job_of
from core.outreach.protocol import CampaignState
from core.services.campaign_batches import (
    BatchReport,
    confirm_next_batch,
    live_campaign_of,
    work_next_batch,
)
from core.services.campaign_reports import journal_of_run, status_of
from core.services.idempotent_calls import Call, Reply, once
from core.services.sync_contacts import ask_sync, plan_sync

router = APIRouter(prefix="/brevo", tags=["brevo"])
_NO_PUSH = N_("No push of this run's contacts was asked for.")
_LOOKS, _LOOK_SECONDS = 20, 0.1
_RESPONSES = refusals(
    {
        404: "The company has no such run",
        409: "Something stands against it",
        502: "Brevo did not answer as it should",
    }
)


@router.post(
    "/sync_contacts",
    response_model=SyncTold,
    responses={**_RESPONSES, 202: {"description": "A worker pushes", "model": SyncProgress}},
)
def sync(asked: SyncAsked, caller: Program) -> SyncTold | Response:
    """Say which contacts a push to Brevo would change; with `live` a worker pushes them (202).

    `GET /brevo/sync_contacts/{run_id}` says how far it is. Needs the role analyst.
    """
    run_id = str(asked.run_id) if asked.run_id else None
    if not asked.live:
        return SyncTold.model_validate(plan_sync(caller.store, caller.actor, run_id).to_dict())
    run_id = ask_sync(caller.store, caller.actor, run_id)
    enqueue(caller.store, caller.actor, SYNC, run_id)
    told = _push_of(caller, run_id).model_dump(mode="json")
    return answered(Reply(status=202, body=told))


@router.get("/sync_contacts/{run_id}", responses=_RESPONSES)
def push(run_id: UUID, caller: Program) -> SyncProgress:
    """Say how far the last push of a run's contacts is, and what it did."""
    return _push_of(caller, str(run_id))


def _push_of(caller: Caller, run_id: str) -> SyncProgress:
    job = job_of(caller.store, SYNC, run_id)
    if job is None:
        raise NotFound(_NO_PUSH)
    return SyncProgress(
        run_id=UUID(run_id),
        status=job.status,
        stage=job.stage or None,
        done=job.done,
        total=job.total,
        error=job.error_sentence(caller.actor.language) or None,
        report=SyncTold.model_validate(job.told) if job.told else None,
    )


@router.post("/send_batch", response_model=CampaignTold, responses=_RESPONSES)
def send_batch(
    asked: BatchAsked, caller: Program, idempotency_key: IdempotencyKey = None
) -> Response:
    """Work through the next batch of a run's campaign, which is prepared unless it is there.

    Dry by default: everything but the socket. With `live` and the number of recipients still to
    come in `confirm` a worker sends the batch (202); `GET /brevo/campaigns/{campaign_id}` says how
    far it is. Needs the role analyst.
    """

    def work(call: Call) -> Reply:
        return _live(asked, caller, call) if asked.live else _dry(asked, caller, call)

    request = {"path": "/brevo/send_batch", **asked.model_dump(mode="json")}
    return answered(once(caller.store, caller.actor, idempotency_key, request, work))


def _dry(asked: BatchAsked, caller: Caller, call: Call) -> Reply:
    choices = (str(asked.run_id), asked.template, asked.batch_size)
    report = work_next_batch(caller.store, caller.actor, *choices, call)
    return Reply(status=200, body=_told(caller, report))


def _live(asked: BatchAsked, caller: Caller, call: Call) -> Reply:
    store, actor = caller.store, caller.actor
    choices = (str(asked.run_id), asked.template, asked.batch_size)
    campaign_id = live_campaign_of(store, actor, *choices, call)
    _let_end(caller, campaign_id)
    report = confirm_next_batch(store, actor, campaign_id, recipients=asked.confirm, call=call)
    if report.worked is None:
        enqueue(store, actor, SEND, campaign_id)
    return Reply(status=202 if report.worked is None else 200, body=_told(caller, report))


def _let_end(caller: Caller, campaign_id: str) -> None:
    """Wait a moment for a worker that has just sent the batch before: it would not see the next."""
    for _ in range(_LOOKS):
        job = job_of(caller.store, SEND, campaign_id)
        if job is None or job.is_over:
            return
        if status_of(caller.store, campaign_id).state == CampaignState.SENDING:
            return
        time.sleep(_LOOK_SECONDS)


@router.get("/campaigns/{campaign_id}", responses=_RESPONSES)
def campaign(campaign_id: UUID, caller: Program) -> CampaignTold:
    """Say how far a campaign is: its sums, why it stands still, and what its worker met."""
    found = status_of(caller.store, str(campaign_id))
    return CampaignTold.model_validate(_told(caller, BatchReport(status=found, worked=None)))


@router.get("/logs", responses=_RESPONSES)
def logs(
    run_id: UUID,
    caller: Program,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> LogsTold:
    """List the journal of all campaigns of a run, the newest line first."""
    found, total = journal_of_run(caller.store, str(run_id), limit=limit, offset=offset)
    return LogsTold(
        logs=[
            LogTold(
                log_no=entry.log_no,
                campaign_id=UUID(campaign_id),
                at=entry.created_at,
                event=entry.event,
                batch_no=entry.batch_no,
                delivery_no=entry.delivery_no,
                detail=dict(entry.detail),
            )
            for campaign_id, entry in found
        ],
        total=total,
    )


def _told(caller: Caller, report: BatchReport) -> dict[str, object]:
    told = report.status.to_dict()
    known = {name: told[name] for name in CampaignTold.model_fields if name in told}
    job = job_of(caller.store, SEND, report.status.campaign_id)
    error = job.error_sentence(caller.actor.language) if job and job.error else None
    return CampaignTold(**known, worked=report.worked, error=error).model_dump(mode="json")
