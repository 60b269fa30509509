"""What Brevo's webhooks say, read from their JSON: transactional events and those of marketing.

The bodies follow https://developers.brevo.com/docs/transactional-webhooks and
https://developers.brevo.com/docs/marketing-webhooks. They are not signed, their `id` is that of
the webhook, and names are spelt in several ways; anything may be missing or of another type.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.contracts import normalise_address

SUPPRESSING = ("unsubscribe", "complaint", "hard_bounce")

# Brevo's name of each event, and the contact status it is. These are none:
# - `request`: the message was accepted; the delivery's own `sent` says so. `deferred`: Brevo
#   tries again.
# - `blocked`: Brevo kept the message back, because of the sender or of its own block list. Why an
#   address is on that list is told when the list is read; the event tells no wish and no bounce.
# - `invalid_email`: by Brevo's list of events the address of the *sender* is invalid. One wrong
#   setting would otherwise suppress a whole audience; a dead address comes as a hard bounce.
# - `error`: the transfer failed between sender and recipient; it speaks of no address.
_STATUSES: Mapping[str, str | None] = {
    "request": None,
    "delivered": "delivered",
    "opened": "open",
    "unique_opened": "open",
    "proxy_open": "open",
    "unique_proxy_open": "open",
    "click": "click",
    "soft_bounce": "soft_bounce",
    "hard_bounce": "hard_bounce",
    "spam": "complaint",
    "unsubscribed": "unsubscribe",
    "deferred": None,
    "blocked": None,
    "invalid_email": None,
    "error": None,
}
_OTHER_NAMES = {
    "sent": "request",
    "open": "opened",
    "clicked": "click",
    "loadedbyproxy": "proxy_open",
    "complaint": "spam",
    "unsubscribe": "unsubscribed",
    "invalid": "invalid_email",
}
_NAMES = {name.replace("_", ""): name for name in _STATUSES} | _OTHER_NAMES
_DELIVERY = re.compile(r"([0-9a-f-]{36})\.([1-9][0-9]{0,8})")
_CAMPAIGN_TAG = re.compile(r"campaign-([0-9a-f-]{36})")
_LAST_SECOND = 4_102_444_800  # of the year 2099: anything later is no time in seconds
_LONGEST_ADDRESS = 320
_LONGEST_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class VendorEvent:
    """One event; `at` is None when it carries no usable time.

    `campaign_id` and `delivery_no` are what the message said of itself, both None when it names
    no delivery in our form; the number alone is missing where only the tags came back.
    """

    event: str
    email_norm: str
    message_id: str | None
    at: datetime | None
    campaign_id: str | None
    delivery_no: int | None

    @property
    def status(self) -> str | None:
        """The contact status that the event is, or None."""
        return _STATUSES[self.event]

    @property
    def event_key(self) -> str:
        """The same for every repetition of this event."""
        return self._digest(self.event)

    @property
    def contact_key(self) -> str:
        """The same for events that tell one happening, as `opened` and `unique_opened` do."""
        return self._digest(f"status {self.status}")

    def _digest(self, what: str) -> str:
        seconds = None if self.at is None else int(self.at.timestamp())
        parts = json.dumps([self.message_id, self.email_norm, what, seconds])
        return hashlib.sha256(parts.encode()).hexdigest()


def parse_event(data: object) -> VendorEvent | None:
    """Return the event of one JSON object; None without an address or of an unknown kind."""
    if not isinstance(data, Mapping):
        return None
    event = _NAMES.get(_text(data, "event").lower().replace("_", "").replace("-", ""))
    email_norm = normalise_address(_text(data, "email", _LONGEST_ADDRESS))
    if event is None or "@" not in email_norm:
        return None
    campaign_id, delivery_no = _delivery_of(data)
    return VendorEvent(
        event=event,
        email_norm=email_norm,
        message_id=_text(data, "message-id") or None,
        at=_moment_of(data),
        campaign_id=campaign_id,
        delivery_no=delivery_no,
    )


def _text(data: Mapping[str, Any], name: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a text that every database takes, else nothing."""
    value = data.get(name)
    if not isinstance(value, str) or not value.strip().isprintable():
        return ""
    return value.strip() if len(value) <= longest else ""


def _moment_of(data: Mapping[str, Any]) -> datetime | None:
    for name in ("ts_event", "ts"):
        value = data.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
            value = int(value)
        if type(value) is int and 0 < value < _LAST_SECOND:
            return datetime.fromtimestamp(value, UTC)
    return None


def _delivery_of(data: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Return the campaign and the number that a message names, the campaign alone by its tags."""
    if "X-Mailin-custom" in data:
        found = _DELIVERY.fullmatch(_text(data, "X-Mailin-custom").lower())
        campaign_id = _uuid(found[1]) if found else None
        return (campaign_id, int(found[2])) if found and campaign_id else (None, None)
    tags = data.get("tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, str) and (found := _CAMPAIGN_TAG.fullmatch(tag.lower())):
            return _uuid(found[1]), None
    return None, None


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
