"""Files of any size come in, part by part, straight to disk.

    POST   /uploads                {"name", "bytes", "modified", "sample"}: begin, or find again
    GET    /uploads/{id}           how much is here
    PATCH  /uploads/{id}?offset=N  bytes of the file, the first of which is number N
    DELETE /uploads/{id}           forget it

The first three answer `{"id", "name", "bytes", "offset", "complete"}`. A client begins, then sends
parts from `offset` on until `complete` is true; a file without a byte is completed by one empty
part. What arrived of a broken part is kept: after any failure the client begins once more, which
creates nothing when the file is known, and goes on at the offset it is told. Bytes that are here
already are passed over, so a part may be sent twice. What nobody goes on with for a day is removed.

`modified` (milliseconds since 1970) and `sample` (any text that changes with the content) tell
files of one name apart. Refusals are problem+json in the language of `Accept-Language`: 401
without session, 403 for a viewer or from a foreign page, 404 for an upload that is not the
caller's, 408 when nothing arrives for a while, 409 for a part that leaves a gap, 413 above the
limit or the announced size, 507 when the disk is full.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from api.problems import problem
from api.session import SIGN_IN_FIRST, is_foreign, session_in
from core.errors import CrmError, NotAllowed, NotFound
from core.i18n import N_
from core.services.accounts import Actor
from core.services.instance import app_store
from core.services.uploads import (
    DiskFull,
    FileClaim,
    PartMissing,
    Upload,
    UploadTooLarge,
    append_block,
    begin_upload,
    find_upload,
    remove_upload,
)
from core.store.tenant import TenantStore

SILENCE_SECONDS = 30.0
_BLOCK = 1 << 20
_LONGEST_CLAIM = 16_384
_MOST_PASSED_OVER = 32 << 20
_CLIENT_GONE = 499
_STATUS: dict[type[CrmError], int] = {
    NotAllowed: 403,
    NotFound: 404,
    PartMissing: 409,
    UploadTooLarge: 413,
    DiskFull: 507,
}
_MALFORMED = N_("This is not a description of a file: name, bytes, modified and sample are needed.")
_NO_OFFSET = N_("The address must say at which byte the part begins: ?offset=0.")
_SILENT = N_("Nothing came for %(seconds)s seconds. Go on from where the file stands.")

Handler = Callable[[Request, TenantStore, Actor], Awaitable[Response]]


class _Claim(BaseModel):
    """The body of `POST /uploads`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=1_000)
    bytes: int = Field(ge=0)
    modified: int
    sample: str = Field(max_length=200)


def _for_users(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Answer only who is signed in and comes from our own page; turn errors into problems."""

    async def answer(request: Request) -> Response:
        store = app_store()
        if is_foreign(request, store.settings.allowed_origins):
            return await _refuse(request, 403, N_("Send files from the page of this instance."))
        session = await run_in_threadpool(session_in, request, store)
        if session is None:
            return await _refuse(request, 401, SIGN_IN_FIRST)
        try:
            return await handler(request, store.tenant_store(session.tenant), session.actor)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_GONE)
        except CrmError as error:
            return await _refuse(request, _status_of(error), error.message, **error.values)

    return answer


@_for_users
async def begin(request: Request, store: TenantStore, actor: Actor) -> Response:
    """Begin an upload, or find the one of the same file again."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_CLAIM:
            return await _refuse(request, 400, _MALFORMED)
    try:
        claim = FileClaim(**_Claim.model_validate_json(bytes(body)).model_dump())
    except ValidationError:
        return problem(request, 400, _MALFORMED)
    return _told(await run_in_threadpool(begin_upload, store, actor, claim))


@_for_users
async def look(request: Request, store: TenantStore, actor: Actor) -> Response:
    """Say how much of an upload is here."""
    return _told(await run_in_threadpool(find_upload, store, actor, _id_in(request)))


@_for_users
async def append(request: Request, store: TenantStore, actor: Actor) -> Response:
    """Write the body to disk while it arrives."""
    text = request.query_params.get("offset", "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        return await _refuse(request, 400, _NO_OFFSET)
    offset = int(text)
    upload = await run_in_threadpool(find_upload, store, actor, _id_in(request))
    try:
        async for block in blocks_of(request):
            upload = await run_in_threadpool(append_block, upload, offset, block)
            offset += len(block)
    except TimeoutError:
        return problem(request, 408, _SILENT, seconds=round(SILENCE_SECONDS))
    return _told(upload)


@_for_users
async def forget(request: Request, store: TenantStore, actor: Actor) -> Response:
    """Remove an upload and what came of it."""
    upload = await run_in_threadpool(find_upload, store, actor, _id_in(request))
    await run_in_threadpool(remove_upload, upload)
    return Response(status_code=204)


async def blocks_of(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks of about a megabyte, at least one.

    What came before the client fell silent or went away is yielded before the error is raised.
    """
    block = bytearray()
    stream = request.stream().__aiter__()
    broken: Exception | None = None
    while broken is None:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                block += await anext(stream)
        except (StopAsyncIteration, ClientDisconnect, TimeoutError) as end:
            broken = end
        if len(block) >= _BLOCK or broken is not None:
            yield bytes(block)
            block.clear()
    if not isinstance(broken, StopAsyncIteration):
        raise broken


async def _refuse(request: Request, status: int, sentence: str, /, **values: object) -> Response:
    """Answer a refusal after the rest of the body: a browser that still sends does not listen."""
    passed_over = 0
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            async for chunk in request.stream():
                passed_over += len(chunk)
                if passed_over > _MOST_PASSED_OVER:
                    break
    except (ClientDisconnect, TimeoutError, RuntimeError):  # RuntimeError: the body is read already
        pass
    return problem(request, status, sentence, **values)


def _id_in(request: Request) -> str:
    return str(request.path_params["upload_id"])


def _status_of(error: CrmError) -> int:
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def _told(upload: Upload) -> Response:
    body: dict[str, Any] = {
        "id": upload.upload_id,
        "name": upload.name,
        "bytes": upload.bytes,
        "offset": upload.offset,
        "complete": upload.is_complete,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
