"""`/export/runs/{run_id}/{name}`: the files of a run, streamed to whoever is signed in."""

from pathlib import PurePosixPath
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.problems import problem
from core.errors import NotFound
from core.i18n import N_
from core.services.export_run import EXPORT_NAMES, export_file
from core.services.instance import app_store
from core.services.sign_in import SESSION_COOKIE, session_of

_MEDIA_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NO_FILE = N_("There is no such file. Look at the page Exports for the files of your runs.")


def export(request: Request) -> Response:
    """Stream one file of a run of the caller's tenant: 401 without session, 404 for any other."""
    store = app_store()
    session = session_of(store, request.cookies.get(SESSION_COOKIE, ""))
    if session is None:
        return problem(request, 401, N_("Sign in first."))
    name = request.path_params["name"]
    run_id = _run_id(request.path_params["run_id"])
    if run_id is None or name not in EXPORT_NAMES:
        return problem(request, 404, _NO_FILE)
    try:
        content = export_file(store.tenant_store(session.tenant), run_id, name)
    except NotFound:
        return problem(request, 404, _NO_FILE)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    media_type = _MEDIA_TYPES[PurePosixPath(name).suffix]
    return StreamingResponse(content, headers=headers, media_type=media_type)


def _run_id(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
