"""A Brevo that lives in the test's process, and live campaigns to send through it."""

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr

from core.outreach.brevo_records import Template
from core.outreach.brevo_sockets import at_any_time
from core.outreach.brevo_wire import TOO_LATE
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome, EmailReply, classify_failure
from core.services.campaign_control import confirm_live
from core.services.campaign_reports import status_of
from core.services.prepare_campaign import prepare
from core.services.pull_refusals import Watch, read_on
from core.store.doubtful import SeenEvent
from core.store.identity import store_tenant
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_double import KEY
from tests.contract.campaign_data import ANALYST, Person, fill_run, people

LIVE_SETTINGS = {
    "brevo_dry_run": "0",
    "brevo_api_key": KEY,
    "brevo_sender_email": "cave@example.com",
    "public_base_url": "https://crm.example.com",
    "token_secret": "0123456789abcdef0123456789abcdef",
}

KEY_LIFE = timedelta(minutes=15)


class Clock:
    """The moment of the test, moved by whoever sleeps."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.moment += timedelta(seconds=max(seconds, 0.001))


def go_live(
    store: Store, patch: pytest.MonkeyPatch, clock: Clock | None = None, **changed: object
) -> None:
    """Let an instance send live, on the test's clock where one is given, with other settings."""
    live: dict[str, object] = {**LIVE_SETTINGS, **changed}
    for name in ("brevo_api_key", "token_secret"):
        live[name] = SecretStr(str(live[name]))
    patch.setattr(store, "settings", store.settings.model_copy(update=live))
    if clock is not None:
        patch.setattr(store, "now", clock)


Reaction = Callable[["FakeBrevo", bytes], EmailReply]


def said(outcome: EmailOutcome, **fields: object) -> Reaction:
    """Return a reaction that takes nothing and answers so."""
    reply = EmailReply(outcome=outcome, **{"detail": outcome.lower(), **fields})  # type: ignore[arg-type]
    return lambda _brevo, _body: reply


def taken_unsaid(brevo: "FakeBrevo", body: bytes) -> EmailReply:
    """Take the message, and let the answer be lost."""
    brevo.take(body)
    return EmailReply(outcome=EmailOutcome.AMBIGUOUS, detail="timeout")


@dataclass
class FakeBrevo:
    """Takes messages, remembers keys for 15 minutes, answers on command.

    `plan` holds, by the number of an address, what the next posts to it meet; afterwards it is
    taken. `posts` has every body, `accepted` the truth of who got how many.
    """

    clock: Clock
    plan: dict[int, list[Reaction]] = field(default_factory=lambda: defaultdict(list))
    posts: list[bytes] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    keys: dict[str, datetime] = field(default_factory=dict)
    events: list[tuple[Sequence[str], SeenEvent]] = field(default_factory=list)
    tells_events: bool = True
    on_post: Callable[[], None] = lambda: None
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def send_email(self, body: bytes, is_in_time: Callable[[], bool] = at_any_time) -> EmailReply:
        """Post one message."""
        with self._alone:
            if not is_in_time():
                return classify_failure(TOO_LATE, begun=False)
            self.posts.append(body)
            self.on_post()
            planned = self.plan.get(_number(body))
            reaction = planned.pop(0) if planned else FakeBrevo.take
            return reaction(self, body)

    def take(self, body: bytes) -> EmailReply:
        """Take the message unless its key is known."""
        message = json.loads(body)
        key, email = message["headers"]["idempotencyKey"], message["to"][0]["email"]
        first_used = self.keys.get(key)
        if first_used is not None and self.clock() - first_used < KEY_LIFE:
            return EmailReply(
                outcome=EmailOutcome.DUPLICATE,
                status=400,
                code="duplicate_parameter",
                detail="http_400",
            )
        self.keys[key] = self.clock()
        self.accepted[email] += 1
        message_id = f"<{len(self.events)}@brevo.example>"
        self.events.append(
            (message["tags"], SeenEvent(email_norm=email, message_id=message_id, at=self.clock()))
        )
        return EmailReply(
            outcome=EmailOutcome.ACCEPTED, status=201, message_id=message_id, detail="http_201"
        )

    def refuse_known(self, store: TenantStore, watch: Watch = read_on) -> bool:
        """Know of nobody who must not be written to."""
        return True

    def written_to(self, tag: str) -> list[str]:
        """Return the addresses of the events under a tag."""
        return [event.email_norm for event in self.events_under(tag, 100, 0)]

    def template(self, template_id: int) -> Template | None:
        """Return no template: campaigns through this Brevo have built-in ones."""

    def events_under(self, tag: str, limit: int, offset: int) -> list[SeenEvent]:
        """Return a page of the events under a tag."""
        found = [event for tags, event in self.events if tag in tags and self.tells_events]
        return found[offset : offset + limit]


def _number(body: bytes) -> int:
    """Return n of person<n>@example.com, to whom the body goes."""
    email = json.loads(body)["to"][0]["email"]
    return int("".join(c for c in email.partition("@")[0] if c.isdigit()) or 0)


def prepare_live(
    tenant: TenantStore,
    persons: Iterable[Person] | int = 5,
    batch_size: int = 250,
    *,
    is_confirmed: bool = True,
) -> str:
    """Prepare a live campaign of these people, confirmed by typing their number."""
    chosen = people(persons) if isinstance(persons, int) else list(persons)
    campaign_id = prepare(
        tenant, ANALYST, fill_run(tenant, chosen), "discovery", batch_size, mode=Mode.LIVE
    )
    if is_confirmed:
        confirm_live(tenant, ANALYST, campaign_id, status_of(tenant, campaign_id).pending)
    return campaign_id


def store_company(tenant: TenantStore) -> None:
    """Enter the company itself, whose tokens are found by it."""
    with tenant.store.identity(write=True) as tx:
        store_tenant(tx, tenant.tenant, tenant.store.now())
