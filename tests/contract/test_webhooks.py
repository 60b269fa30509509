"""What Brevo tells leaves the same rows in any order and number, and nothing of anybody else's."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NotFound, Refused
from core.services.accounts import SYSTEM, create_tenant
from core.services.webhook_secrets import (
    create_webhook,
    list_webhooks,
    revoke_webhooks,
    rotate_webhook,
    tenant_of_secret,
)
from core.services.webhooks import Received, receive_events
from core.store.brevo_events import find_proof
from core.store.dataset import load_dataset
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import NOW, count
from tests.contract.conftest import new_tenant

CAMPAIGN = "6f0f2c1e-53d0-4c8e-9a53-3a8d2f1b7c01"
ADDRESSES = ("ann@example.com", "bob@example.com", "cleo@example.com")
MESSAGE = "<{}.1@smtp-relay.example>"
SENT_AT = int((NOW - timedelta(days=3)).timestamp())
LOOKED_AT = {
    "brevo_event": "event_key, campaign_id, delivery_no, message_id, email_norm, event, at",
    "contact_history": "event_key, customer, email_norm, contact_date, status, channel, campaign",
    "suppression": "suppression_id, customer, email_norm, reason, source, since",
    "delivery": "delivery_no, state, proof, message_id, error_code",
    "brevo_logs": "delivery_no, mode, event, detail_json",
}


def with_campaign(
    company: TenantStore, states: Sequence[str] = ("SENT",) * 3, mode: str = "live"
) -> TenantStore:
    """Give a company customers and a campaign with a delivery to each, in these states."""
    people = [
        {"no": no, "customer": f"C{no}", "email": email, "state": state, "mode": mode}
        for no, (email, state) in enumerate(zip(ADDRESSES, states, strict=True), 1)
    ]
    said = {"campaign": CAMPAIGN, "now": NOW, "claimed": NOW - timedelta(days=3, hours=10)}
    with company.begin() as tx:
        tx.execute(
            "INSERT INTO campaign (tenant_id, campaign_id, run_id, template, template_sha256,"
            " batch_size, mode, state, audience_json, created_at, created_by)"
            " VALUES (:tenant, :campaign, :campaign, 't', '', 200, :mode, 'SENT', '{}', :now, '')",
            campaign=CAMPAIGN, now=NOW, mode=mode,
        )  # fmt: skip
        tx.execute_many(
            "INSERT INTO customer (tenant_id, customer, from_seq, file_id, email, email_norm)"
            " VALUES (:tenant, :customer, 0, 0, :email, :email)",
            people,
        )
        tx.execute_many(
            "INSERT INTO delivery (tenant_id, campaign_id, email_norm, mode, delivery_no,"
            " batch_no, customer, state, key_no, ambiguous, payload, payload_sha256, not_after,"
            " claimed_at, error_code) VALUES (:tenant, :campaign, :email, :mode, :no, 1, :customer,"
            " :state, 1, 1, '{}', '', :now, :claimed, 'timeout')",
            [{**said, **person} for person in people],
        )
    return company


def told(event: str, number: int = 1, *, seconds: int = 0, **other: object) -> dict[str, object]:
    """An event as Brevo posts it, of the delivery with this number."""
    return {
        "event": event,
        "email": ADDRESSES[number - 1],
        "id": 7,
        "message-id": MESSAGE.format(number),
        "ts_event": SENT_AT + seconds,
        "X-Mailin-custom": f"{CAMPAIGN}.{number}",
        "tags": [f"campaign-{CAMPAIGN}", f"campaign-{CAMPAIGN}-batch-1"],
        **other,
    }


def from_marketing(event: str, email: str) -> dict[str, object]:
    return {"event": event, "email": email, "id": 8, "camp_id": 3, "ts_event": SENT_AT}


def rows_of(company: TenantStore, tables: Iterable[str] = LOOKED_AT) -> dict[str, list[str]]:
    with company.read() as tx:
        return {
            table: sorted(
                str({name: str(value) for name, value in row.items()})
                for row in tx.rows(
                    f"SELECT {LOOKED_AT[table]} FROM {table} WHERE tenant_id = :tenant"
                )
            )
            for table in tables
        }


def cells(company: TenantStore, table: str, names: str) -> list[tuple[object, ...]]:
    with company.read() as tx:
        found = tx.rows(f"SELECT {names} FROM {table} WHERE tenant_id = :tenant ORDER BY {names}")
    return [tuple(row.values()) for row in found]


STORY = [
    told("request", 1),
    told("delivered", 1, seconds=4),
    told("unique_opened", 1, seconds=90),
    told("opened", 1, seconds=90),
    told("click", 1, seconds=95),
    told("unsubscribed", 1, seconds=99),
    told("soft_bounce", 2, seconds=5),
    told("hard_bounce", 2, seconds=500),
    told("spam", 3, seconds=700),
    from_marketing("unsubscribe", ADDRESSES[1]),
    told("click", 3, seconds=1, **{"X-Mailin-custom": f"{CAMPAIGN}.1"}),
    {"event": "list_addition", "email": [ADDRESSES[0]]},
]
UNKNOWN = ("UNCONFIRMED", "REVIEW", "UNCONFIRMED")


def test_any_order_and_repetition_of_events_gives_the_same_rows(store: Store) -> None:
    expected = with_campaign(new_tenant(store), UNKNOWN)
    assert receive_events(expected, STORY) == Received(events=12, new=10, known=0, ignored=2)
    wanted = rows_of(expected)

    @settings(max_examples=12, deadline=None)
    @given(st.permutations(STORY), st.lists(st.sampled_from(STORY), max_size=8), st.integers(0, 20))
    def check(order: list[object], again: list[object], cut: int) -> None:
        company = with_campaign(new_tenant(store), UNKNOWN)
        calls = [*order, *again]
        first, second = (receive_events(company, part) for part in (calls[:cut], calls[cut:]))
        assert rows_of(company) == wanted
        assert first.new + second.new == 10

    check()


def test_events_leave_contacts_suppressions_and_the_proof_of_what_was_sent(store: Store) -> None:
    company = with_campaign(new_tenant(store), UNKNOWN)
    receive_events(company, STORY)
    contacts = cells(company, "contact_history", "customer, status, campaign")
    assert [(customer, status) for customer, status, campaign in contacts if campaign] == [
        ("C1", "click"), ("C1", "delivered"), ("C1", "open"), ("C1", "sent"),
        ("C1", "unsubscribe"), ("C2", "hard_bounce"), ("C2", "sent"), ("C2", "soft_bounce"),
        ("C3", "complaint"), ("C3", "sent"),
    ]  # fmt: skip
    assert [contact for contact in contacts if not contact[2]] == [("C2", "unsubscribe", None)]
    suppressions = cells(company, "suppression", "reason, email_norm, customer, source")
    assert suppressions == [
        ("complaint", ADDRESSES[2], "C3", "brevo_webhook"),
        ("hard_bounce", ADDRESSES[1], None, "brevo_webhook"),
        ("unsubscribe", ADDRESSES[0], "C1", "brevo_webhook"),
        ("unsubscribe", ADDRESSES[1], "C2", "brevo_webhook"),
    ]
    assert cells(company, "delivery", "delivery_no, state, proof, message_id") == [
        (number, "SENT", "webhook", MESSAGE.format(number)) for number in (1, 2, 3)
    ]
    assert cells(company, "brevo_logs", "log_no, delivery_no, event") == [
        (1, 1, "sent"), (2, 2, "sent"), (3, 3, "sent"),
    ]  # fmt: skip
    # A message counts on the day it was claimed, however late it is proven.
    days = cells(company, "contact_history", "status, contact_date")
    assert {str(day) for status, day in days if status == "sent"} == {"2026-02-27"}


@pytest.mark.parametrize("state", ["CLAIMED", "SENT", "FAILED", "CANCELLED"])
def test_a_delivery_in_other_hands_stays_and_its_proof_can_be_asked_for(
    store: Store, state: str
) -> None:
    company = with_campaign(new_tenant(store), (state,) * 3)
    assert receive_events(company, [told("deferred")]).new == 1
    assert cells(company, "delivery", "state, proof") == [(state, None)] * 3
    with company.read() as tx:
        assert find_proof(tx, CAMPAIGN, 1) == MESSAGE.format(1)
        assert find_proof(tx, CAMPAIGN, 2) is None


def test_a_repeated_event_proves_a_delivery_whose_outcome_was_lost_since(store: Store) -> None:
    company = with_campaign(new_tenant(store), ("CLAIMED",) * 3)
    receive_events(company, [told("delivered")])
    with company.begin() as tx:
        tx.execute("UPDATE delivery SET state = 'REVIEW' WHERE tenant_id = :tenant")
    assert receive_events(company, [told("delivered")]).known == 1
    assert cells(company, "delivery", "delivery_no, state") == [
        (1, "SENT"), (2, "REVIEW"), (3, "REVIEW"),
    ]  # fmt: skip


def test_two_tenants_with_one_address_and_message_id_stay_apart(store: Store) -> None:
    mine, other = (with_campaign(new_tenant(store), UNKNOWN) for _ in range(2))
    before = rows_of(other)
    receive_events(mine, STORY)
    assert rows_of(other) == before
    receive_events(other, STORY)
    assert rows_of(other) == rows_of(mine)


def test_calls_at_the_same_moment_leave_what_one_leaves(store: Store) -> None:
    alone, crowded = (with_campaign(new_tenant(store), UNKNOWN) for _ in range(2))
    receive_events(alone, STORY)
    with ThreadPoolExecutor(4) as pool:
        orders = [STORY, STORY[::-1], STORY, STORY[::-1]]
        answers = list(pool.map(lambda events: receive_events(crowded, events), orders))
    assert rows_of(crowded) == rows_of(alone)
    assert sum(answer.new for answer in answers) == 10


FOREIGN = {
    "another campaign": told(
        "spam", **{"X-Mailin-custom": "00000000-0000-4000-8000-000000000001.1"}
    ),
    "another number": told("hard_bounce", **{"X-Mailin-custom": f"{CAMPAIGN}.3"}),
    "another address": told("unsubscribed", email="x@example.com"),
    "an unknown address": from_marketing("unsubscribe", "x@example.com"),
    "opened elsewhere": from_marketing("opened", ADDRESSES[0]),
    "an unknown event": told("inbound_email"),
    "no address": told("click", email=None),
    "an SMS": {"msg_status": "delivered", "to": "+33612345678"},
    "no object": ["click"],
}


@pytest.mark.parametrize("name", list(FOREIGN))
def test_what_is_not_ours_is_counted_and_leaves_nothing(store: Store, name: str) -> None:
    company = with_campaign(new_tenant(store), UNKNOWN)
    before = rows_of(company)
    assert receive_events(company, [FOREIGN[name]]) == Received(events=1, new=0, known=0, ignored=1)
    assert rows_of(company) == before


def test_a_dry_campaign_has_no_events(store: Store) -> None:
    company = with_campaign(new_tenant(store), ("SENT",) * 3, mode="dry")
    assert receive_events(company, [told("click"), told("opened")]).ignored == 2
    assert count(company, "brevo_event") == count(company, "contact_history") == 0


def test_the_tags_name_the_campaign_where_the_id_did_not_come_back(store: Store) -> None:
    company = with_campaign(new_tenant(store))
    body: Mapping[str, object] = {**told("unsubscribed", 2)}
    receive_events(company, [{k: v for k, v in body.items() if k != "X-Mailin-custom"}])
    assert cells(company, "brevo_event", "delivery_no, event") == [(2, "unsubscribed")]


def test_a_wish_told_of_a_message_from_elsewhere_counts_for_a_known_address(store: Store) -> None:
    company = with_campaign(new_tenant(store))
    receive_events(company, [told("unsubscribed", **{"X-Mailin-custom": "order 12"})])
    assert cells(company, "suppression", "customer, reason") == [("C1", "unsubscribe")]
    assert cells(company, "brevo_event", "campaign_id, event") == [(None, "unsubscribed")]


def test_a_clock_that_runs_ahead_dates_nothing_into_the_future(store: Store) -> None:
    company = with_campaign(new_tenant(store))
    receive_events(company, [told("open", ts_event=int((NOW + timedelta(days=9)).timestamp()))])
    assert [str(day) for (day,) in cells(company, "contact_history", "contact_date")] == [
        "2026-03-02"
    ]


def test_complaints_count_at_every_head_of_the_imports(store: Store) -> None:
    company = with_campaign(new_tenant(store))
    receive_events(company, [told("spam")])
    with company.read() as tx, duckdb.connect() as con:
        load_dataset(tx, con)
        found = con.execute("SELECT customer, email_norm FROM suppressions").fetchall()
    assert found == [("C1", ADDRESSES[0])]


def test_a_secret_opens_its_tenant_until_it_is_revoked(store: Store) -> None:
    first, second = (
        store.tenant_store(create_tenant(store, f"{key}-{store.data_engine.name}", key))
        for key in ("first", "second")
    )

    def opened(url: str) -> str | None:
        found = tenant_of_secret(store, url.rsplit("/", 1)[1])
        return found and found.tenant.name

    one, two = create_webhook(first, SYSTEM), create_webhook(second, SYSTEM)
    assert (opened(one.url), opened(two.url), opened("/x")) == ("first", "second", None)
    newer = create_webhook(first, SYSTEM)
    assert revoke_webhooks(first, SYSTEM, one.webhook_id) == 1
    assert (opened(one.url), opened(newer.url)) == (None, "first")
    newest = rotate_webhook(first, SYSTEM)
    assert (opened(newer.url), opened(newest.url)) == (None, "first")
    assert [w.webhook_id for w in list_webhooks(first, SYSTEM) if w.revoked_at is None] == [
        newest.webhook_id
    ]
    with pytest.raises(NotFound):
        revoke_webhooks(first, SYSTEM, two.webhook_id)
    with pytest.raises(Refused):
        revoke_webhooks(first, SYSTEM, "%")
    assert (revoke_webhooks(first, SYSTEM), opened(newest.url), opened(two.url)) == (
        1, None, "second",
    )  # fmt: skip
    with store.identity() as tx:
        kept = str(tx.rows("SELECT * FROM identity.webhook_secret"))
    assert two.url.rsplit("/", 1)[1] not in kept
