"""The page behind the unsubscribe link of a message.

    GET   /u/{token}   a page with one button; changes nothing, for mail scanners follow links
    POST  /u/{token}   unsubscribes: the button, and the mail program's own (RFC 8058)

Neither needs a cookie or a session. The body of the POST says nothing that the link does not, so
it is read and not looked at: form, multipart or empty. A link that is not valid has one answer,
404, whatever is wrong with it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.bodies import read_body
from api.problems import language_of, problem
from core.errors import CrmError, NotFound
from core.i18n import N_, translate
from core.services.instance import app_store
from core.services.unsubscribe import Invitation, read_link, unsubscribe

LONGEST_BODY = 16_384
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "unsubscribe.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_TITLE = N_("Unsubscribe")
_ASK = N_("Stop the e-mails of %(tenant)s to %(email)s?")
_ASK_MORE = N_("Your request counts at once.")
_BUTTON = N_("Unsubscribe")
_DONE = N_("You are unsubscribed")
_DONE_MORE = N_("%(tenant)s sends no more e-mails to %(email)s.")
_CLOSE = N_("You can close this page.")
_NO_LINK = N_("This link is not valid")
_NO_LINK_MORE = N_("Open the link as it stands in the message you received.")
_FAILED = N_("This did not work")
_FAILED_MORE = N_("Nothing was changed. Open the link again in a few minutes.")
_TOO_LONG = N_("The body of this request is too long, or did not come as a whole.")


def show(request: Request) -> Response:
    """Show the page with the button; write nothing."""
    try:
        invitation = read_link(app_store(), request.path_params["token"])
    except CrmError as error:
        return _refusal(request, error)
    told = _values(invitation)
    return _page(
        _language(request, invitation),
        _TITLE,
        [_ASK, _ASK_MORE],
        button=_BUTTON,
        **told,
    )


async def leave_list(request: Request) -> Response:
    """Unsubscribe, and say that it is done: the second time too."""
    if await read_body(request, LONGEST_BODY) is None:
        return problem(request, 413, _TOO_LONG)
    return await run_in_threadpool(_leave, request)


def _leave(request: Request) -> Response:
    try:
        invitation = read_link(app_store(), request.path_params["token"])
        unsubscribe(invitation)
    except CrmError as error:
        return _refusal(request, error)
    language = _language(request, invitation)
    return _page(language, _DONE, [_DONE_MORE, _CLOSE], **_values(invitation))


def _refusal(request: Request, error: CrmError) -> Response:
    if isinstance(error, NotFound):
        return _page(language_of(request), _NO_LINK, [_NO_LINK_MORE], status=404)
    return _page(language_of(request), _FAILED, [_FAILED_MORE], status=503)


def _language(request: Request, invitation: Invitation) -> str:
    if invitation.language is not None:
        return invitation.language
    if "accept-language" not in request.headers:
        return invitation.store.tenant.language
    return language_of(request)


def _values(invitation: Invitation) -> dict[str, str]:
    return {"tenant": invitation.store.tenant.name, "email": invitation.masked_email}


def _page(
    language: str,
    title: str,
    sentences: Sequence[str],
    *,
    button: str = "",
    status: int = 200,
    **values: str,
) -> Response:
    words = {
        "language": language,
        "style": Markup(_STYLE),  # noqa: S704 - a file of ours
        "tenant": values.get("tenant", ""),
        "title": translate(language, title),
        "sentences": [translate(language, sentence, **values) for sentence in sentences],
        "button": translate(language, button),
    }
    return HTMLResponse(_layout().get_template("unsubscribe.html").render(words), status, _HEADERS)


@lru_cache(maxsize=1)
def _layout() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
