"""Results of a live campaign: by whom it was drawn, over its window, the same on every database."""

from datetime import timedelta

import pytest

from core.errors import NotFound, Refused
from core.outreach.effects import Doubt, Group, Measure
from core.services.campaign_control import cancel
from core.services.campaign_results import CampaignResult, results_of
from core.services.pooled_results import pooled_results
from core.services.prepare_campaign import prepare
from core.services.unsubscribe import Invitation, unsubscribe
from core.services.webhooks import receive_events
from core.store.campaign_outcomes import Window, count_left_by_link
from core.store.tenant import Store, Tenant, TenantStore, Transaction
from tests.contract.campaign_data import ANALYST, NOW, Person, deliveries_of, fill_run, suppress
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.live_data import Clock
from tests.contract.results_data import (
    SENT_ON,
    export_sales,
    held_out_of,
    prepare_held_out,
    sell,
    send_all,
    send_at_once,
)

AFTER = timedelta(days=16)
PEOPLE = [
    Person(code=f"C{n:03}", email=f"person{n}@example.com", segment=("vip", "new")[n % 2])
    for n in range(72)
]
LONER = Person(code="L", email="person999@example.com", segment="alone")


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def live(tenant: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    send_at_once(tenant.store, clock, monkeypatch)
    return tenant


def is_over(tenant: TenantStore, clock: Clock) -> None:
    """Let the window pass and its sales be imported."""
    clock.moment = NOW + AFTER
    export_sales(tenant, clock.moment, clock.moment.date())


def doubts(result: CampaignResult) -> set[Doubt | None]:
    return {effect.doubt for effect in result.effects}


def sold_world(tenant: TenantStore, clock: Clock) -> str:
    """A campaign sent to half of 72 customers, with everything that may be said of a purchase."""
    campaign_id = prepare_held_out(
        tenant, [*PEOPLE, LONER], 0.5, run_id="00000000-0000-0000-0000-000000000002"
    )
    send_all(tenant, campaign_id, clock)
    written = sorted(deliveries_of(tenant, campaign_id).keys() - {"L"})
    a, b, c, d, e, f = written[:6]
    sell(tenant, a, 1250, document="A1", days=0)
    sell(tenant, a, 3_000_000_000, document="A1", days=0)
    sell(tenant, a, 700, document="A2", days=14)
    sell(tenant, b, 5000, document="B1", units=2)
    sell(tenant, b, -2500, document="B2", units=-1, days=3)
    sell(tenant, c, 900, document="C1")
    sell(tenant, c, -900, document="C1", units=-1, days=2)
    sell(tenant, d, -4000, document="D1", units=-1)
    sell(tenant, e, 100, days=-1)
    sell(tenant, e, 100, days=15)
    sell(tenant, e, 100, status="cancelled")
    sell(tenant, f, 100, to_seq=0)
    sell(tenant, "L", 999_999)
    sell(tenant, "stranger", 999_999)
    for customer in sorted(held_out_of(tenant, campaign_id))[:2]:
        sell(tenant, customer, 2000, document=f"H{customer}")
    is_over(tenant, clock)
    return campaign_id


def test_every_database_tells_what_was_bought(
    every_store: dict[str, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    same = Tenant(tenant_id="00000000-0000-0000-0000-000000000001", key="same", name="Domaine")
    found = {}
    for kind, store in every_store.items():
        clock = Clock(NOW)
        send_at_once(store, clock, monkeypatch)
        tenant = store.tenant_store(same)
        result = results_of(tenant, sold_world(tenant, clock))
        found[kind] = result.to_dict()
        amounts = [3_000_001_950, 2500, 0, -4000]
        assert result.sides.treated == Group(
            customers=36,
            buyers=2,
            orders=3,
            orders_squared=5,
            revenue=sum(amounts),
            revenue_squared=sum(cents**2 for cents in amounts),
        )
        assert result.sides.held_out == Group(
            customers=36,
            buyers=2,
            orders=2,
            orders_squared=2,
            revenue=4000,
            revenue_squared=2 * 2000**2,
        )
        assert (result.left_out, result.sent, result.planned, result.doubt) == (1, 37, 37, None)
        assert (result.first_day, result.last_day) == (SENT_ON, SENT_ON + timedelta(days=14))
        assert pooled_results(tenant).effects[0].difference == pytest.approx(0)
    assert found["sqlite"] == found["postgres"] == found["french"]


def test_no_verdict_before_the_window_is_over_and_its_sales_are_known(
    live: TenantStore, clock: Clock
) -> None:
    campaign_id = prepare_held_out(live, PEOPLE, 0.5)
    assert doubts(results_of(live, campaign_id)) == {Doubt.NOT_SENT}
    send_all(live, campaign_id, clock)
    clock.moment = NOW + timedelta(days=14)
    export_sales(live, NOW + AFTER, NOW.date())
    assert doubts(results_of(live, campaign_id)) == {Doubt.WINDOW_OPEN}
    clock.moment = NOW + AFTER
    export_sales(live, clock.moment, clock.moment.date(), status="undone")
    assert doubts(results_of(live, campaign_id)) == {Doubt.SALES_MISSING}
    assert pooled_results(live).waiting == 1
    assert doubts(results_of(live, campaign_id, window_days=20)) == {Doubt.WINDOW_OPEN}
    is_over(live, clock)
    assert doubts(results_of(live, campaign_id)) == {Doubt.WITHIN_CHANCE}


def test_who_was_drawn_and_not_written_to_stays_treated(live: TenantStore, clock: Clock) -> None:
    """Leaving her out would leave out such customers on one side alone."""
    campaign_id = prepare_held_out(live, PEOPLE, 0.5)
    gone, *_ = sorted(deliveries_of(live, campaign_id))
    suppress(live, customer=gone)
    send_all(live, campaign_id, clock)
    sell(live, gone, 5000)
    is_over(live, clock)
    result = results_of(live, campaign_id)
    assert (result.sent, result.sides.treated.customers, result.sides.treated.buyers) == (35, 36, 1)


def test_a_campaign_without_held_out_customers_claims_nothing(
    live: TenantStore, clock: Clock
) -> None:
    campaign_id = prepare_held_out(live, PEOPLE[:3], 0)
    send_all(live, campaign_id, clock)
    sell(live, "C000", 5000)
    is_over(live, clock)
    result = results_of(live, campaign_id)
    assert doubts(result) == {Doubt.NO_HOLDOUT}
    assert {effect.difference for effect in result.effects} == {None}
    assert (result.sides.treated.customers, result.sides.treated.buyers) == (3, 1)
    assert pooled_results(live).campaigns == []


def test_messages_are_counted_once_each(live: TenantStore, clock: Clock) -> None:
    campaign_id = prepare_held_out(live, PEOPLE[:6], 0)
    send_all(live, campaign_id, clock)
    rows = deliveries_of(live, campaign_id)
    told = [
        ("C000", "delivered"), ("C000", "opened"), ("C000", "unique_opened"), ("C000", "click"),
        ("C001", "proxy_open"), ("C001", "soft_bounce"), ("C002", "hard_bounce"),
        ("C003", "unsubscribed"), ("C004", "spam"),
    ]  # fmt: skip
    events = [
        {
            "event": event,
            "email": rows[code]["email_norm"],
            "message-id": rows[code]["message_id"],
            "ts_event": int(NOW.timestamp()) + n,
            "X-Mailin-custom": f"{campaign_id}.{rows[code]['delivery_no']}",
        }
        for n, (code, event) in enumerate(told)
    ]
    receive_events(live, events)
    for code in ("C003", "C005"):
        email = str(rows[code]["email_norm"])
        unsubscribe(Invitation(store=live, email_norm=email, language=None))
    assert results_of(live, campaign_id).messages == {
        "delivered": 1, "opened": 2, "clicked": 1, "soft_bounced": 1, "hard_bounced": 1,
        "complained": 1, "unsubscribed": 2,
    }  # fmt: skip


def test_who_left_by_a_link_is_found_by_the_address(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite went through all that was sent for each of them."""
    plan: list[str] = []

    def explained(tx: Transaction, sql: str, /, **values: object) -> int:
        plan.extend(row["detail"] for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values))
        return 0

    monkeypatch.setattr(Transaction, "scalar", explained)
    with new_tenant(make_store("sqlite")).read() as tx:
        count_left_by_link(tx, "", Window(first_day=SENT_ON, last_day=SENT_ON))
    searches = [step for step in plan if step.startswith("SEARCH")]
    assert "since>?" in searches[0]
    assert "email_norm=?" in searches[1]


def test_held_out_customers_whom_another_campaign_wrote_to_are_counted(
    live: TenantStore, clock: Clock
) -> None:
    first = prepare_held_out(live, PEOPLE[:10], 0.5)
    send_all(live, first, clock)
    run_id = fill_again(live)
    second = prepare(live, ANALYST, run_id, "rebuy", mode="live")
    with live.begin() as tx:
        tx.execute(
            "UPDATE delivery SET state = 'SENT', claimed_at = :at"
            " WHERE tenant_id = :tenant AND campaign_id = :id",
            id=second,
            at=NOW + timedelta(days=3),
        )
    assert results_of(live, first).written_otherwise == 4
    assert results_of(live, first, window_days=2).written_otherwise == 0


def fill_again(tenant: TenantStore) -> str:
    """Another run of the first ten people, who are known already."""
    known = [Person(**{**vars(person), "known": False}) for person in PEOPLE[:10]]
    return fill_run(tenant, known)


def test_pooled_campaigns_are_those_with_a_result(live: TenantStore, clock: Clock) -> None:
    campaign_id = prepare_held_out(live, PEOPLE, 0.5)
    send_all(live, campaign_id, clock)
    for customer in sorted(deliveries_of(live, campaign_id))[:20]:
        sell(live, customer, 5000)
    is_over(live, clock)
    pooled, (alone, *_) = pooled_results(live), results_of(live, campaign_id).effects
    assert [result.campaign_id for result in pooled.campaigns] == [campaign_id]
    assert pooled.effects[0].difference == pytest.approx(alone.difference) == pytest.approx(20 / 36)
    assert (pooled.effects[0].measure, pooled.effects[0].verdict) == (Measure.BUYERS, "higher")


def test_campaigns_with_the_same_customers_tell_no_more_than_one(
    every_store: dict[str, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same buyers in both windows are one coincidence, on every database."""
    for store in every_store.values():
        tenant, clock = new_tenant(store), Clock(NOW)
        send_at_once(store, clock, monkeypatch)
        one = prepare_held_out(tenant, PEOPLE, 0.5)
        send_all(tenant, one, clock)
        clock.moment = NOW + timedelta(days=30)
        known = [Person(**{**vars(person), "known": False}) for person in PEOPLE]
        two = prepare_held_out(tenant, known, 0.5)
        send_all(tenant, two, clock)
        for customer in sorted(deliveries_of(tenant, one))[:20]:
            sell(tenant, customer, 5000)
            sell(tenant, customer, 5000, days=31)
        clock.moment = NOW + timedelta(days=50)
        export_sales(tenant, clock.moment, clock.moment.date())
        pooled, (_buyers, alone, *_) = pooled_results(tenant), results_of(tenant, one).effects
        assert {result.campaign_id for result in pooled.campaigns} == {one, two}
        together = pooled.effects[1]
        assert together.difference == pytest.approx(alone.difference) == pytest.approx(20 / 36)
        assert together.visible == pytest.approx(alone.visible, rel=0.02)


def test_what_has_no_results_is_refused(live: TenantStore) -> None:
    dry = prepare(live, ANALYST, fill_run(live, PEOPLE[:2]), "discovery")
    with pytest.raises(Refused, match="dry run"):
        results_of(live, dry)
    with pytest.raises(NotFound):
        results_of(live, "no id")
    with pytest.raises(Refused, match="1 to 365"):
        results_of(live, dry, window_days=0)
    cancel(live, ANALYST, dry)
