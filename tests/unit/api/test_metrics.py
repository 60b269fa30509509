"""Metrics: for whoever has the token, the same for any process, and without a company's name."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

import api.metrics
from core.jobs import RUN, enqueue, migrate_jobs
from core.services.accounts import SYSTEM, tenant_by_key
from core.services.instance import Health
from core.store.identity import beat
from core.store.tenant import Store, TenantStore
from tests.unit.api.conftest import Client

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyz"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Routes whose store has a token, and nothing kept of an earlier test."""
    settings = store.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    monkeypatch.setattr(store, "settings", settings)
    monkeypatch.setattr(api.metrics, "app_store", lambda: store)
    monkeypatch.setattr(api.metrics, "KEPT_SECONDS", 0.0)
    api.metrics._kept_of.cache_clear()
    yield
    api.metrics._kept_of.cache_clear()


def read(client: Client) -> Samples:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_without_a_token_in_the_settings_there_is_nothing(client: Client, store: Store) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.metrics, "app_store", lambda: store)
        answer = client.get("/metrics", headers={"Authorization": "Bearer None"})
    assert answer.status_code == 404


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("given", [None, "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "é"])
def test_any_other_token_is_refused(client: Client, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, "iacrm" in answer.text) == (401, False)


@pytest.mark.usefixtures("opened")
def test_requests_are_counted_by_template_and_never_by_path(client: Client) -> None:
    before = read(client)
    for path in ("/reco/runs/11111111-1111-4111-8111-111111111111", "/u/CANARY", "/nothing/CANARY"):
        client.get(path)
    client.request("CANARY", "/health/live")
    after = read(client)
    new = {
        key: after[key] - before.get(key, 0) for key in after if key[0].endswith("requests_total")
    }
    told = {
        tuple(value for _, value in labels): count for (_, labels), count in new.items() if count
    }
    assert told == {
        ("GET", "/reco/runs/{run_id}", "401"): 1,
        ("GET", "/u/{token:path}", "404"): 1,
        ("GET", "pages", "404"): 1,
        ("GET", "/metrics", "200"): 1,
        ("other", "/health/live", "405"): 1,
    }
    assert "CANARY" not in str(after)


@pytest.mark.usefixtures("opened")
def test_jobs_messages_and_workers_come_from_the_database(client: Client, store: Store) -> None:
    migrate_jobs(store.settings)
    companies = [store.tenant_store(tenant_by_key(store, key)) for key in ("first", "second")]
    for company in companies:
        for number in (1, 2):
            enqueue(company, SYSTEM, RUN, f"11111111-1111-4111-8111-11111111111{number}")
        insert_messages(company)
    beat(store, "worker-7")
    found = read(client)
    assert found["iacrm_jobs_queued", (("kind", "run"),)] == 4
    assert 0 <= found["iacrm_jobs_oldest_seconds", (("kind", "run"),)] < 60
    assert found["iacrm_messages", (("mode", "live"), ("state", "REVIEW"))] == 4
    assert found["iacrm_messages", (("mode", "dry"), ("state", "REVIEW"))] == 2
    assert found["iacrm_messages_in_review", ()] == 4
    assert 0 <= found["iacrm_worker_beat_age_seconds", (("worker", "worker-7"),)] < 60
    assert (found["iacrm_database_up", ()], found["iacrm_worker_alive", ()]) == (1, 1)
    for company in companies:
        assert company.tenant_id not in str(found)
        assert company.tenant.key not in {value for _, labels in found for _, value in labels}


def insert_messages(company: TenantStore) -> None:
    """Two live messages in review, one dry, one sent."""
    with company.begin() as tx:
        for number, (mode, state, count) in enumerate(
            (("live", "REVIEW", 2), ("dry", "REVIEW", 1), ("live", "SENT", 1))
        ):
            campaign = f"22222222-2222-4222-8222-22222222222{number}"
            tx.execute(
                "INSERT INTO campaign (tenant_id, campaign_id, run_id, template, template_sha256,"
                " batch_size, mode, state, audience_json, created_at, created_by) VALUES"
                " (:tenant, :id, :id, '', '', 1, :mode, 'SENT', '{}', :now, '')",
                id=campaign, mode=mode, now=company.store.now(),
            )  # fmt: skip
            for delivery in range(count):
                tx.execute(
                    "INSERT INTO delivery (tenant_id, campaign_id, email_norm, mode, delivery_no,"
                    " batch_no, customer, state, key_no, ambiguous, payload, payload_sha256,"
                    " not_after) VALUES (:tenant, :id, :email, :mode, :no, 1, 'C', :state, 0, 0,"
                    " '', '', :now)",
                    id=campaign, email=f"p{delivery}@example.com", mode=mode, no=delivery,
                    state=state, now=company.store.now(),
                )  # fmt: skip


@pytest.mark.usefixtures("opened")
def test_without_a_database_it_is_told_and_nothing_is_asked_of_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_probe: object) -> Health:
        return Health(database=False, migrations=False, worker=False)

    monkeypatch.setattr(api.metrics, "find_health", away)
    monkeypatch.setattr(api.metrics, "measure_jobs", lambda *_given: 1 / 0)
    found = read(client)
    assert found["iacrm_database_up", ()] == 0
    assert [name for name, _ in found if name.startswith(("iacrm_jobs", "iacrm_messages"))] == []
    assert any(name == "iacrm_http_requests_total" for name, _ in found)


def test_a_database_that_went_is_told_at_once_and_nobody_waits_for_who_still_asks_it(
    store: Store,
) -> None:
    """Each that waits holds a thread of all routes."""
    migrate_jobs(store.settings)
    kept = api.metrics._Kept(store)
    assert b"iacrm_database_up 1.0" in kept.text(
        Health(database=True, migrations=True, worker=True)
    )
    gone = Health(database=False, migrations=False, worker=False)
    with ThreadPoolExecutor(1) as pool, kept._lock:
        told = pool.submit(kept.text, gone)
        done, _ = wait([told], timeout=5)
    assert done == {told}
    assert b"iacrm_database_up 0.0" in told.result()
