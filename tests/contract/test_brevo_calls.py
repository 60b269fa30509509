"""Every call of the client but the sending, against the double of Brevo."""

import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from core.errors import (
    BrevoError,
    BrevoLimited,
    BrevoRefused,
    BrevoRejected,
    BrevoUnexpected,
    BrevoUnreachable,
)
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_records import (
    Account,
    Attribute,
    AttributeKind,
    ContactChange,
    ContactList,
    EventKind,
    EventQuery,
    ListAddition,
    Plan,
    ProcessState,
    WebhookRequest,
)
from tests.contract import brevo_double as brevo
from tests.contract.brevo_contract import operations
from tests.contract.brevo_double import Behaviour, BrevoDouble, serve_brevo
from tests.contract.loopback import allow_loopback_only

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LEA, MAX = "léa+crm@example.com", "max@example.com"
HOOK = WebhookRequest(
    url="https://crm.example.com/brevo/webhook/a-secret-of-ours",
    description="ia-crm",
    events=("delivered", "hardBounce"),
    token=SecretStr("t" * 24),
)


class Time:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_loopback_only(monkeypatch)


@pytest.fixture
def double() -> Iterator[BrevoDouble]:
    with serve_brevo(lambda: NOW) as served:
        yield served


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(double: BrevoDouble, time: Time) -> Iterator[BrevoClient]:
    client = BrevoClient(
        SecretStr(double.key),
        double.base_url,
        clock=time,
        sleep=time.sleep,
        longest_wait_seconds=30,
    )
    yield client
    client.close()


def test_account_and_senders(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.relay_enabled = False
    double.account.add_sender("cave@example.com", active=False)
    assert client.account() == Account(
        email="cave@example.com",
        company="Domaine Test",
        can_send=False,
        plans=(Plan(kind="payAsYouGo", credits_kind="sendLimit", credits=10_000.0),),
    )
    (sender,) = client.senders()
    assert (sender.name, sender.email, sender.is_active) == ("Cave", "cave@example.com", False)


def test_templates_come_in_parts_oldest_first(double: BrevoDouble, client: BrevoClient) -> None:
    ids = [double.account.add_template(f"T{n}", active=n != 2) for n in range(5)]
    first = client.templates(limit=2)
    assert [template.name for template in first.items] == ["T0", "T1"]
    assert (first.next_offset, first.total) == (2, 5)
    last = client.templates(offset=4, limit=2)
    assert ([template.name for template in last.items], last.next_offset) == (["T4"], None)
    assert client.templates(offset=3, limit=2).next_offset is None  # full, and yet the last
    assert client.templates(is_active=True).total == 4
    found = client.template(ids[2])
    assert found is not None
    assert (found.name, found.is_active, found.modified_at) == ("T2", False, NOW)
    assert client.template(999) is None


def test_a_contact_is_made_changed_and_deleted(double: BrevoDouble, client: BrevoClient) -> None:
    client.create_attribute("SEGMENT", AttributeKind.TEXT)
    assert client.contact(LEA) is None
    assert not client.update_contact(ContactChange(email=LEA, block=True))
    contact_id = client.create_contact(ContactChange(email=LEA, attributes={"SEGMENT": "vip"}))
    change = ContactChange(email=LEA, attributes={"SEGMENT": "loyal", "NONE": 1}, list_ids=(7,))
    with pytest.raises(BrevoRejected) as refusal:
        client.create_contact(change)
    assert refusal.value.code == "duplicate_parameter"
    assert client.create_contact(change, update=True) is None
    assert client.update_contact(ContactChange(email=LEA, block=True))
    contact = client.contact(LEA)
    assert contact is not None
    assert (contact.contact_id, contact.email, contact.is_blacklisted) == (contact_id, LEA, True)
    assert (contact.list_ids, contact.attributes) == ((7,), {"SEGMENT": "loyal"})
    assert client.delete_contact(LEA)
    assert not client.delete_contact(LEA)


def test_a_push_never_opens_what_is_blocked(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.add_contact(LEA, blacklisted=True)
    client.update_contact(ContactChange(email=LEA, list_ids=(1,)))
    client.create_contact(ContactChange(email=LEA), update=True)
    client.update_contacts([ContactChange(email=LEA, list_ids=(2,))])
    assert double.account.contacts[LEA]["emailBlacklisted"] is True
    assert double.account.contacts[LEA]["listIds"] == [1, 2]


def test_contacts_changed_since_a_moment_are_read_in_parts(
    double: BrevoDouble, client: BrevoClient
) -> None:
    for number in range(3):
        double.account.add_contact(f"c{number}@example.com")
    double.account.contacts["c0@example.com"]["modifiedAt"] = "2026-03-01T10:30:00.000+01:00"
    page = client.contacts(modified_since=NOW, limit=1)
    assert ([c.email for c in page.items], page.next_offset) == (["c1@example.com"], 1)
    assert client.contacts().items[0].modified_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_contacts_are_changed_in_batches(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.add_contact(MAX)
    client.create_attribute("LAST_PURCHASE", AttributeKind.DATE)
    changes = [
        ContactChange(email=MAX, attributes={"LAST_PURCHASE": "2026-02-01"}),
        ContactChange(email=LEA, block=True),
    ]
    client.update_contacts(changes)
    assert double.account.contacts[MAX]["attributes"] == {"LAST_PURCHASE": "2026-02-01"}
    assert LEA not in double.account.contacts


def test_an_import_is_done_when_its_process_is(double: BrevoDouble, client: BrevoClient) -> None:
    client.create_attribute("SEGMENT", AttributeKind.TEXT)
    changes = [ContactChange(email=email, attributes={"SEGMENT": "new"}) for email in (LEA, MAX)]
    process = client.import_contacts(changes, [client.create_list("Clients", 1)])
    assert double.account.contacts == {}
    states = [client.process(process) for _ in range(4)]
    assert states == [
        ProcessState.QUEUED,
        ProcessState.IN_PROCESS,
        ProcessState.COMPLETED,
        ProcessState.COMPLETED,
    ]
    assert set(double.account.contacts) == {LEA, MAX}
    assert client.process(process + 1) is None


def test_attributes_are_made_once(double: BrevoDouble, client: BrevoClient) -> None:
    client.create_attribute("NEXT_PRODUCT", AttributeKind.TEXT)
    known = Attribute(name="NEXT_PRODUCT", category="normal", kind="text")
    assert client.attributes() == (known,)
    with pytest.raises(BrevoRejected):
        client.create_attribute("NEXT_PRODUCT", AttributeKind.TEXT)


def test_lists_are_made_and_filled(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.add_contact(MAX)
    list_id = client.create_list("Clients", 3)
    addition = client.add_to_list(list_id, [MAX, LEA])
    assert addition == ListAddition(added=(MAX,), failed=(LEA,))
    assert client.lists().items == (
        ContactList(list_id=list_id, name="Clients", folder_id=3, subscribers=1),
    )


def test_contacts_leave_a_list_and_stay_off_it(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.add_contact(MAX)
    list_id = client.create_list("Clients", 3)
    client.add_to_list(list_id, [MAX])
    for _ in range(2):  # the second time Brevo refuses, as none of them is on it
        client.remove_from_list(list_id, [MAX, LEA])
    assert client.lists().items[0].subscribers == 0


def test_blocked_addresses_come_in_parts(double: BrevoDouble, client: BrevoClient) -> None:
    double.account.block(LEA, "hardBounce")
    double.account.block(MAX, "contactFlaggedAsSpam")
    page = client.blocked_contacts(limit=1)
    (blocked,) = page.items
    assert (blocked.email, blocked.reason, blocked.blocked_at) == (LEA, "hardBounce", NOW)
    assert page.next_offset == 1
    assert client.blocked_contacts(offset=1).items[0].email == MAX


DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (EventQuery(), ["requests", "delivered", "clicks"]),
        (EventQuery(tags=("batch-2",)), ["clicks"]),
        (EventQuery(tags=("batch-1", "batch-2")), ["requests", "delivered", "clicks"]),
        (EventQuery(message_id="<1@relay>"), ["requests", "delivered"]),
        (EventQuery(email=LEA, kind=EventKind.DELIVERED), ["delivered"]),
        (EventQuery(first_day=DAY, last_day=DAY), ["delivered", "clicks"]),
        (EventQuery(tags=("batch-3",)), []),
    ],
)
def test_events_are_those_that_are_asked_for(
    double: BrevoDouble, client: BrevoClient, asked: EventQuery, found: list[str]
) -> None:
    account, of_lea = double.account, ("campaign", "batch-1")
    yesterday = timedelta(days=-1)
    account.add_event(LEA, "requests", message_id="<1@relay>", tags=of_lea, after=yesterday)
    account.add_event(LEA, "delivered", message_id="<1@relay>", tags=of_lea)
    account.add_event(MAX, "clicks", message_id="<2@relay>", tags=("campaign", "batch-2"))
    account.add_event(MAX, "opened", message_id="<2@relay>", after=timedelta(minutes=5))
    assert [event.kind for event in client.events(asked).items] == found


def test_events_come_in_parts_with_all_that_names_a_message(
    double: BrevoDouble, client: BrevoClient
) -> None:
    for number in range(3):
        double.account.add_event(LEA, "delivered", message_id=f"<{number}@relay>", tags=("b",))
    pages = [client.events(EventQuery(tags=("b",)), offset=n, limit=2) for n in (0, 2)]
    assert [page.next_offset for page in pages] == [2, None]
    (event,) = pages[1].items
    assert (event.email, event.at, event.message_id, event.tag) == (LEA, NOW, "<2@relay>", "b")
    assert client.events(EventQuery(), offset=3).items == ()


def test_a_webhook_is_made_changed_and_deleted(double: BrevoDouble, client: BrevoClient) -> None:
    webhook_id = client.create_webhook(HOOK)
    assert double.account.webhooks[webhook_id]["auth"] == {"type": "bearer", "token": "t" * 24}
    other = WebhookRequest(url=HOOK.url, description="b", events=("spam",))
    assert client.update_webhook(webhook_id, other)
    (webhook,) = client.webhooks()
    assert (webhook.webhook_id, webhook.url) == (webhook_id, HOOK.url)
    assert (webhook.description, webhook.events) == ("b", ("spam",))
    assert client.delete_webhook(webhook_id)
    assert not client.delete_webhook(webhook_id)
    assert not client.update_webhook(webhook_id, other)


CHANGE = ContactChange(email=LEA, attributes={"SEGMENT": "vip"})
CALLS: dict[str, Callable[[BrevoClient], object]] = {
    "addContactToList": lambda client: client.add_to_list(1, [LEA]),
    "createAttribute": lambda client: client.create_attribute("SEGMENT", AttributeKind.TEXT),
    "createContact": lambda client: client.create_contact(CHANGE),
    "createList": lambda client: client.create_list("Clients", 1),
    "createWebhook": lambda client: client.create_webhook(HOOK),
    "deleteContact": lambda client: client.delete_contact(LEA),
    "deleteWebhook": lambda client: client.delete_webhook(1),
    "getAccount": lambda client: client.account(),
    "getAttributes": lambda client: client.attributes(),
    "getContactInfo": lambda client: client.contact(LEA),
    "getContacts": lambda client: client.contacts(),
    "getEmailEventReport": lambda client: client.events(EventQuery(email=LEA)),
    "getLists": lambda client: client.lists(),
    "getProcess": lambda client: client.process(1),
    "getSenders": lambda client: client.senders(),
    "getSmtpTemplate": lambda client: client.template(1),
    "getSmtpTemplates": lambda client: client.templates(),
    "getTransacBlockedContacts": lambda client: client.blocked_contacts(),
    "getWebhooks": lambda client: client.webhooks(),
    "importContacts": lambda client: client.import_contacts([CHANGE], [1]),
    "removeContactFromList": lambda client: client.remove_from_list(1, [LEA]),
    "updateBatchContacts": lambda client: client.update_contacts([CHANGE]),
    "updateContact": lambda client: client.update_contact(CHANGE),
    "updateWebhook": lambda client: client.update_webhook(1, HOOK),
}


def shown(error: BaseException) -> str:
    """Return a traceback with the variables of every frame but the test's."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    told.stack[:] = [frame for frame in told.stack if "/tests/" not in frame.filename]
    return "".join(told.format())


def test_every_call_raises_a_refusal_without_key_or_cause(
    double: BrevoDouble, client: BrevoClient
) -> None:
    assert {*CALLS, brevo.SEND} == {operation.name for operation in operations()}
    for operation, call in CALLS.items():
        double.behave(brevo.KEY_UNKNOWN, operation=operation)
        with pytest.raises(BrevoRefused) as refusal:
            call(client)
        assert (refusal.value.status, refusal.value.code) == (401, "unauthorized")
        assert refusal.value.__context__ is None
        assert double.key not in shown(refusal.value)
    assert [entry.operation for entry in double.ledger.entries] == list(CALLS)


BAD_FIELDS = Behaviour(body=b'{"senders": [{"id": "lea@example.com"}]}')


@pytest.mark.parametrize(
    ("behaviour", "kind", "status", "code", "sentence"),
    [
        (brevo.NO_CREDIT, BrevoRefused, 402, "not_enough_credits", "402 not_enough_credits"),
        (brevo.refusal(400, "permission_denied"), BrevoRefused, 400, "permission_denied", "400"),
        (brevo.BAD_REQUEST, BrevoRejected, 400, "invalid_parameter", "400 invalid_parameter"),
        (brevo.refusal(404, "unknown"), BrevoRejected, 404, "unknown", "http_404 unknown"),
        (brevo.limited(12.2), BrevoLimited, 429, None, "for 13 s"),
        (brevo.refusal(429, "too_many"), BrevoLimited, 429, None, "Try again later"),
        (brevo.refusal(408, "too_slow"), BrevoUnexpected, 408, None, "http_408"),
        (brevo.ERROR, BrevoUnexpected, 500, None, "http_500"),
        (brevo.HTML, BrevoUnexpected, 502, None, "http_502"),
        (brevo.html_page(404), BrevoUnexpected, 404, None, "html"),
        (brevo.REDIRECT, BrevoUnexpected, 302, None, "html"),
        (BAD_FIELDS, BrevoUnexpected, 200, None, "fields"),
        (brevo.RESET, BrevoUnreachable, None, None, "reset"),
        (brevo.HALF_BODY, BrevoUnreachable, 200, None, "half_body"),
    ],
)
def test_what_is_no_success_is_an_error_in_our_words(
    double: BrevoDouble,
    client: BrevoClient,
    behaviour: Behaviour,
    kind: type[BrevoError],
    status: int | None,
    code: str | None,
    sentence: str,
) -> None:
    double.behave(behaviour, operation="getSenders")
    with pytest.raises(BrevoError) as caught:
        client.senders()
    error = caught.value
    assert (type(error), error.status, error.code) == (kind, status, code)
    assert sentence in str(error)
    assert "%(" not in error.sentence("fr")
    assert "example.com" not in str(error)
    assert error.__context__ is None
    assert len(double.ledger.entries) == 1


def test_a_used_up_limit_is_waited_for_by_its_family_only(
    double: BrevoDouble, client: BrevoClient, time: Time
) -> None:
    used_up = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "20"}
    double.extra_headers["getLists"] = used_up
    client.lists()
    time.seconds += 5
    client.senders()
    assert time.slept == []
    client.attributes()
    assert time.slept == [15.0]
    client.attributes()
    assert time.slept == [15.0]


def test_a_long_limit_is_an_error_without_a_call(
    double: BrevoDouble, client: BrevoClient, time: Time
) -> None:
    double.behave(brevo.limited(3_600), operation="getEmailEventReport")
    for _ in range(2):
        with pytest.raises(BrevoLimited):
            client.events(EventQuery())
    time.seconds += 60
    with pytest.raises(BrevoLimited) as limit:
        client.events(EventQuery())
    assert limit.value.wait_seconds == 3_540
    assert (len(double.ledger.entries), time.slept) == (1, [])
    time.seconds += 3_540
    assert client.events(EventQuery()).items == ()


def test_a_limit_that_is_not_used_up_holds_nobody(
    double: BrevoDouble, client: BrevoClient, time: Time
) -> None:
    double.extra_headers["getSenders"] = {
        "x-sib-ratelimit-remaining": "1",
        "x-sib-ratelimit-reset": "20",
    }
    double.extra_headers["getAccount"] = {"x-sib-ratelimit-remaining": "0"}
    for _ in range(2):
        client.senders()
        client.account()
    assert time.slept == []
