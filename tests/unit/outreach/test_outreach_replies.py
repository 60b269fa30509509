import json

import pytest

from core.outreach.replies import (
    RESET_HEADER,
    EmailOutcome,
    EmailReply,
    classify_answer,
    classify_failure,
)

ACCEPTED, DUPLICATE, REJECTED = (
    EmailOutcome.ACCEPTED,
    EmailOutcome.DUPLICATE,
    EmailOutcome.REJECTED,
)
REFUSED, LIMITED, AMBIGUOUS = EmailOutcome.REFUSED, EmailOutcome.LIMITED, EmailOutcome.AMBIGUOUS

SENT = b'{"messageId": "<202603021030.1@relay.example>"}'
HTML = b"\n<html><body>Bad gateway</body></html>"


def error(code: object) -> bytes:
    return json.dumps({"code": code, "message": "lea@example.com is not valid"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "detail"),
    [
        (201, SENT, ACCEPTED, "http_201"),
        (202, SENT, ACCEPTED, "http_202"),
        (200, SENT, AMBIGUOUS, "http_200"),
        (204, b"", AMBIGUOUS, "not_json"),
        (201, b"{}", AMBIGUOUS, "no_message_id"),
        (201, b'{"messageId": ""}', AMBIGUOUS, "no_message_id"),
        (201, b'{"messageId": 7}', AMBIGUOUS, "no_message_id"),
        (201, b'{"messageId": "<a b@c>"}', AMBIGUOUS, "no_message_id"),
        (201, b'{"messageId": "<a\\r\\nb@c>"}', AMBIGUOUS, "no_message_id"),
        (201, SENT[:20], AMBIGUOUS, "not_json"),
        (201, b"[" * 100_000, AMBIGUOUS, "not_json"),
        (201, b"[]", AMBIGUOUS, "not_json"),
        (201, b"\xff", AMBIGUOUS, "not_json"),
        (200, HTML, AMBIGUOUS, "html"),
        (302, b"{}", AMBIGUOUS, "http_302"),
        (302, HTML, AMBIGUOUS, "html"),
        (400, error("duplicate_parameter"), DUPLICATE, "http_400"),
        (400, error("duplicate_request"), DUPLICATE, "http_400"),
        (409, error("duplicate_parameter"), AMBIGUOUS, "http_409"),
        (400, error("not_enough_credits"), REFUSED, "http_400"),
        (500, error("not_enough_credits"), AMBIGUOUS, "http_500"),
        (400, error("invalid_parameter"), REJECTED, "http_400"),
        (400, b"{}", REJECTED, "http_400"),
        (400, HTML, AMBIGUOUS, "html"),
        (403, HTML, AMBIGUOUS, "html"),
        *((status, error("no"), REJECTED, f"http_{status}") for status in (404, 405, 413, 422)),
        *((status, error("no"), REFUSED, f"http_{status}") for status in (401, 402, 403)),
        *((status, error("no"), AMBIGUOUS, f"http_{status}") for status in (408, 425, 499)),
        *((status, error("no"), AMBIGUOUS, f"http_{status}") for status in (500, 503, 599)),
        (502, HTML, AMBIGUOUS, "http_502"),
        (429, error("too_many_requests"), LIMITED, "http_429"),
        (429, HTML, LIMITED, "http_429"),
    ],
)
def test_an_answer_proves_what_its_status_and_form_allow(
    status: int, body: bytes, outcome: EmailOutcome, detail: str
) -> None:
    reply = classify_answer(status, {}, body)
    assert (reply.outcome, reply.status, reply.detail) == (outcome, status, detail)
    assert (reply.message_id is not None) == (outcome == ACCEPTED)


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("invalid_parameter", "invalid_parameter"),
        ("lea@example.com", None),
        ("a" * 61, None),
        ("Not Valid", None),
        ("a\n", None),
        (400, None),
    ],
)
def test_only_a_short_token_is_kept_of_what_the_vendor_says(code: object, kept: str | None) -> None:
    reply = classify_answer(400, {}, error(code))
    assert reply == EmailReply(
        outcome=REJECTED, status=400, code=kept, message_id=None, detail="http_400"
    )


@pytest.mark.parametrize(
    ("reset", "wait"),
    [
        ("12", 12.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("1767225600", None),
    ],
)
def test_a_limit_says_how_long_it_lasts(reset: str, wait: float | None) -> None:
    reply = classify_answer(429, {RESET_HEADER: reset}, b"{}")
    assert (reply.outcome, reply.wait_seconds) == (LIMITED, wait)
    assert classify_answer(400, {RESET_HEADER: reset}, b"{}").wait_seconds is None


def test_without_an_answer_it_counts_whether_a_byte_has_left() -> None:
    assert classify_failure("timeout").outcome == AMBIGUOUS
    assert classify_failure("half_body", status=201).status == 201
    assert classify_failure("tls", begun=False).outcome == EmailOutcome.NOT_BEGUN
