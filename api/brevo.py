"""Contacts and campaigns by the HTTP API: dry unless the request and the instance say otherwise."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.callers import Caller, Program
from api.recommendations import answered
from api.records import (
    MOST_LISTED,
    BatchAsked,
    CampaignTold,
    IdempotencyKey,
    LogsTold,
    LogTold,
    SyncAsked,
    SyncTold,
    refusals,
)
from core.jobs import SEND, enqueue
from core.services.campaign_batches import BatchReport, confirm_run_live, work_next_batch
from core.services.campaign_reports import journal_of_run
from core.services.idempotent_calls import Reply, once
from core.services.sync_contacts import plan_sync, sync_contacts

router = APIRouter(prefix="/brevo", tags=["brevo"])
_RESPONSES = refusals(
    {
        404: "The company has no such run",
        409: "Something stands against it",
        502: "Brevo did not answer as it should",
    }
)


@router.post("/sync_contacts", responses=_RESPONSES)
def sync(asked: SyncAsked, caller: Program) -> SyncTold:
    """Say which contacts a push to Brevo would change; with `live`, push them. Needs analyst."""
    run_id = str(asked.run_id) if asked.run_id else None
    work = sync_contacts if asked.live else plan_sync
    return SyncTold.model_validate(work(caller.store, caller.actor, run_id).to_dict())


@router.post("/send_batch", response_model=CampaignTold, responses=_RESPONSES)
def send_batch(
    asked: BatchAsked, caller: Program, idempotency_key: IdempotencyKey = None
) -> Response:
    """Work through the next batch of a run's campaign, which is prepared unless it is there.

    Dry by default: everything but the socket. With `live` and the number of recipients still to
    come in `confirm` a worker sends all of it (202). Needs the role analyst.
    """

    def work() -> Reply:
        return _live(asked, caller) if asked.live else _dry(asked, caller)

    request = {"path": "/brevo/send_batch", **asked.model_dump(mode="json")}
    return answered(once(caller.store, idempotency_key, request, work))


def _dry(asked: BatchAsked, caller: Caller) -> Reply:
    report = work_next_batch(
        caller.store, caller.actor, str(asked.run_id), asked.template, asked.batch_size
    )
    return Reply(status=200, body=_told(report))


def _live(asked: BatchAsked, caller: Caller) -> Reply:
    report = confirm_run_live(
        caller.store,
        caller.actor,
        str(asked.run_id),
        asked.template,
        asked.batch_size,
        recipients=asked.confirm,
    )
    enqueue(caller.store, caller.actor, SEND, report.status.campaign_id)
    return Reply(status=202, body=_told(report))


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


def _told(report: BatchReport) -> dict[str, object]:
    told = report.status.to_dict()
    known = {name: told[name] for name in CampaignTold.model_fields if name in told}
    return CampaignTold(**known, worked=report.worked).model_dump(mode="json")
