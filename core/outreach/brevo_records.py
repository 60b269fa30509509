"""What is asked of Brevo and what it answers, as records. Addresses stay out of their `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import SecretStr

T = TypeVar("T")

AttributeValue = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list, oldest first; `next_offset` is None after the last part.

    `total` is the length of the list where Brevo says it.
    """

    items: tuple[T, ...]
    next_offset: int | None
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Credits of one kind: `kind` is the plan's, `credits_kind` what they count."""

    kind: str
    credits_kind: str
    credits: float


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account of the key; without `can_send` it takes no transactional messages."""

    email: str = field(repr=False)
    company: str
    can_send: bool
    plans: tuple[Plan, ...]


@dataclass(frozen=True, kw_only=True)
class AccountSender:
    """A sender that the account may use, once it is active."""

    sender_id: int
    name: str
    email: str = field(repr=False)
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template kept at Brevo."""

    template_id: int
    name: str
    subject: str
    html: str = field(repr=False)
    reply_to: str | None = field(repr=False)
    is_active: bool
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class Contact:
    """A contact as Brevo knows it; `is_blacklisted` for e-mails."""

    contact_id: int
    email: str | None = field(repr=False)
    is_blacklisted: bool
    list_ids: tuple[int, ...]
    attributes: Mapping[str, object] = field(repr=False)
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class ContactChange:
    """What a contact is to have; what is not named stays as it is.

    `block` blacklists for e-mails. There is no way back: what is blocked at Brevo is never
    opened by a push of ours.
    """

    email: str = field(repr=False)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, repr=False)
    list_ids: tuple[int, ...] = ()
    block: bool = False


class ProcessState(StrEnum):
    """How far an import at Brevo is."""

    QUEUED = "queued"
    IN_PROCESS = "in_process"
    COMPLETED = "completed"


class AttributeKind(StrEnum):
    """Kinds of contact attributes that we create."""

    TEXT = "text"
    DATE = "date"
    FLOAT = "float"
    BOOLEAN = "boolean"


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """An attribute of contacts; `kind` is None where Brevo gives none."""

    name: str
    category: str
    kind: str | None


@dataclass(frozen=True, kw_only=True)
class ContactList:
    """A list of contacts in a folder."""

    list_id: int
    name: str
    folder_id: int
    subscribers: int


@dataclass(frozen=True, kw_only=True)
class ListAddition:
    """Which addresses were put on a list, and which were not: unknown, or on it already."""

    added: tuple[str, ...] = field(repr=False)
    failed: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class BlockedContact:
    """An address that a sender's transactional messages do not reach; `reason` is a code."""

    email: str = field(repr=False)
    sender: str = field(repr=False)
    reason: str
    blocked_at: datetime


class EventKind(StrEnum):
    """Kinds of events that can be asked for."""

    REQUESTS = "requests"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKS = "clicks"
    BOUNCES = "bounces"
    HARD_BOUNCES = "hardBounces"
    SOFT_BOUNCES = "softBounces"
    SPAM = "spam"
    INVALID = "invalid"
    DEFERRED = "deferred"
    BLOCKED = "blocked"
    UNSUBSCRIBED = "unsubscribed"
    ERROR = "error"
    LOADED_BY_PROXY = "loadedByProxy"


@dataclass(frozen=True, kw_only=True)
class EventQuery:
    """Which events are asked for: those that fit everything named, and any of the tags.

    Both days or none; the last is included.
    """

    tags: tuple[str, ...] = ()
    message_id: str | None = None
    email: str | None = field(default=None, repr=False)
    kind: EventKind | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, kw_only=True)
class MailEvent:
    """What happened to one message; `kind` is Brevo's word, `EventKind` or a newer one.

    `tag` is one of the message's tags: what it has of others is only known by asking for them.
    """

    email: str = field(repr=False)
    kind: str
    at: datetime
    message_id: str
    tag: str | None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook for transactional messages; its address may hold a secret."""

    webhook_id: int
    url: str = field(repr=False)
    description: str
    events: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """A webhook to be made; with a `token` Brevo sends it as bearer token."""

    url: str = field(repr=False)
    description: str
    events: tuple[str, ...]
    token: SecretStr | None = None
