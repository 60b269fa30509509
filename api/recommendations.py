"""Runs by the HTTP API: launched, followed, and their files streamed."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from api.callers import Anybody, Caller, Program
from api.export import NO_FILE, attachment, known_id
from api.records import (
    MOST_LISTED,
    IdempotencyKey,
    RunAsked,
    RunProgress,
    RunsTold,
    RunTold,
    answered,
    refusals,
)
from core.contracts import RunVersion
from core.errors import NotFound
from core.i18n import LANGUAGES
from core.jobs import RUN, enqueue, job_of
from core.services.execute_run import create_run
from core.services.export_run import EXPORT_NAMES, REPORT_NAME, download, file_name
from core.services.idempotent_calls import Call, Reply, once
from core.services.run_records import RunCard
from core.services.run_reports import list_runs, number_of_runs, run_of
from core.store.runs import RunStatus

router = APIRouter(tags=["recommendations"])
# Of a document that holds its own styles and pictures.
_NOTHING_ACTIVE = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
_NOT_THERE = refusals({404: "The company has no such run or file"})
_STANDS_AGAINST = refusals({409: "Something stands against it"})


@router.post("/reco/run", status_code=202, response_model=RunTold, responses=_STANDS_AGAINST)
def launch(asked: RunAsked, caller: Program, idempotency_key: IdempotencyKey = None) -> Response:
    """Launch a run of the company's policy; a worker does it. Needs the role analyst."""

    def work(call: Call) -> Reply:
        choices = asked.model_dump()
        run_id = create_run(caller.store, caller.actor, **choices, run_id=call.call_id)
        enqueue(caller.store, caller.actor, RUN, run_id)
        card = run_of(caller.store, run_id).card
        return Reply(status=202, body=told_of(card).model_dump(mode="json"))

    request = {"path": "/reco/run", **asked.model_dump(mode="json")}
    return answered(once(caller.store, caller.actor, idempotency_key, request, work))


@router.get("/reco/runs")
def runs(
    caller: Program,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> RunsTold:
    """List the runs, the newest first."""
    found = list_runs(caller.store, limit=limit, offset=offset)
    return RunsTold(runs=[told_of(card) for card in found], total=number_of_runs(caller.store))


@router.get("/reco/runs/{run_id}", responses=_NOT_THERE)
def run(run_id: UUID, caller: Program) -> RunProgress:
    """Say how far a run is and, once it is done, its summary."""
    detail = run_of(caller.store, str(run_id), language=caller.actor.language)
    is_over = detail.card.status in (RunStatus.DONE, RunStatus.FAILED)
    job = None if is_over else job_of(caller.store, RUN, str(run_id))
    return RunProgress(
        **told_of(detail.card).model_dump(),
        stage=job.stage if job and job.stage else None,
        done=job.done if job else 0,
        total=job.total if job else 0,
        summary=dict(detail.summary) or None,
    )


@router.get(
    f"/export/runs/{{run_id}}/{REPORT_NAME}",
    response_class=StreamingResponse,
    responses={
        **_NOT_THERE,
        200: {"content": {"text/html": {}}, "description": "The report"},
    },
)
def report(
    run_id: str, caller: Anybody, version: RunVersion | None = None, lang: str | None = None
) -> Response:
    """Show the quality report of a finished run, in the language of `lang` or the company's.

    It is for a browser, where it may load and run nothing.
    """
    language = lang if lang in LANGUAGES else None
    content = _downloaded(caller, run_id, REPORT_NAME, version, language)
    headers = {
        "Content-Disposition": f'inline; filename="{REPORT_NAME}"',
        "Content-Security-Policy": _NOTHING_ACTIVE,
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(content, headers=headers, media_type="text/html; charset=utf-8")


@router.get(
    "/export/runs/{run_id}/{name}",
    response_class=StreamingResponse,
    responses={
        **_NOT_THERE,
        200: {"content": {"text/csv": {}, "application/json": {}}, "description": "The file"},
    },
)
def export(run_id: str, name: str, caller: Anybody, version: RunVersion | None = None) -> Response:
    """Stream one file of a finished run: of its last review, or of the version that is named."""
    if name not in EXPORT_NAMES:
        raise NotFound(NO_FILE)
    return attachment(_downloaded(caller, run_id, name, version), file_name(name, version))


def _downloaded(
    caller: Caller, run_id: str, name: str, version: RunVersion | None, language: str | None = None
) -> Iterator[bytes]:
    known = known_id(run_id)
    if known is None:
        raise NotFound(NO_FILE)
    chosen = version or RunVersion.REVIEWED
    return download(caller.store, caller.actor, known, name, chosen, language)


def told_of(card: RunCard) -> RunTold:
    """Return a run as the API describes it."""
    return RunTold(
        run_id=UUID(card.run_id),
        status=card.status.value,
        as_of=card.as_of,
        created_at=card.created_at,
        finished_at=card.finished_at,
        customers=card.customers,
        eligible=card.eligible,
        gating_rate=card.gating_rate,
        recommendations=card.recommendations,
        policy_version=card.policy_version,
        review_no=card.review_no,
        error=card.error,
    )
