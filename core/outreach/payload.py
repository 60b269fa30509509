"""The body of Brevo's `POST /smtp/email` for one recipient, frozen before anything is sent.

Field names are those of `sendSmtpEmail` in the vendor's OpenAPI document. The idempotency key is
put in when the delivery is claimed: Brevo reads it in `headers.idempotencyKey` of the body and
ignores it anywhere else.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.errors import Refused
from core.i18n import N_
from core.outreach.rendering import Message
from core.outreach.unsubscribe import unsubscribe_headers
from core.settings import Settings

PLACEHOLDER_SENDER = "sender@example.com"
"""Sender of dry runs as long as BREVO_SENDER_EMAIL is not set."""

TEMPLATE_ID, PARAMS = "templateId", "params"
"""What stands in the place of a content in the payload of a message that Brevo renders."""

_MAX_SENDER_NAME_CHARS = 70  # Brevo's limit
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_REDACTED = "***"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who a message comes from."""

    email: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which delivery of which campaign a message is; numbers start at 1."""

    campaign_id: str
    batch_no: int
    delivery_no: int


def sender_of(settings: Settings, tenant_name: str) -> Sender:
    """Return the sender that is set, else the placeholder under the tenant's name."""
    name = settings.brevo_sender_name or tenant_name
    return Sender(
        email=header_value(settings.brevo_sender_email or PLACEHOLDER_SENDER),
        name=header_value(name[:_MAX_SENDER_NAME_CHARS]),
    )


def header_value(value: str) -> str:
    """Return `value`; raise `Refused` when a control character would end a mail header early."""
    if _CONTROL_CHARACTER.search(value):
        raise Refused(
            N_(
                "A sender, subject or address holds a line break or another control character."
                " Remove it and prepare the campaign again."
            )
        )
    return value


def delivery_id(place: Place) -> str:
    """Return the name of a delivery that comes back in events and webhooks."""
    return f"{place.campaign_id}.{place.delivery_no}"


def tags_of(place: Place) -> list[str]:
    """Return the tags of a message: its campaign, and its batch within the campaign."""
    return [campaign_tag(place.campaign_id), batch_tag(place.campaign_id, place.batch_no)]


def campaign_tag(campaign_id: str) -> str:
    """Return the tag of a campaign's messages, by which their events are found."""
    return f"campaign-{campaign_id}"


def batch_tag(campaign_id: str, batch_no: int) -> str:
    """Return the tag of one batch's messages."""
    return f"{campaign_tag(campaign_id)}-batch-{batch_no}"


def build_payload(
    sender: Sender, email: str, message: Message, unsubscribe_url: str, place: Place
) -> str:
    """Return the payload of one message as canonical JSON, without the idempotency key."""
    return _canonical(
        {
            **_frame(sender, email, unsubscribe_url, place),
            "subject": header_value(message.subject),
            "htmlContent": message.html,
            "textContent": message.text,
        }
    )


def build_template_payload(
    sender: Sender,
    email: str,
    template_id: int,
    params: Mapping[str, object],
    unsubscribe_url: str,
    place: Place,
) -> str:
    """Return the payload of a message that Brevo renders, without subject and content of ours."""
    frame = _frame(sender, email, unsubscribe_url, place)
    return _canonical({**frame, TEMPLATE_ID: template_id, PARAMS: params})


def _frame(sender: Sender, email: str, unsubscribe_url: str, place: Place) -> dict[str, object]:
    """Return what every message has: from whom, to whom, its headers and tags."""
    headers = {**unsubscribe_headers(unsubscribe_url), "X-Mailin-custom": delivery_id(place)}
    return {
        "sender": {"email": sender.email, "name": sender.name},
        "to": [{"email": header_value(email)}],
        "headers": {name: header_value(value) for name, value in headers.items()},
        "tags": tags_of(place),
    }


def payload_sha256(payload: str) -> str:
    """Return the hexadecimal sha256 of a frozen payload."""
    return hashlib.sha256(payload.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request body, and what a log may keep of it: no address, no name, no text, no link."""

    body: bytes
    redacted: Mapping[str, Any]


def compose_request(payload: str, key: str) -> Request:
    """Return the request: the frozen payload with `key`, byte-identical at every replay."""
    content = json.loads(payload)
    content["headers"]["idempotencyKey"] = str(UUID(key))
    body = _canonical(content).encode()
    return Request(body=body, redacted=_redact(content, len(body)))


def _redact(request: Mapping[str, Any], size: int) -> dict[str, Any]:
    return {
        "to": [_REDACTED for _ in request["to"]],
        **_redacted_content(request),
        "headers": {**request["headers"], "List-Unsubscribe": _REDACTED},
        "tags": request["tags"],
        "bytes": size,
    }


def _redacted_content(request: Mapping[str, Any]) -> dict[str, int]:
    if TEMPLATE_ID in request:
        params = len(_canonical(request[PARAMS]))
        return {"template_id": request[TEMPLATE_ID], "params_chars": params}
    return {
        "subject_chars": len(request["subject"]),
        "html_chars": len(request["htmlContent"]),
        "text_chars": len(request["textContent"]),
    }


def _canonical(body: Mapping[str, object]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
