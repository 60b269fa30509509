"""One typed call: wait for its family's limit, exchange, raise what is no success, parse."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from core.errors import (
    BrevoError,
    BrevoRefused,
    BrevoRejected,
    BrevoUnexpected,
    BrevoUnreachable,
)
from core.i18n import N_
from core.outreach.brevo_limits import Family, RateGate, limit_error
from core.outreach.brevo_parsing import Content, parse_page
from core.outreach.brevo_records import Page
from core.outreach.brevo_wire import Answer, Failure, Wire
from core.outreach.replies import (
    LIMITED,
    RESET_HEADER,
    code_of,
    concerns_account,
    name_form,
    parse_object,
    parse_seconds,
)

T = TypeVar("T")

_UNKNOWN = "document_not_found"


class BrevoCalls:
    """What the groups of calls share. Each call is made once; its caller may repeat a reading."""

    def __init__(self, wire: Wire, gate: RateGate) -> None:
        self._wire = wire
        self._gate = gate

    def _call(
        self,
        family: Family,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Content:
        """Return the object in the answer, an empty one when there is none; raise `BrevoError`."""
        self._gate.wait(family)
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        result = self._wire.exchange(method, path, params=query, body=data)
        if isinstance(result, Failure):
            raise BrevoUnreachable(
                N_("Brevo gave no whole answer (%(detail)s). Check the network, then try again."),
                status=result.status,
                detail=result.detail,
            )
        self._gate.note(family, result.status, result.headers)
        return content_of(result)

    def _read(
        self,
        family: Family,
        path: str,
        parse: Callable[[Content], T],
        query: Mapping[str, str] | None = None,
    ) -> T:
        return parsed(parse, self._call(family, "GET", path, query=query))

    def _read_page(
        self,
        family: Family,
        path: str,
        name: str,
        parse: Callable[[Content], T],
        *,
        offset: int,
        limit: int,
        query: Mapping[str, str] | None = None,
    ) -> Page[T]:
        """Return a part of a list, oldest first: what is added meanwhile moves nothing."""
        place = {"offset": str(offset), "limit": str(limit), "sort": "asc"}
        return self._read(
            family,
            path,
            lambda content: parse_page(content, name, parse, offset, limit),
            {**place, **(query or {})},
        )

    def _is_done(
        self,
        family: Family,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bool:
        """Call for something that may be gone; return whether it was there."""
        told = unless_unknown(lambda: self._call(family, method, path, query=query, body=body))
        return told is not None


def unless_unknown(call: Callable[[], T]) -> T | None:
    """Return what a call gives, None when Brevo does not know what it is about."""
    try:
        return call()
    except BrevoRejected as error:
        if error.code != _UNKNOWN:  # a 404 alone may come of a wrong address
            raise
    return None


def content_of(answer: Answer) -> Content:
    """Return the object in a successful answer; raise the `BrevoError` of any other."""
    content = parse_object(answer.body)
    if 200 <= answer.status < 300 and (content is not None or not answer.body):
        return content or {}
    raise _error_of(answer, content)


def parsed(parse: Callable[[Content], T], content: Content) -> T:
    """Return the record in an answer; raise `BrevoUnexpected` when it is not as documented."""
    try:
        return parse(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass  # what is raised below must not hold the vendor's text as its context
    raise _unexpected("fields", HTTPStatus.OK)


def _error_of(answer: Answer, content: Content | None) -> BrevoError:
    status, code = answer.status, code_of(content)
    if status == LIMITED:
        return limit_error(parse_seconds(answer.headers.get(RESET_HEADER)), status)
    if content is None:
        return _unexpected(name_form(status, answer.body), status)
    detail = f"http_{status} {code or ''}".strip()
    if concerns_account(status, code):
        sentence = N_(
            "Brevo refuses the key, or the account lacks credit or a right (%(detail)s)."
            " Check BREVO_API_KEY and the account."
        )
        return BrevoRefused(sentence, status=status, code=code, detail=detail)
    if 400 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:
        sentence = N_("Brevo has declined the request (%(detail)s). Nothing was changed.")
        return BrevoRejected(sentence, status=status, code=code, detail=detail)
    return _unexpected(f"http_{status}", status)


def _unexpected(detail: str, status: int) -> BrevoUnexpected:
    return BrevoUnexpected(
        N_("Brevo has answered in an unexpected way (%(detail)s). Try again later."),
        status=status,
        detail=detail,
    )
