"""Files by the HTTP API: streamed to disk, checked and loaded by a worker."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.callers import Caller, Program
from api.problems import problem
from api.records import IdempotencyKey, ImportTold, answered, refusals
from api.uploads import SILENCE_SECONDS, blocks_of
from core.i18n import N_
from core.jobs import TAKE, enqueue, job_of
from core.services.idempotent_calls import Call, Reply, once
from core.services.import_ledger import entry_of
from core.services.uploads import (
    FileClaim,
    Upload,
    append_block,
    begin_upload,
    receive_uploads,
    remove_upload,
)

PREFIX = "/imports"
router = APIRouter(prefix=PREFIX, tags=["imports"])
_LENGTH = N_("Say how many bytes the file has: Content-Length.")
_SHORT = N_("The file ended early, or nothing came for %(seconds)s seconds. Send it again.")
_TAKING = refusals(
    {
        408: "The file did not come whole",
        409: "The file cannot be taken in",
        411: "Without Content-Length",
        413: "Larger than this instance takes",
        507: "The disk is full",
    }
)
_UNKNOWN = refusals({404: "The company has no such import"})
_ANY_BYTES = 1 << 50  # how many this instance takes is a setting
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    max_body_size=_ANY_BYTES,
    status_code=202,
    response_model=ImportTold,
    responses=_TAKING,
    openapi_extra=_BODY,
)
async def take_in(
    request: Request,
    caller: Program,
    name: Annotated[str, Query(min_length=1, max_length=200, description="Name of the file.")],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take one file in as an import of its own, straight to disk. Needs the role analyst.

    A worker checks it and loads it when nothing has to be settled; else it waits on the page
    *Upload*. The same bytes again change nothing; under the same key they are not taken in again.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or len(length) > 15:
        return problem(request, 411, _LENGTH)
    claim = FileClaim(name=name, bytes=int(length), modified=0, sample=str(uuid4()))
    upload = await run_in_threadpool(begin_upload, caller.store, caller.actor, claim)
    with suppress(TimeoutError, ClientDisconnect):
        upload = await _filled(request, upload)
    if not upload.is_complete:
        return problem(request, 408, _SHORT, seconds=round(SILENCE_SECONDS))
    return answered(await run_in_threadpool(entered, caller, upload, idempotency_key))


@router.get("/{import_id}", responses=_UNKNOWN)
def look(import_id: UUID, caller: Program) -> ImportTold:
    """Say where an import stands; `planned` and `asking` wait for a person."""
    return _told(caller, str(import_id))


async def _filled(request: Request, upload: Upload) -> Upload:
    """Write the body to disk; of one that does not come whole nothing stays: nobody goes on."""
    offset = 0
    try:
        async for block in blocks_of(request):
            upload = await run_in_threadpool(append_block, upload, offset, block)
            offset += len(block)
    finally:
        if not upload.is_complete:
            await run_in_threadpool(remove_upload, upload)
    return upload


def entered(caller: Caller, upload: Upload, key: str | None) -> Reply:
    """Make an import of an upload that is here whole and ask for the work; once under a key."""
    store, actor = caller.store, caller.actor

    def work(call: Call) -> Reply:
        import_id = receive_uploads(store, actor, [upload], import_id=call.call_id)
        enqueue(store, actor, TAKE, import_id)
        return Reply(status=202, body=_told(caller, import_id).model_dump(mode="json"))

    request = {"path": PREFIX, "name": upload.name, "sha256": upload.sha256}
    try:
        return once(store, actor, key, request, work)
    finally:
        remove_upload(upload)


def _told(caller: Caller, import_id: str) -> ImportTold:
    status = entry_of(caller.store, import_id).status
    job = job_of(caller.store, TAKE, import_id)
    error = job.error_sentence(caller.actor.language) if job and job.error else None
    return ImportTold(import_id=UUID(import_id), status=status, error=error)
