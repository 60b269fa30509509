"""Brevo's JSON to records.

What is not as documented raises `AttributeError`, `KeyError`, `TypeError` or `ValueError`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.outreach.brevo_records import (
    Account,
    AccountSender,
    Attribute,
    BlockedContact,
    Contact,
    ContactList,
    ListAddition,
    MailEvent,
    Page,
    Plan,
    ProcessState,
    Template,
    Webhook,
)

T = TypeVar("T")
Content = Mapping[str, Any]


def parse_account(content: Content) -> Account:
    """Return the account."""
    return Account(
        email=_text(content, "email"),
        company=_text(content, "companyName"),
        can_send=_flag(content["relay"], "enabled"),
        plans=parse_items(content, "plan", _parse_plan),
    )


def parse_sender(content: Content) -> AccountSender:
    """Return one sender."""
    return AccountSender(
        sender_id=_number(content, "id"),
        name=_text(content, "name"),
        email=_text(content, "email"),
        is_active=_flag(content, "active"),
    )


def parse_template(content: Content) -> Template:
    """Return one template."""
    return Template(
        template_id=_number(content, "id"),
        name=_text(content, "name"),
        subject=_text(content, "subject"),
        html=_text(content, "htmlContent"),
        reply_to=_text_or_none(content, "replyTo"),
        is_active=_flag(content, "isActive"),
        modified_at=parse_moment(_text(content, "modifiedAt")),
    )


def parse_contact(content: Content) -> Contact:
    """Return one contact; one that is known by telephone only has no address."""
    return Contact(
        contact_id=_number(content, "id"),
        email=_text_or_none(content, "email"),
        is_blacklisted=_flag(content, "emailBlacklisted"),
        list_ids=tuple(int(list_id) for list_id in content["listIds"]),
        attributes=dict(content["attributes"]),
        modified_at=parse_moment(_text(content, "modifiedAt")),
    )


def parse_process(content: Content) -> ProcessState:
    """Return how far a process is."""
    return ProcessState(_text(content, "status"))


def parse_attribute(content: Content) -> Attribute:
    """Return one attribute of contacts."""
    return Attribute(
        name=_text(content, "name"),
        category=_text(content, "category"),
        kind=_text_or_none(content, "type"),
    )


def parse_list(content: Content) -> ContactList:
    """Return one list of contacts."""
    return ContactList(
        list_id=_number(content, "id"),
        name=_text(content, "name"),
        folder_id=_number(content, "folderId"),
        subscribers=_number(content, "totalSubscribers"),
    )


def parse_addition(content: Content) -> ListAddition:
    """Return what became of addresses that were to be put on a list."""
    told = content["contacts"]
    return ListAddition(
        added=tuple(told.get("success") or ()), failed=tuple(told.get("failure") or ())
    )


def parse_blocked(content: Content) -> BlockedContact:
    """Return one blocked address."""
    return BlockedContact(
        email=_text(content, "email"),
        sender=_text(content, "senderEmail"),
        reason=_text(content["reason"], "code"),
        blocked_at=parse_moment(_text(content, "blockedAt")),
    )


def parse_event(content: Content) -> MailEvent:
    """Return one event of a message."""
    return MailEvent(
        email=_text(content, "email"),
        kind=_text(content, "event"),
        at=parse_moment(_text(content, "date")),
        message_id=_text(content, "messageId"),
        tag=_text_or_none(content, "tag") or None,
    )


def parse_webhook(content: Content) -> Webhook:
    """Return one webhook."""
    return Webhook(
        webhook_id=_number(content, "id"),
        url=_text(content, "url"),
        description=_text(content, "description"),
        events=tuple(str(event) for event in content["events"]),
    )


def parse_items(content: Content, name: str, parse: Callable[[Content], T]) -> tuple[T, ...]:
    """Return the records of a list, which Brevo leaves out or sets to null when it is empty."""
    return tuple(parse(item) for item in content.get(name) or ())


def parse_page(
    content: Content, name: str, parse: Callable[[Content], T], offset: int, limit: int
) -> Page[T]:
    """Return one part of a list that was asked for with `offset` and `limit`."""
    items = parse_items(content, name, parse)
    total = content.get("count")
    end = offset + len(items)
    is_last = len(items) < limit or (total is not None and end >= int(total))
    return Page(items=items, next_offset=None if is_last else end, total=total)


def parse_id(content: Content, name: str = "id") -> int:
    """Return the id of what was made."""
    return _number(content, name)


def parse_moment(text: str) -> datetime:
    """Return a moment in UTC; one without an offset is meant so.

    >>> parse_moment("2026-03-02 10:30:00+01:00").isoformat()
    '2026-03-02T09:30:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _parse_plan(content: Content) -> Plan:
    return Plan(
        kind=_text(content, "type"),
        credits_kind=_text(content, "creditsType"),
        credits=float(content["credits"]),
    )


def _text(content: Content, name: str) -> str:
    value = content[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _text_or_none(content: Content, name: str) -> str | None:
    return None if content.get(name) is None else _text(content, name)


def _number(content: Content, name: str) -> int:
    value = content[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(name)
    return value


def _flag(content: Content, name: str) -> bool:
    value = content[name]
    if not isinstance(value, bool):
        raise TypeError(name)
    return value
