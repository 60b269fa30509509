"""A live campaign that a program sends batch by batch: each once, and no more than was asked."""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from core.errors import Busy, Refused
from core.services import prepare_campaign
from core.services.accounts import Actor, Role
from core.services.api_tokens import bearer_of, create_token
from core.services.campaign_batches import confirm_next_batch
from core.services.campaign_control import resume
from core.services.campaign_reports import status_of
from core.services.idempotent_calls import Call, unkeyed_call
from core.services.send_live import send_live
from core.store.tenant import Store, TenantStore
from tests.conftest import SAMPLE_SEED
from tests.contract.api_world import listening, patient_application
from tests.contract.campaign_data import ANALYST, NOW, deliveries_of, fill_run, people
from tests.contract.live_data import Clock, FakeBrevo, go_live, prepare_live, store_company
from tests.contract.send_forks import Senders
from tests.contract.send_world import check_agreement, check_nobody_twice, live_world

KILLS = 4  # of senders, per database


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)


@pytest.fixture
def brevo() -> FakeBrevo:
    return FakeBrevo(clock=Clock(NOW))


@pytest.fixture
def tenant(tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    go_live(tenant.store, monkeypatch, brevo.clock, brevo_in_flight=2)
    store_company(tenant)
    return tenant


def program_of(tenant: TenantStore) -> tuple[str, Actor]:
    secret = create_token(tenant, ANALYST, "cron", Role.ANALYST).secret
    bearer = bearer_of(tenant.store, secret)
    assert bearer is not None
    return secret, bearer.actor


def let_go(tenant: TenantStore, campaign_id: str, call: Call | None = None) -> int | None:
    recipients = status_of(tenant, campaign_id).pending
    _, program = program_of(tenant)
    return confirm_next_batch(
        tenant, program, campaign_id, recipients=recipients, call=call or unkeyed_call()
    ).worked


def send(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> tuple[str, str | None, int]:
    status = send_live(tenant, campaign_id, brevo, sleep=brevo.clock.sleep)
    assert status.difference == 0
    return status.state, status.pause_reason, status.sent


def test_each_call_sends_the_next_batch_and_the_last_ends_it(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 5, batch_size=2, is_confirmed=False)
    sent = []
    for _ in range(3):
        assert let_go(tenant, campaign_id) is None
        sent.append(send(tenant, campaign_id, brevo))
        send(tenant, campaign_id, brevo)  # a worker that is asked again sends nothing more
    rests = ("PAUSED", "NEXT_BATCH")
    assert sent == [(*rests, 2), (*rests, 4), ("SENT", None, 5)]
    assert sorted(brevo.accepted.values()) == [1] * 5
    assert let_go(tenant, campaign_id) == 0


def test_what_is_being_sent_and_another_number_are_refused(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 5, batch_size=2, is_confirmed=False)
    _, program = program_of(tenant)
    for recipients in (None, 4):
        with pytest.raises(Refused, match="5"):
            confirm_next_batch(
                tenant, program, campaign_id, recipients=recipients, call=unkeyed_call()
            )
    let_go(tenant, campaign_id)
    with pytest.raises(Busy):
        let_go(tenant, campaign_id)
    assert send(tenant, campaign_id, brevo)[2] == 2


def test_a_call_that_is_gone_on_with_lets_no_further_batch_go(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 5, batch_size=2, is_confirmed=False)
    let_go(tenant, campaign_id)
    send(tenant, campaign_id, brevo)
    begun = Call(call_id=unkeyed_call().call_id, begun={"campaign_id": campaign_id})
    assert let_go(tenant, campaign_id, begun) is None
    assert send(tenant, campaign_id, brevo)[2] == 2


def test_who_resumes_it_on_the_page_sends_all_that_is_left(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 5, batch_size=2, is_confirmed=False)
    let_go(tenant, campaign_id)
    send(tenant, campaign_id, brevo)
    resume(tenant, ANALYST, campaign_id)
    assert send(tenant, campaign_id, brevo) == ("SENT", None, 5)


def test_a_program_sends_a_run_live_without_a_page(tenant: TenantStore, brevo: FakeBrevo) -> None:
    """Asked for by HTTP, a key repeats the first reply, and what was done is read by its id."""
    run_id, (secret, _) = fill_run(tenant, people(3)), program_of(tenant)
    steps: list[tuple[int, Any]] = []
    with patient_application(tenant.store) as app, listening(app) as url:

        def call(method: str, path: str, **asked: Any) -> Any:
            headers = {"Authorization": f"Bearer {secret}", **asked.pop("headers", {})}
            answer = requests.request(method, url + path, headers=headers, timeout=20, **asked)
            steps.append((answer.status_code, answer.headers.get("Idempotency-Replayed")))
            return answer.json()

        batch = {"run_id": run_id, "template": "discovery", "batch_size": 2, "live": True}
        for number, confirm in enumerate((3, 3, 1)):
            key = {"Idempotency-Key": "first" if number < 2 else "second"}
            told = call(
                "POST", "/brevo/send_batch", json={**batch, "confirm": confirm}, headers=key
            )
            if "campaign_id" in told:
                send(tenant, told["campaign_id"], brevo)
        found = call("GET", f"/brevo/campaigns/{told['campaign_id']}")
    assert steps == [(202, None), (202, "true"), (202, None), (200, None)]
    assert (found["state"], found["sent"], found["pending"]) == ("SENT", 3, 0)
    assert sorted(brevo.accepted.values()) == [1] * 3


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    with Senders() as prepared:
        yield prepared


def test_a_worker_killed_in_the_middle_of_a_batch_sends_that_batch_and_no_more(
    store: Store, senders: Senders
) -> None:
    draw = random.Random(f"{os.environ[SAMPLE_SEED]} batches {store.data_engine.dialect.name}")
    with live_world(
        store, senders, recipients=2 * KILLS, is_confirmed=False, batch_size=2
    ) as world:
        store_company(world.tenant)
        calls = 60
        for batch in range(1, KILLS + 1):
            let_go(world.tenant, world.campaign_id)
            kill_at = draw.randint(1, calls)
            ended = world.send(kill_at=kill_at)
            print(f"{SAMPLE_SEED}={os.environ[SAMPLE_SEED]}: killed at {kill_at}: {ended}")
            world.send()
            calls = max(ended.calls, calls)
            check_nobody_twice(world)
            rows = deliveries_of(world.tenant, world.campaign_id).values()
            begun = {row["batch_no"] for row in rows if row["state"] != "PLANNED"}
            assert begun == set(range(1, batch + 1))
            assert world.status().state == ("SENT" if batch == KILLS else "PAUSED")
        world.settle()
        check_agreement(world)
