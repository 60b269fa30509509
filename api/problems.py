"""Refusals of the HTTP routes, as problem+json (RFC 9457) in the caller's language."""

from babel import negotiate_locale
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.i18n import LANGUAGES, SOURCE_LANGUAGE, translate


def language_of(request: Request) -> str:
    """Return the language of the product that the caller prefers."""
    header = request.headers.get("accept-language", "")
    preferred = [part.split(";")[0].strip() for part in header.split(",") if part.strip()]
    return negotiate_locale(preferred, LANGUAGES, sep="-") or SOURCE_LANGUAGE


def problem(request: Request, status: int, sentence: str, /, **values: object) -> JSONResponse:
    """Return a refusal: `sentence` is a gettext source string."""
    body = {
        "type": "about:blank",
        "status": status,
        "title": translate(language_of(request), sentence, **values),
    }
    headers = {"Cache-Control": "no-store"}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
