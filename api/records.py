"""The bodies that the HTTP API takes and gives, as `/openapi.json` describes them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from core.services.idempotent_calls import Reply

MOST_LISTED = 200
# Of a body: "yes" is no truth and true no number, whatever a lenient reader would make of them.
_Number = Annotated[int, Field(strict=True)]
_YesNo = Annotated[bool, Field(strict=True)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Repeats the first reply of the same request with this token for a day.",
        min_length=1,
        max_length=200,
    ),
]


class Problem(BaseModel):
    """A refusal (RFC 9457)."""

    type: str
    status: int
    title: str


def refusals(told: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return problem documents by their status, as routes declare them, each with its cause."""
    return {status: {"description": cause, "model": Problem} for status, cause in told.items()}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunAsked(_Asked):
    """What a run may be asked for; what is left out is the policy's."""

    top_n: _Number | None = Field(default=None, ge=1, le=20, description="Bottles per customer.")
    silence_window_days: _Number | None = Field(
        default=None, ge=0, le=365, description="Days of silence after a message."
    )
    as_of: date | None = Field(default=None, description="The day that is today for the run.")


class RunTold(BaseModel):
    """A run; the figures are null until it is done."""

    run_id: UUID
    status: Literal["queued", "running", "done", "failed"]
    as_of: date
    created_at: datetime
    finished_at: datetime | None
    customers: int | None
    eligible: int | None
    gating_rate: float | None
    recommendations: int | None
    policy_version: int | None
    review_no: int
    error: str | None


class RunsTold(BaseModel):
    """A page of runs, the newest first."""

    runs: list[RunTold]
    total: int


class RunProgress(RunTold):
    """A run with how far it is and, once done, its summary."""

    stage: str | None
    done: int
    total: int
    summary: dict[str, Any] | None


class SyncAsked(_Asked):
    """Whose contacts are pushed; without `live` the plan is answered and no socket opened."""

    run_id: UUID | None = None
    live: _YesNo = False


class SyncTold(BaseModel):
    """What a push did or, with `live` false, would do."""

    run_id: UUID
    live: bool
    list: str
    attributes: list[str]
    contacts: int
    changed: int
    unchanged: int
    gone: int
    pushed: int
    removed: int
    opted_out: int


class SyncProgress(BaseModel):
    """A push that a worker does: `report` is what it did, once it is done, `error` why it ended."""

    run_id: UUID
    status: Literal["queued", "running", "done", "failed", "stopped"]
    stage: str | None
    done: int
    total: int
    error: str | None
    report: SyncTold | None


class BatchAsked(_Asked):
    """Which campaign is worked on: the one that these choices name, prepared unless it is there.

    `live` needs `confirm`: how many recipients are still to come.
    """

    run_id: UUID
    template: str = Field(min_length=1, max_length=100)
    batch_size: _Number = Field(
        default=250, ge=1, le=1_000, description="Recipients of one batch, 200 to 300."
    )
    live: _YesNo = False
    confirm: _Number | None = Field(default=None, ge=0, le=1_000_000_000)


class CampaignTold(BaseModel):
    """The sums of a campaign; `planned` is the sum of all that follow it.

    `pause_reason` says why it stands still, `NEXT_BATCH` until the next is asked for; `error` why
    the last work on it ended.
    """

    campaign_id: UUID
    run_id: UUID
    template: str
    mode: Literal["dry", "live"]
    state: str
    pause_reason: str | None
    error: str | None
    worked: int | None = Field(
        description="Deliveries of the batch of this call, null when a worker does it."
    )
    planned: int
    sent: int
    failed: int
    suppressed: int
    shared: int
    review: int
    cancelled: int
    unconfirmed: int
    pending: int


class LogTold(BaseModel):
    """A line of a campaign's journal; nothing in it names a customer."""

    log_no: int
    campaign_id: UUID
    at: datetime
    event: str
    batch_no: int | None
    delivery_no: int | None
    detail: dict[str, Any]


class LogsTold(BaseModel):
    """A page of the journal, the newest line first."""

    logs: list[LogTold]
    total: int


class ImportTold(BaseModel):
    """An import: `error` says why the work on it ended, `waits_for` what a person has to settle."""

    import_id: UUID
    status: str
    error: str | None


def answered(reply: Reply) -> Response:
    """Return a reply, which says when it was given before."""
    headers = {"Cache-Control": "no-store"}
    if reply.is_repeated:
        headers["Idempotency-Replayed"] = "true"
    return JSONResponse(dict(reply.body), reply.status, headers)
