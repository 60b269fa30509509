"""A stateful double of Brevo on loopback: what it has accepted is the truth of every send test.

    with serve_brevo() as brevo:
        brevo.behave(RESET_ACCEPTED, email="lea@example.com")
        client = BrevoClient(SecretStr(brevo.key), brevo.base_url)
        ...
        assert brevo.ledger.accepted("lea@example.com") == 1

Every request is held against the vendor's contract and ours; one that breaks them fails the test
when the double is closed.
"""

import hashlib
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.contract.brevo_account import BrevoAccount, Reply
from tests.contract.brevo_contract import (
    find_operation,
    violations_of_reply,
    violations_of_request,
)
from tests.contract.brevo_server import Answer, Ending, LoopbackServer, Request

SEND = "sendTransacEmail"
KEY = "xkeysib-of-the-double"
SHORTEST_LIFE, LONGEST_LIFE = timedelta(minutes=15), timedelta(minutes=30)

_BASE_PATH = "/v3"
_NO_ACCOUNT: Reply = (401, {"code": "unauthorized", "message": "Key not found"})
_NO_TEMPLATE: Reply = (400, {"code": "invalid_parameter", "message": "no such template"})
_DUPLICATE: Reply = (400, {"code": "duplicate_parameter", "message": "the key was used before"})


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What the double does with a request, and what it says; as usual where nothing is set.

    `accepts`: whether a message is taken. `keeps_key`: whether its key is known afterwards;
    by default when the message was taken.
    """

    accepts: bool = True
    keeps_key: bool | None = None
    status: int | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE
    delay_seconds: float = 0.0

    def keeping_key(self) -> "Behaviour":
        """Return the same that knows the key afterwards, though it takes no message."""
        return replace(self, keeps_key=True)

    def keeps_a_key(self) -> bool:
        """Return whether the key of a message is known afterwards."""
        return self.accepts if self.keeps_key is None else self.keeps_key

    def in_its_way(self) -> "Behaviour":
        """Return how an answer ends and when, without what it says."""
        return Behaviour(keeps_key=False, ending=self.ending, delay_seconds=self.delay_seconds)


def refusal(status: int, code: str, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Return a refusal in Brevo's form: the message is not taken."""
    body = json.dumps({"code": code, "message": f"lea@example.com: {code}"}).encode()
    return Behaviour(accepts=False, status=status, body=body, headers=headers or {})


def limited(reset_seconds: float) -> Behaviour:
    """Return a 429 that says when its limit ends."""
    limits = {"limit": "1000", "remaining": "0", "reset": f"{reset_seconds:g}"}
    headers = {f"x-sib-ratelimit-{name}": text for name, text in limits.items()}
    return refusal(429, "too_many_requests", headers)


def html_page(status: int = 502, *, accepts: bool = False) -> Behaviour:
    """Return the page of somebody between us and Brevo."""
    headers = {"Content-Type": "text/html"}
    return Behaviour(accepts=accepts, status=status, body=b"<html>no</html>", headers=headers)


USUAL = Behaviour()
BAD_REQUEST = refusal(400, "invalid_parameter")
KEY_UNKNOWN = refusal(401, "unauthorized")
NO_CREDIT = refusal(402, "not_enough_credits")
FORBIDDEN = refusal(403, "permission_denied")
ERROR = refusal(500, "internal_error")
ERROR_ACCEPTED = replace(ERROR, accepts=True)
TIMEOUT = Behaviour(accepts=False, ending=Ending.SILENCE)
TIMEOUT_ACCEPTED = Behaviour(ending=Ending.SILENCE)
RESET = Behaviour(accepts=False, ending=Ending.RESET)
RESET_ACCEPTED = Behaviour(ending=Ending.RESET)
HALF_BODY = Behaviour(ending=Ending.HALF)
HTML = html_page()
REDIRECT = replace(html_page(302), headers={"Location": f"{_BASE_PATH}/account"})
NO_ID = Behaviour(body=b"{}")
SCHEDULED = Behaviour(status=202)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One request as it came in; `accepted` when a message was taken to be delivered.

    The bytes of messages are not kept, only their hash.
    """

    no: int
    at: datetime
    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    api_key: str
    body: bytes
    body_sha256: str
    email: str | None = None
    key: str | None = None
    accepted: bool = False
    dropped: bool = False


class Ledger:
    """Every request in its order, and the acceptances per recipient."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._accepted: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Append one request."""
        self.entries.append(entry)
        if entry.accepted and entry.email:
            self._accepted[entry.email] += 1

    def accepted(self, email: str) -> int:
        """Return how many messages to this address were taken to be delivered."""
        return self._accepted[email]

    def acceptances(self) -> Counter[str]:
        """Return the number of messages taken, by address."""
        return Counter(self._accepted)

    def requests(self, operation: str = SEND, email: str | None = None) -> list[Entry]:
        """Return the requests of one operation, to one address if it is named."""
        return [
            entry
            for entry in list(self.entries)
            if entry.operation == operation and email in (None, entry.email)
        ]


@dataclass
class _Rule:
    behaviour: Behaviour
    operation: str
    request_no: int | None
    email: str | None
    times: int | None

    def applies(self, operation: str, request_no: int, email: str | None) -> bool:
        return (
            self.operation == operation
            and self.request_no in (None, request_no)
            and self.email in (None, email)
            and self.times != 0
        )


class BrevoDouble:
    """One account of Brevo; everything is under one lock, its time comes from `clock`."""

    key = KEY

    def __init__(self, clock: Callable[[], datetime], key_life: timedelta) -> None:
        assert SHORTEST_LIFE <= key_life <= LONGEST_LIFE
        self.clock, self.key_life = clock, key_life
        self.account = BrevoAccount(lambda: self.clock())
        self.ledger = Ledger()
        self.violations: list[str] = []
        self.latency_seconds = 0.0
        self.event_lag = timedelta(0)
        self.extra_headers: dict[str, Mapping[str, str]] = {}
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._known: dict[str, datetime] = {}
        self._bytes_of: dict[str, str] = {}
        self._server = LoopbackServer(self._answer)

    @property
    def base_url(self) -> str:
        """What `BREVO_BASE_URL` is set to."""
        return self._server.url + _BASE_PATH

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._server.connections

    def behave(
        self,
        behaviour: Behaviour,
        *,
        email: str | None = None,
        request_no: int | None = None,
        times: int | None = 1,
        operation: str = SEND,
    ) -> None:
        """Do so at the next requests that fit, `times` times (None: from now on).

        `request_no` counts the requests of the operation, from 1. The first rule that fits wins.
        """
        with self._lock:
            self._rules.append(_Rule(behaviour, operation, request_no, email, times))

    def take_violations(self) -> list[str]:
        """Return what requests have broken, and forget it: for tests that mean to."""
        with self._lock:
            found, self.violations = self.violations, []
        return found

    def start(self) -> None:
        """Serve from now on."""
        self._server.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.stop()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            try:
                return self._worked(request)
            except Exception as error:  # the client would only see a reset
                self.violations.append(f"the double failed: {error!r}")
                raise

    def _worked(self, request: Request) -> Answer:
        path = request.path.removeprefix(_BASE_PATH)
        found = find_operation(request.method, path)
        entry = _entry_of(request, path, found[0].name if found else "", self._no(), self.clock())
        self.violations += _broken_headers(request)
        if found is None:
            self.violations.append(f"no such operation: {request.method} {path.split('/')[1]}")
            self.ledger.add(entry)
            return _said((404, {"code": "document_not_found", "message": "no such path"}))
        operation, params = found
        self.violations += violations_of_request(operation, request.query, request.body)
        self._numbers[operation.name] += 1
        behaviour = self._behaviour_for(operation.name, entry.email)
        if entry.api_key != self.key:
            reply, behaviour = _NO_ACCOUNT, behaviour.in_its_way()
        elif not behaviour.accepts:
            reply = (behaviour.status or 500, None)
        elif operation.name == SEND:
            entry, reply, behaviour = self._take_message(entry, behaviour)
        else:
            reply = self._reply_of_account(entry, params)
        self._remember(entry, behaviour)
        self.ledger.add(replace(entry, body=b"") if operation.name == SEND else entry)
        if behaviour.accepts:
            self.violations += violations_of_reply(operation, *reply)
        return self._shaped(reply, behaviour, self.extra_headers.get(operation.name, {}))

    def _no(self) -> int:
        return len(self.ledger.entries) + 1

    def _behaviour_for(self, operation: str, email: str | None) -> Behaviour:
        for rule in self._rules:
            if rule.applies(operation, self._numbers[operation], email):
                rule.times = None if rule.times is None else rule.times - 1
                return rule.behaviour
        return USUAL

    def _reply_of_account(self, entry: Entry, params: Mapping[str, str]) -> Reply:
        act = getattr(self.account, re.sub(r"(?=[A-Z])", "_", entry.operation).lower())
        reply: Reply = act(params, entry.query, json.loads(entry.body) if entry.body else None)
        return reply

    def _take_message(self, entry: Entry, behaviour: Behaviour) -> tuple[Entry, Reply, Behaviour]:
        """Take a message unless its key is known, whatever else was to happen."""
        if entry.key and self._is_known(entry.key):
            return entry, _DUPLICATE, behaviour.in_its_way()
        if not self.account.can_render(json.loads(entry.body).get("templateId")):
            return entry, _NO_TEMPLATE, behaviour.in_its_way()
        message_id = f"<{entry.at:%Y%m%d%H%M}.{entry.no}@relay.example>"
        entry = replace(entry, accepted=not entry.dropped)
        if entry.accepted:
            self._record_events(entry, message_id)
        return entry, (201, {"messageId": message_id}), behaviour

    def _remember(self, entry: Entry, behaviour: Behaviour) -> None:
        """Keep a key from its first use on: another lengthens nothing."""
        if entry.key is None:
            return
        if self._bytes_of.setdefault(entry.key, entry.body_sha256) != entry.body_sha256:
            self.violations.append(f"{SEND}: a key again with other bytes")
        if not self._is_known(entry.key) and behaviour.keeps_a_key():
            self._known[entry.key] = entry.at

    def _is_known(self, key: str) -> bool:
        since = self._known.get(key)
        return since is not None and self.clock() - since < self.key_life

    def _record_events(self, entry: Entry, message_id: str) -> None:
        content = json.loads(entry.body)
        fields = {"subject": content.get("subject", ""), "from": content["sender"]["email"]}
        for event in ("requests", "delivered"):
            self.account.add_event(
                entry.email or "",
                event,
                message_id=message_id,
                tags=content.get("tags", ()),
                after=self.event_lag,
                **fields,
            )

    def _shaped(self, reply: Reply, behaviour: Behaviour, extra: Mapping[str, str]) -> Answer:
        answer = _said(reply)
        return replace(
            answer,
            status=behaviour.status or answer.status,
            body=answer.body if behaviour.body is None else behaviour.body,
            headers={**extra, **behaviour.headers},
            ending=behaviour.ending,
            delay_seconds=self.latency_seconds + behaviour.delay_seconds,
        )


@contextmanager
def serve_brevo(
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    key_life: timedelta = SHORTEST_LIFE,
) -> Iterator[BrevoDouble]:
    """Give a double for the length of a block; fail at its end if a request broke the contract."""
    double = BrevoDouble(clock, key_life)
    double.start()
    try:
        yield double
    finally:
        double.stop()
    assert not double.violations, double.violations


def _said(reply: Reply) -> Answer:
    status, content = reply
    return Answer(status=status, body=b"" if content is None else json.dumps(content).encode())


def _entry_of(request: Request, path: str, operation: str, no: int, at: datetime) -> Entry:
    entry = Entry(
        no=no,
        at=at,
        operation=operation,
        method=request.method,
        path=path,
        query=request.query,
        api_key=request.headers.get("api-key", ""),
        body=request.body,
        body_sha256=hashlib.sha256(request.body).hexdigest(),
    )
    return _addressed(entry) if operation == SEND else entry


def _addressed(entry: Entry) -> Entry:
    try:
        content = json.loads(entry.body)
        headers = content.get("headers", {})
        return replace(
            entry,
            email=content["to"][0]["email"],
            key=_key_of(headers.get("idempotencyKey")),
            dropped=headers.get("X-Sib-Sandbox") == "drop",
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return entry


def _key_of(text: object) -> str | None:
    """Return the key if it is one: another text is passed over by Brevo without a word."""
    try:
        return str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def _broken_headers(request: Request) -> list[str]:
    expected = {"user-agent": "ia-crm", "accept": "application/json"}
    if request.body:
        expected["content-type"] = "application/json"
    found = [name for name, text in expected.items() if request.headers.get(name) != text]
    found += [name for name in request.headers if "idempotency" in name or name == "cookie"]
    return [f"header {name}" for name in found]
