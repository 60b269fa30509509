"""Files to keep, and those of an import and the trail, streamed to whoever is signed in."""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.problems import problem
from api.session import signed_in
from core.errors import NotAllowed, NotFound
from core.i18n import N_
from core.services.audit_trail import trail_csv
from core.services.import_downloads import download_issues, download_rejects, download_report
from core.services.sign_in import Session
from core.store.tenant import TenantStore

_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_ .()-]+")
_AS_RECEIVED = "application/octet-stream"  # in the encoding of the original
NO_FILE = N_("There is no such file. Look at the page Exports for the files of your runs.")


@signed_in
def export_issues(request: Request, session: Session, store: TenantStore) -> Response:
    """Stream the remarks on the rows of one import of the caller's tenant."""
    try:
        content = download_issues(store, session.actor, request.path_params["import_id"])
    except NotFound:
        return problem(request, 404, NO_FILE)
    return attachment(content, "issues.csv")


@signed_in
def export_rejects(request: Request, session: Session, store: TenantStore) -> Response:
    """Stream the rejected rows of one file of an import."""
    params = request.path_params
    try:
        found = download_rejects(store, session.actor, params["import_id"], params["file_no"])
    except NotFound:
        return problem(request, 404, NO_FILE)
    return attachment(found.content, found.name, _AS_RECEIVED)


@signed_in
def export_report(request: Request, session: Session, store: TenantStore) -> Response:
    """Give the report of one import as JSON, with what its corrections moved."""
    try:
        report = download_report(store, session.actor, request.path_params["import_id"])
    except NotFound:
        return problem(request, 404, NO_FILE)
    told = {name: value for name, value in report.items() if name != "report"}  # a path of ours
    text = json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True)
    return attachment(iter((text.encode(),)), "report.json")


@signed_in
def export_trail(request: Request, session: Session, store: TenantStore) -> Response:
    """Stream the audit trail of the caller's tenant; 403 unless she is an administrator."""
    try:
        content = trail_csv(store, session.actor)
    except NotAllowed as error:
        return problem(request, 403, error.message)
    return attachment(content, "audit_trail.csv")


def attachment(content: Iterator[bytes], name: str, media_type: str | None = None) -> Response:
    """Return `content` as a file to keep, which no cache does."""
    headers = {
        "Content-Disposition": _disposition(name),
        "Cache-Control": "private, no-store",
    }
    known = media_type or _MEDIA_TYPES[PurePosixPath(name).suffix]
    return StreamingResponse(content, headers=headers, media_type=known)


def _disposition(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):  # a quote or a line end would end the name, or the header
        return f'attachment; filename="{name}"'
    return f"attachment; filename*=UTF-8''{quote(name)}"


def known_id(text: str) -> str | None:
    """Return an id of an address in its one spelling, None when it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
