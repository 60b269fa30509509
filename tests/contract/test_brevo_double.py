"""The client's messages against the double: what it is told, and what was really accepted."""

import http.client
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.outreach.brevo import BrevoClient
from core.outreach.replies import EmailOutcome, EmailReply
from tests.contract import brevo_double as brevo
from tests.contract.brevo_double import BrevoDouble, serve_brevo
from tests.contract.brevo_messages import message
from tests.contract.loopback import allow_loopback_only

O = EmailOutcome  # noqa: E741  # the table below has a column of it
TO = "lea@example.com"
SHORT_SECONDS = 0.6


class Clock:
    """A time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_loopback_only(monkeypatch)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def double(clock: Clock) -> Iterator[BrevoDouble]:
    with serve_brevo(clock) as served:
        yield served


@pytest.fixture
def client(double: BrevoDouble) -> Iterator[BrevoClient]:
    client = BrevoClient(SecretStr(double.key), double.base_url)
    yield client
    client.close()


@pytest.fixture
def hasty(double: BrevoDouble) -> Iterator[BrevoClient]:
    """A client that waits for no answer longer than a moment."""
    client = BrevoClient(SecretStr(double.key), double.base_url, total_seconds=SHORT_SECONDS)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("behaviour", "outcome", "detail", "accepted", "again"),
    [
        (brevo.USUAL, O.ACCEPTED, "http_201", 1, O.DUPLICATE),
        (brevo.SCHEDULED, O.ACCEPTED, "http_202", 1, O.DUPLICATE),
        (brevo.NO_ID, O.AMBIGUOUS, "no_message_id", 1, O.DUPLICATE),
        (brevo.HALF_BODY, O.AMBIGUOUS, "half_body", 1, O.DUPLICATE),
        (brevo.ERROR_ACCEPTED, O.AMBIGUOUS, "http_500", 1, O.DUPLICATE),
        (brevo.ERROR, O.AMBIGUOUS, "http_500", 0, O.ACCEPTED),
        (brevo.ERROR.keeping_key(), O.AMBIGUOUS, "http_500", 0, O.DUPLICATE),
        (brevo.TIMEOUT_ACCEPTED, O.AMBIGUOUS, "timeout", 1, O.DUPLICATE),
        (brevo.TIMEOUT, O.AMBIGUOUS, "timeout", 0, O.ACCEPTED),
        (brevo.RESET_ACCEPTED, O.AMBIGUOUS, "reset", 1, O.DUPLICATE),
        (brevo.RESET, O.AMBIGUOUS, "reset", 0, O.ACCEPTED),
        (brevo.HTML, O.AMBIGUOUS, "http_502", 0, O.ACCEPTED),
        (brevo.html_page(200, accepts=True), O.AMBIGUOUS, "html", 1, O.DUPLICATE),
        (brevo.REDIRECT, O.AMBIGUOUS, "html", 0, O.ACCEPTED),
        (brevo.BAD_REQUEST, O.REJECTED, "http_400", 0, O.ACCEPTED),
        (brevo.KEY_UNKNOWN, O.REFUSED, "http_401", 0, O.ACCEPTED),
        (brevo.NO_CREDIT, O.REFUSED, "http_402", 0, O.ACCEPTED),
        (brevo.FORBIDDEN, O.REFUSED, "http_403", 0, O.ACCEPTED),
        (brevo.limited(12), O.LIMITED, "http_429", 0, O.ACCEPTED),
    ],
)
def test_what_a_call_is_told_and_what_a_replay_of_it(
    double: BrevoDouble,
    client: BrevoClient,
    hasty: BrevoClient,
    behaviour: brevo.Behaviour,
    outcome: EmailOutcome,
    detail: str,
    accepted: int,
    again: EmailOutcome,
) -> None:
    double.behave(behaviour)
    body = message(TO)
    reply = (hasty if detail == "timeout" else client).send_email(body)
    assert (reply.outcome, reply.detail) == (outcome, detail)
    assert double.ledger.accepted(TO) == accepted
    assert client.send_email(body).outcome == again
    assert double.ledger.accepted(TO) == 1 - (again == O.DUPLICATE and not accepted)
    assert len(double.ledger.requests(email=TO)) == len(double.ledger.entries) == 2


def test_what_brevo_says_is_told_without_its_words(
    double: BrevoDouble, client: BrevoClient
) -> None:
    double.behave(brevo.limited(12))
    double.behave(brevo.BAD_REQUEST)
    replies = [client.send_email(message(TO)) for _ in range(3)]
    assert replies == [
        EmailReply(
            outcome=O.LIMITED,
            status=429,
            code="too_many_requests",
            wait_seconds=12.0,
            detail="http_429",
        ),
        EmailReply(outcome=O.REJECTED, status=400, code="invalid_parameter", detail="http_400"),
        EmailReply(
            outcome=O.ACCEPTED,
            status=201,
            message_id="<202603020930.3@relay.example>",
            detail="http_201",
        ),
    ]


def test_a_key_is_forgotten_after_its_life(
    double: BrevoDouble, client: BrevoClient, clock: Clock
) -> None:
    body = message(TO)
    outcomes = []
    for minutes in (0, 14, 15):
        clock.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        outcomes.append(client.send_email(body).outcome)
    assert outcomes == [O.ACCEPTED, O.DUPLICATE, O.ACCEPTED]
    assert double.ledger.accepted(TO) == 2


def test_the_key_of_the_account_is_asked_for(double: BrevoDouble) -> None:
    stranger = BrevoClient(SecretStr("xkeysib-another"), double.base_url)
    assert stranger.send_email(message(TO)).outcome == O.REFUSED
    stranger.close()
    assert double.ledger.acceptances() == {}


def test_a_message_to_be_dropped_is_taken_and_not_delivered(
    double: BrevoDouble, client: BrevoClient
) -> None:
    headers = {"X-Sib-Sandbox": "drop", "idempotencyKey": str(uuid.uuid4())}
    assert client.send_email(message(TO, headers=headers)).outcome == O.ACCEPTED
    assert (double.ledger.accepted(TO), double.account.events) == (0, [])
    assert double.take_violations() != []  # no message of ours is to be dropped


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (message(TO, headers={}), 2),
        (message(TO, headers={}, idempotencyKey=str(uuid.uuid4())), 2),
        (message(TO, headers={"Idempotency-Key": str(uuid.uuid4())}), 2),
        (message(TO, headers={"idempotencyKey": "abc-123"}), 2),
        (message(TO, to=[{"email": TO}, {"email": "b@example.com"}]), 1),
    ],
    ids=["no key", "key outside", "key misspelt", "key no UUID", "two recipients"],
)
def test_a_message_outside_the_contract_is_taken_and_found(
    double: BrevoDouble, client: BrevoClient, body: bytes, sent: int
) -> None:
    """As Brevo does: a key where it is not looked for sends twice."""
    for _ in range(2):
        client.send_email(body)
    assert double.ledger.accepted(TO) == sent
    assert double.take_violations() != []


def test_a_replay_is_the_same_bytes(double: BrevoDouble, client: BrevoClient) -> None:
    key = str(uuid.uuid4())
    client.send_email(message(TO, key))
    client.send_email(message(TO, key, subject="Autre"))
    assert double.take_violations() == ["sendTransacEmail: a key again with other bytes"]


def _ask_as_a_stranger() -> None:
    with serve_brevo() as double:
        connection = http.client.HTTPConnection(double.base_url.split("/")[2])
        connection.request("GET", "/v3/account", headers={"api-key": double.key})
        assert connection.getresponse().status == 200
        connection.close()


def test_a_violation_fails_the_test_that_made_it() -> None:
    with pytest.raises(AssertionError, match="header user-agent"):
        _ask_as_a_stranger()


def test_a_request_is_chosen_by_its_number_and_by_its_recipient(
    double: BrevoDouble, client: BrevoClient
) -> None:
    double.behave(brevo.ERROR, request_no=2)
    double.behave(brevo.BAD_REQUEST, email="b@example.com", times=None)
    outcomes = [client.send_email(message(f"{name}@example.com")).outcome for name in "aaabb"]
    assert outcomes == [O.ACCEPTED, O.AMBIGUOUS, O.ACCEPTED, O.REJECTED, O.REJECTED]
    assert double.ledger.acceptances() == {"a@example.com": 2}


def test_sixteen_at_once_each_over_one_connection(double: BrevoDouble) -> None:
    double.latency_seconds = 0.05
    client = BrevoClient(SecretStr(double.key), double.base_url)
    bodies = [message(f"c{number}@example.com") for number in range(160)]
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(client.send_email, bodies))
    client.close()
    assert time.monotonic() - began < 160 * double.latency_seconds / 2
    assert {reply.outcome for reply in replies} == {O.ACCEPTED}
    assert len({reply.message_id for reply in replies}) == 160
    assert set(double.ledger.acceptances().values()) == {1}
    assert double.connections <= 16
