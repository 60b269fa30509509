"""One HTTP exchange with Brevo: never repeated, the key in its header only, errors as tokens."""

import http.client
import logging
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from requests.auth import AuthBase
from urllib3.exceptions import (
    ConnectTimeoutError,
    IncompleteRead,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from core.errors import SettingsError, frames_of
from core.i18n import N_
from core.outreach.brevo_sockets import (
    CALL,
    TimedAdapter,
    TooLate,
    at_any_time,
    is_outside_a_call,
)

_LOG = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 40.0

TOO_LATE = "too_late"
"""The detail of a request that the caller no longer wanted when it was about to leave."""

_KEY_HEADER = "api-key"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PIECE_BYTES = 16_384
_LONGEST_BODY_BYTES = 32_000_000
_HEADERS = {
    "User-Agent": "ia-crm",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
}
# These write addresses (in paths) and header lines; what happened is told by `Failure.detail`.
_TALKATIVE = ("connectionpool", "connection", "poolmanager", "response", "util.retry")
# The first that stands anywhere in the chain of an error names it.
_DETAILS: tuple[tuple[type[BaseException], str], ...] = (
    (TooLate, TOO_LATE),
    (NameResolutionError, "name_resolution"),
    (ConnectionRefusedError, "connection_refused"),
    (NewConnectionError, "no_connection"),
    (ConnectTimeoutError, "connect_timeout"),
    (SSLError, "tls"),
    (TimeoutError, "timeout"),
    (IncompleteRead, "half_body"),
    (http.client.IncompleteRead, "half_body"),
    (ConnectionError, "reset"),
    (http.client.HTTPException, "bad_answer"),
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Failure:
    """No whole answer: a token of what happened, and whether a byte of the request may have left.

    `status` is that of an answer whose rest did not come.
    """

    detail: str
    begun: bool
    status: int | None = None


class Wire:
    """Exchanges with one server under one key; may be used by several threads at once.

    Each thread has a session of its own. Environment, proxies, cookies and redirects play no part.
    """

    def __init__(
        self, key: SecretStr, base_url: str, connect_seconds: float, total_seconds: float
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self._auth = _KeyAuth(checked_key(key))
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._own = threading.local()
        self._lock = threading.Lock()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        for name in _TALKATIVE:
            logging.getLogger(f"urllib3.{name}").addFilter(is_outside_a_call)

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_in_time: Callable[[], bool] = at_any_time,
    ) -> Answer | Failure:
        """Make one request and return its answer, or why there is none; nothing is tried twice.

        `is_in_time` is asked right before bytes leave; where it says no, no more of them do.
        """
        CALL.open(self._total_seconds, is_in_time)
        status = None
        try:
            with self._session().request(
                method,
                self.base_url + path,
                params=params,
                data=body,
                auth=self._auth,
                timeout=(self._connect_seconds, self._total_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
                return _read_answer(response)
        except Exception as error:  # noqa: BLE001  # any of them has the key in its frames
            return Failure(detail=_told(error), begun=CALL.begun, status=status)
        except BaseException as error:  # noqa: BLE001  # raised on, without those frames
            raise error.with_traceback(None) from None
        finally:
            CALL.close()

    def close(self) -> None:
        """Close the connections of all threads; a later exchange opens new ones."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = _open_session()
            with self._lock:
                self._sessions.add(session)
        return session


def checked_base_url(base_url: str) -> str:
    """Return the address without a slash at its end.

    Raises `SettingsError` unless it is https, or http on this machine, where no key can be read
    on its way.
    """
    parts = urlsplit(base_url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (is_safe and parts.hostname) or parts.username or parts.query or parts.fragment:
        raise SettingsError(
            N_("BREVO_BASE_URL must be an address that starts with https://. Correct it.")
        )
    return base_url.rstrip("/")


def checked_key(key: SecretStr) -> SecretStr:
    """Return `key`; raise `SettingsError` if it cannot stand in a header."""
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise SettingsError(
            N_("BREVO_API_KEY is empty or holds a character that no key has. Copy it again.")
        )
    return key


class _KeyAuth(AuthBase):
    """Puts the key into the header of a request, where it shows itself to nobody."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[_KEY_HEADER] = _Hidden(self._key.get_secret_value())
        return request


class _Hidden(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def _open_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session


def _read_answer(response: requests.Response) -> Answer | Failure:
    body = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        body += piece
        if len(body) > _LONGEST_BODY_BYTES:
            return Failure(detail="too_long", begun=True, status=response.status_code)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status_code, headers=headers, body=bytes(body))


def _told(error: Exception) -> str:
    """Return a token for an error; log where one that is not foreseen arose."""
    chain = list(_chain_of(error))
    for kind, detail in _DETAILS:
        if any(isinstance(link, kind) for link in chain):
            return detail
    _LOG.warning("A call to Brevo ended in %s", frames_of(error))
    return "error"


def _chain_of(error: BaseException) -> Iterator[BaseException]:
    """Give an error and all that it was made from, as requests and urllib3 wrap them."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
