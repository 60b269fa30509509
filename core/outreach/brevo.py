"""The Brevo client: typed calls, one attempt each, and no word of the vendor in any error."""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pydantic import SecretStr

from core.outreach.brevo_calls import parsed, unless_unknown
from core.outreach.brevo_contacts import ContactCalls
from core.outreach.brevo_limits import Family, RateGate
from core.outreach.brevo_parsing import (
    parse_account,
    parse_blocked,
    parse_event,
    parse_id,
    parse_items,
    parse_sender,
    parse_template,
    parse_webhook,
)
from core.outreach.brevo_records import (
    Account,
    AccountSender,
    BlockedContact,
    EventQuery,
    MailEvent,
    Page,
    Template,
    Webhook,
    WebhookRequest,
)
from core.outreach.brevo_sockets import at_any_time
from core.outreach.brevo_wire import CONNECT_SECONDS, TOTAL_SECONDS, Failure, Wire
from core.outreach.replies import EmailReply, classify_answer, classify_failure

LONGEST_WAIT_SECONDS = 10.0
TEMPLATES_PER_PAGE = 50
BLOCKED_PER_PAGE = 100
EVENTS_PER_PAGE = 2_500


class BrevoClient(ContactCalls):
    """Calls of one account; may be used by several threads at once.

    Raises `SettingsError` for a key or an address that cannot be used. A call connects within
    `connect_seconds` (for each address of the name) and is over after `total_seconds`, whatever
    the other side does; only the name's resolution takes as long as the system lets it.

    All calls but `send_email` raise `BrevoError`; they wait for the end of a limit, or raise
    `BrevoLimited` when that would take more than `longest_wait_seconds`. `clock` gives seconds
    that never go back.
    """

    def __init__(
        self,
        key: SecretStr,
        base_url: str,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
    ) -> None:
        wire = Wire(key, base_url, connect_seconds, total_seconds)
        super().__init__(wire, RateGate(clock, sleep, longest_wait_seconds))

    def __repr__(self) -> str:
        return f"BrevoClient({self._wire.base_url!r})"

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def send_email(self, body: bytes, is_in_time: Callable[[], bool] = at_any_time) -> EmailReply:
        """Post one message, byte for byte; return what is known of it.

        Nothing that the network or Brevo does is raised. A limit is not waited for: the message
        may be sent again under a new key once `wait_seconds` have passed. Nothing leaves unless
        `is_in_time` says yes right before.
        """
        result = self._wire.exchange("POST", "/smtp/email", body=body, is_in_time=is_in_time)
        if isinstance(result, Failure):
            return classify_failure(result.detail, begun=result.begun, status=result.status)
        return classify_answer(result.status, result.headers, result.body)

    def account(self) -> Account:
        """Return the account of the key: the cheapest proof that the key is good."""
        return self._read(Family.ACCOUNT, "/account", parse_account)

    def senders(self) -> tuple[AccountSender, ...]:
        """Return all senders of the account."""
        return self._read(
            Family.SENDERS, "/senders", lambda told: parse_items(told, "senders", parse_sender)
        )

    def templates(
        self, *, is_active: bool | None = None, offset: int = 0, limit: int = TEMPLATES_PER_PAGE
    ) -> Page[Template]:
        """Return a part of the templates, of the active or the others if that is said."""
        query = {} if is_active is None else {"templateStatus": str(is_active).lower()}
        return self._read_page(
            Family.TEMPLATES,
            "/smtp/templates",
            "templates",
            parse_template,
            offset=offset,
            limit=limit,
            query=query,
        )

    def template(self, template_id: int) -> Template | None:
        """Return one template, None when there is none."""
        path = f"/smtp/templates/{template_id}"
        return unless_unknown(lambda: self._read(Family.TEMPLATES, path, parse_template))

    def blocked_contacts(
        self,
        *,
        first_day: date | None = None,
        last_day: date | None = None,
        offset: int = 0,
        limit: int = BLOCKED_PER_PAGE,
    ) -> Page[BlockedContact]:
        """Return a part of the addresses that get no transactional message any more.

        Of those blocked from `first_day` to `last_day`, when both are named.
        """
        days = {} if first_day is None or last_day is None else _days(first_day, last_day)
        return self._read_page(
            Family.BLOCKED,
            "/smtp/blockedContacts",
            "contacts",
            parse_blocked,
            offset=offset,
            limit=limit,
            query=days,
        )

    def events(
        self,
        asked: EventQuery,
        *,
        offset: int = 0,
        limit: int = EVENTS_PER_PAGE,
        newest_first: bool = False,
    ) -> Page[MailEvent]:
        """Return a part of the events of messages that fit; these calls are few an hour."""
        order = {"sort": "desc"} if newest_first else {}
        return self._read_page(
            Family.EVENTS,
            "/smtp/statistics/events",
            "events",
            parse_event,
            offset=offset,
            limit=limit,
            query={**_query_of(asked), **order},
        )

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return all webhooks for transactional messages."""
        return self._read(
            Family.WEBHOOKS,
            "/webhooks",
            lambda told: parse_items(told, "webhooks", parse_webhook),
            {"type": "transactional"},
        )

    def create_webhook(self, request: WebhookRequest) -> int:
        """Make a webhook for transactional messages; return its id."""
        body = {**_webhook_of(request), "type": "transactional"}
        return parsed(parse_id, self._call(Family.WEBHOOKS, "POST", "/webhooks", body=body))

    def update_webhook(self, webhook_id: int, request: WebhookRequest) -> bool:
        """Change a webhook; return whether there is one."""
        path = f"/webhooks/{webhook_id}"
        return self._is_done(Family.WEBHOOKS, "PUT", path, body=_webhook_of(request))

    def delete_webhook(self, webhook_id: int) -> bool:
        """Delete a webhook; return whether there was one."""
        return self._is_done(Family.WEBHOOKS, "DELETE", f"/webhooks/{webhook_id}")


def _query_of(asked: EventQuery) -> dict[str, str]:
    """Return what is named; Brevo takes several tags with commas between them."""
    named = {
        "tags": ",".join(asked.tags),
        "messageId": asked.message_id,
        "email": asked.email,
        "event": asked.kind,
        "startDate": asked.first_day.isoformat() if asked.first_day else None,
        "endDate": asked.last_day.isoformat() if asked.last_day else None,
    }
    return {name: value for name, value in named.items() if value}


def _days(first: date, last: date) -> dict[str, str]:
    return {"startDate": first.isoformat(), "endDate": last.isoformat()}


def _webhook_of(request: WebhookRequest) -> Mapping[str, Any]:
    fields: dict[str, Any] = {
        "url": request.url,
        "description": request.description,
        "events": list(request.events),
    }
    if request.token is not None:
        fields["auth"] = {"type": "bearer", "token": request.token.get_secret_value()}
    return fields
