"""What an answer to `POST /smtp/email` proves, or the lack of one: pure, for the send protocol.

Only what is certain is called so. An answer that is not in Brevo's own form (a JSON object) comes
from somebody between us and Brevo and proves nothing about the message, whatever its status.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RESET_HEADER = "x-sib-ratelimit-reset"
DUPLICATES = frozenset({"duplicate_parameter", "duplicate_request"})
"""The codes of a key that Brevo knows already; no proof that the first call was accepted."""

_LONGEST_WAIT_SECONDS = 86_400.0
_CODE = re.compile(r"[a-z_]{1,60}")
_MESSAGE_ID = re.compile(r"[!-~]{1,500}")

_ACCEPTED = frozenset({201, 202})
_REFUSED = frozenset({401, 402, 403})
# Codes that speak of the account, whatever the status: every other message would fare the same.
_OF_THE_ACCOUNT = frozenset(
    {"account_under_validation", "not_enough_credits", "permission_denied", "unauthorized"}
)
LIMITED = 429
# Of every other 4xx (408, 409, 425, 499 ...) the request may have been under way already.
_REJECTED = frozenset({400, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431})


class EmailOutcome(StrEnum):
    """What is known of one message after one call."""

    ACCEPTED = "ACCEPTED"
    """Taken, with a message id."""
    DUPLICATE = "DUPLICATE"
    """The key was used before: by a call that was accepted, or by one that was not."""
    REJECTED = "REJECTED"
    """This message is refused for good."""
    REFUSED = "REFUSED"
    """The key, the credit or the right is missing: no message would be taken now."""
    LIMITED = "LIMITED"
    """Too many calls; this one was not taken."""
    AMBIGUOUS = "AMBIGUOUS"
    """Taken or not: nobody can tell from this call."""
    NOT_BEGUN = "NOT_BEGUN"
    """Provably no byte of the request has left."""


@dataclass(frozen=True, kw_only=True)
class EmailReply:
    """The outcome of one call of `send_email`, with nothing in it that a log must not keep.

    `status` is None without an answer. `code` is Brevo's error code, `wait_seconds` the time until
    a limit ends. `detail` is a short token of our own: `http_400`, `timeout`, `half_body`.
    """

    outcome: EmailOutcome
    status: int | None = None
    code: str | None = None
    message_id: str | None = None
    wait_seconds: float | None = None
    detail: str


def classify_answer(status: int, headers: Mapping[str, str], body: bytes) -> EmailReply:
    """Return what a whole answer proves; the names of `headers` are in lower case.

    >>> classify_answer(400, {}, b'{"code": "duplicate_parameter"}').outcome
    <EmailOutcome.DUPLICATE: 'DUPLICATE'>
    """
    content = parse_object(body)
    if status == LIMITED:  # whoever answers so has not passed the request on
        wait = parse_seconds(headers.get(RESET_HEADER))
        return _reply(EmailOutcome.LIMITED, status, content, wait_seconds=wait)
    if content is None:
        return classify_failure(name_form(status, body), status=status)
    if status in _ACCEPTED:
        return _accepted(status, content)
    return _reply(_outcome_of(status, code_of(content)), status, content)


def classify_failure(detail: str, *, begun: bool = True, status: int | None = None) -> EmailReply:
    """Return the reply of a call that ended without a usable answer.

    `begun` is False only if no byte of the request can have left.
    """
    outcome = EmailOutcome.AMBIGUOUS if begun else EmailOutcome.NOT_BEGUN
    return EmailReply(outcome=outcome, status=status, detail=detail)


def name_form(status: int, body: bytes) -> str:
    """Return a token for an answer that is no JSON object."""
    if status >= 500:
        return f"http_{status}"
    return "html" if body.lstrip()[:1] == b"<" else "not_json"


def concerns_account(status: int, code: str | None) -> bool:
    """Return whether a refusal speaks of key, credit or right, not of this one request."""
    return status in _REFUSED or (status in _REJECTED and code in _OF_THE_ACCOUNT)


def parse_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in `body`, None when it holds anything else."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def code_of(content: Mapping[str, Any] | None) -> str | None:
    """Return Brevo's error code, None when there is none or it is no short token."""
    code = content.get("code") if content else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def parse_seconds(value: str | None) -> float | None:
    """Return the seconds of a header, None when they are missing or beyond a day.

    >>> parse_seconds("12"), parse_seconds("soon"), parse_seconds("1767225600")
    (12.0, None, None)
    """
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    usable = math.isfinite(seconds) and 0 <= seconds <= _LONGEST_WAIT_SECONDS
    return seconds if usable else None


def _accepted(status: int, content: Mapping[str, Any]) -> EmailReply:
    message_id = content.get("messageId")
    if not isinstance(message_id, str) or not _MESSAGE_ID.fullmatch(message_id):
        return classify_failure("no_message_id", status=status)
    return EmailReply(
        outcome=EmailOutcome.ACCEPTED,
        status=status,
        message_id=message_id,
        detail=f"http_{status}",
    )


def _outcome_of(status: int, code: str | None) -> EmailOutcome:
    if status == 400 and code in DUPLICATES:
        return EmailOutcome.DUPLICATE
    if concerns_account(status, code):
        return EmailOutcome.REFUSED
    return EmailOutcome.REJECTED if status in _REJECTED else EmailOutcome.AMBIGUOUS


def _reply(
    outcome: EmailOutcome,
    status: int,
    content: Mapping[str, Any] | None,
    wait_seconds: float | None = None,
) -> EmailReply:
    return EmailReply(
        outcome=outcome,
        status=status,
        code=code_of(content),
        wait_seconds=wait_seconds,
        detail=f"http_{status}",
    )
