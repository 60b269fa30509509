"""Customers held out of a campaign: not planned, not written to, listed, the same everywhere."""

from collections import Counter

import pytest

from core.errors import Refused
from core.outreach.audience import Step
from core.services import prepare_campaign
from core.services.campaign_reports import audience_of, losses_of, status_of
from core.services.prepare_campaign import prepare
from core.services.run_audience import audience_of_run
from core.services.send_dry import send_dry
from core.store.tenant import Store, Tenant, TenantStore
from tests.contract.campaign_data import ANALYST, Person, count, deliveries_of, fill_run
from tests.contract.results_data import held_out_of

SEGMENTS = ("regular", "regular", "regular", "vip", "new")


def persons(number: int) -> list[Person]:
    return [
        Person(code=f"C{n:04}", email=f"person{n}@example.com", segment=SEGMENTS[n % 5])
        for n in range(number)
    ]


def test_the_held_out_have_no_message_and_are_listed(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, persons(100))
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", holdout_share=0.1)
    held_out = held_out_of(tenant, campaign_id)
    assert Counter(held_out.values()) == {"regular": 6, "vip": 2, "new": 2}
    assert not held_out.keys() & deliveries_of(tenant, campaign_id).keys()
    audience = audience_of(tenant, campaign_id)
    assert audience == audience_of_run(tenant, run_id, 0.1)
    assert losses_of(audience, Step.HOLDOUT, "HELD_OUT").customers == tuple(sorted(held_out))
    send_dry(tenant, campaign_id)
    status = status_of(tenant, campaign_id)
    assert (status.planned, status.sent, status.held_out, status.difference) == (90, 90, 10, 0)


def test_another_share_is_another_campaign(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, persons(40))
    none, tenth, fifth = (
        prepare(tenant, ANALYST, run_id, "discovery", holdout_share=share)
        for share in (0, 0.1, 0.2)
    )
    assert len({none, tenth, fifth}) == 3
    assert prepare(tenant, ANALYST, run_id, "discovery", holdout_share=0.1) == tenth
    assert held_out_of(tenant, none) == {}
    assert held_out_of(tenant, tenth).items() < held_out_of(tenant, fifth).items()


def test_who_is_held_out_appears_with_the_campaign(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    run_id = fill_run(tenant, persons(20))
    with monkeypatch.context() as patch:
        patch.setattr(prepare_campaign, "append_logs", die)
        with pytest.raises(KeyboardInterrupt):
            prepare(tenant, ANALYST, run_id, "discovery", holdout_share=0.2)
    assert count(tenant, "campaign_holdout") == 0
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", holdout_share=0.2)
    assert len(held_out_of(tenant, campaign_id)) == count(tenant, "campaign_holdout") == 4


def test_more_than_half_is_refused(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, persons(4))
    with pytest.raises(Refused, match="half"):
        prepare(tenant, ANALYST, run_id, "discovery", holdout_share=0.6)
    assert count(tenant, "campaign") == 0


def test_every_database_holds_the_same_customers_out(every_store: dict[str, Store]) -> None:
    same = Tenant(tenant_id="00000000-0000-0000-0000-000000000001", key="same", name="Domaine")
    held_out = {}
    for kind, store in every_store.items():
        tenant = store.tenant_store(same)
        people = [Person(code=f"{c}{n}", email=f"{c}{n}@x.fr") for c in "eEaZ" for n in range(9)]
        campaign_id = prepare(
            tenant, ANALYST, fill_run(tenant, people), "discovery", holdout_share=0.3
        )
        held_out[kind] = held_out_of(tenant, campaign_id)
    assert len(held_out["sqlite"]) == 11
    assert held_out["sqlite"] == held_out["postgres"] == held_out["french"]
