"""The files of a run, and the remarks on an import, streamed to whoever is signed in."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.problems import problem
from core.errors import NotFound
from core.i18n import N_
from core.services.export_run import EXPORT_NAMES, export_file
from core.services.import_issues import issues_csv
from core.services.instance import app_store
from core.services.sign_in import SESSION_COOKIE, Session, session_of

_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NO_FILE = N_("There is no such file. Look at the page Exports for the files of your runs.")


def export(request: Request) -> Response:
    """Stream one file of a run of the caller's tenant: 401 without session, 404 for any other."""
    session = _session(request)
    if session is None:
        return problem(request, 401, N_("Sign in first."))
    name = request.path_params["name"]
    run_id = _known_id(request.path_params["run_id"])
    if run_id is None or name not in EXPORT_NAMES:
        return problem(request, 404, _NO_FILE)
    try:
        content = export_file(app_store().tenant_store(session.tenant), run_id, name)
    except NotFound:
        return problem(request, 404, _NO_FILE)
    return _download(content, name)


def export_issues(request: Request) -> Response:
    """Stream the remarks on the rows of one import of the caller's tenant, as `export` does."""
    session = _session(request)
    if session is None:
        return problem(request, 401, N_("Sign in first."))
    store = app_store().tenant_store(session.tenant)
    try:
        content = issues_csv(store, request.path_params["import_id"], session.actor.language)
    except NotFound:
        return problem(request, 404, _NO_FILE)
    return _download(content, "issues.csv")


def _session(request: Request) -> Session | None:
    return session_of(app_store(), request.cookies.get(SESSION_COOKIE, ""))


def _download(content: Iterator[bytes], name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    media_type = _MEDIA_TYPES[PurePosixPath(name).suffix]
    return StreamingResponse(content, headers=headers, media_type=media_type)


def _known_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
