"""What a stop, or giving up, leaves of the work: in one process, on both databases."""

import time
import uuid
from pathlib import Path

import pytest

from core.cli import jobs as commands
from core.errors import NotAllowed, NotFound, Refused, Stopped
from core.jobs import BACKTEST, ERASE, PREPARE, RETAIN, SEND, TAKE, enqueue, jobs_url, migrate_jobs
from core.jobs.endings import end_work
from core.jobs.listing import active_jobs, past_jobs
from core.jobs.queue import client_of
from core.jobs.records import job_id
from core.jobs.stopping import stop_job
from core.services.accounts import SYSTEM
from core.services.backtest import create_backtest
from core.services.backtest_cards import backtest_of
from core.services.campaign_control import resume
from core.services.campaign_reports import status_of
from core.services.import_archive import archive_of
from core.services.import_files import load, receive
from core.services.import_ledger import entry_of
from core.services.prepare_campaign import ask_campaign, prepare, prepare_asked
from core.services.progress import Progress
from core.services.send_dry import send_dry
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import ANALYST, VIEWER, count, fill_run, people
from tests.contract.conftest import new_tenant
from tests.contract.live_data import go_live, prepare_live

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = sorted((ROOT / "samples" / "isavigne").glob("*.csv"))
WHY = Stopped("Stopped by %(name)s.", name="anne")


def stops_at(stage_no: int) -> Progress:
    told: list[str] = []

    def tell(stage: str, _done: int, _total: int, /) -> None:
        told.append(stage)
        if len(told) == stage_no:
            raise WHY

    return tell


@pytest.mark.parametrize("word", [1, 4])
def test_an_import_that_was_stopped_is_loaded_the_next_time(tenant: TenantStore, word: int) -> None:
    import_id = receive(tenant, SYSTEM, [(path.name, path) for path in SAMPLE])
    with pytest.raises(Stopped):
        load(tenant, import_id, stops_at(word))
    assert entry_of(tenant, import_id).status == "received"
    assert load(tenant, import_id)["status"] == "loaded"


@pytest.fixture(scope="module", autouse=True)
def job_tables(store: Store) -> None:
    migrate_jobs(store.settings)


def test_a_rehearsal_that_was_stopped_pauses_and_goes_on(tenant: TenantStore) -> None:
    run_id = fill_run(tenant, people(201))
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", 200)
    with pytest.raises(Stopped):
        send_dry(tenant, campaign_id, stops_at(1))
    end_work(tenant, SEND, campaign_id, WHY)
    assert (status_of(tenant, campaign_id).state, status_of(tenant, campaign_id).pending) == (
        "PAUSED",
        1,
    )
    resume(tenant, ANALYST, campaign_id)
    assert send_dry(tenant, campaign_id).state == "SENT"
    end_work(tenant, SEND, campaign_id, WHY)
    assert status_of(tenant, campaign_id).state == "SENT"


def test_a_preparation_that_was_stopped_leaves_nothing_and_a_prepared_campaign_stays(
    tenant: TenantStore,
) -> None:
    run_id = fill_run(tenant, people(201))
    campaign_id = ask_campaign(tenant, ANALYST, run_id, "discovery", 200)
    with pytest.raises(Stopped):
        prepare_asked(tenant, campaign_id, stops_at(2))
    end_work(tenant, PREPARE, campaign_id, WHY)
    assert (count(tenant, "campaign"), count(tenant, "delivery")) == (0, 0)
    with pytest.raises(NotFound):
        prepare_asked(tenant, campaign_id)
    assert prepare(tenant, ANALYST, run_id, "discovery", 200) == campaign_id
    end_work(tenant, PREPARE, campaign_id, WHY)
    assert status_of(tenant, campaign_id).pending == 201


def test_an_import_of_the_inbox_that_was_stopped_is_left_to_a_person(tenant: TenantStore) -> None:
    import_id = receive(tenant, SYSTEM, [(path.name, path) for path in SAMPLE])
    end_work(tenant, TAKE, import_id, WHY)
    assert archive_of(tenant, import_id).is_left_to_a_person()


def test_a_backtest_that_waits_and_is_stopped_has_failed_with_the_sentence(
    tenant: TenantStore,
) -> None:
    backtest_id = create_backtest(tenant, SYSTEM)
    enqueue(tenant, ANALYST, BACKTEST, backtest_id)
    (job,) = active_jobs(tenant, VIEWER)
    stop_job(tenant, ANALYST, job.name)
    card = backtest_of(tenant, backtest_id)
    assert (card.status, card.error_sentence("fr")) == ("failed", "Arrêté par system.")
    with pytest.raises(Refused, match="over"):
        stop_job(tenant, ANALYST, job.name)


@pytest.mark.parametrize("kind", [ERASE, RETAIN, SEND])
def test_what_is_not_stopped_says_why(
    tenant: TenantStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = "11111111-1111-4111-8111-111111111111"
    if kind == SEND:
        go_live(tenant.store, monkeypatch)
        subject = prepare_live(tenant, 1, is_confirmed=False)
    enqueue(tenant, SYSTEM, kind, subject)
    (job,) = active_jobs(tenant, VIEWER)
    with pytest.raises(Refused, match=r"law|not stopped|Pause it"):
        stop_job(tenant, ANALYST, job.name)
    assert active_jobs(tenant, VIEWER) == [job]


def test_who_may_not_work_stops_nothing_and_no_other_company_knows_a_job(
    tenant: TenantStore,
) -> None:
    enqueue(tenant, SYSTEM, RETAIN, "11111111-1111-4111-8111-111111111111")
    (job,) = active_jobs(tenant, VIEWER)
    with pytest.raises(NotAllowed):
        stop_job(tenant, VIEWER, job.name)
    with pytest.raises(NotFound):
        stop_job(new_tenant(tenant.store), ANALYST, job.name)


def test_the_history_is_paged_and_filtered(tenant: TenantStore) -> None:
    for kind in (BACKTEST, SEND, BACKTEST):
        enqueue(tenant, ANALYST, kind, str(uuid.uuid4()))
        time.sleep(1.01)  # SQLite's job tables tell no moments of one second apart
    for job in active_jobs(tenant, VIEWER)[:2]:
        stop_job(tenant, ANALYST, job.name)
    (waits,) = active_jobs(tenant, VIEWER)
    past = past_jobs(tenant, VIEWER)
    assert [job.kind for job in past] == [SEND, BACKTEST]
    assert past_jobs(tenant, VIEWER, limit=1, offset=1) == past[1:]
    assert past_jobs(tenant, VIEWER, kind=SEND, state="stopped") == past[:1]
    assert past_jobs(tenant, VIEWER, kind=SEND, state="failed") == []
    assert past_jobs(tenant, VIEWER, kind="nonsense") == []
    assert past_jobs(tenant, VIEWER, state="queued") == []
    assert (waits.asked_by, waits.state.status, waits.kind) == ("system", "queued", BACKTEST)


def test_a_job_after_one_that_an_erasure_removed_has_a_number_of_its_own(
    tenant: TenantStore,
) -> None:
    subject = str(uuid.uuid4())
    for _ in range(2):
        enqueue(tenant, ANALYST, TAKE, subject)
        (job,) = active_jobs(tenant, VIEWER)
        stop_job(tenant, ANALYST, job.name)
    client = client_of(jobs_url(tenant.store.settings))
    client.delete_workflow(job_id(tenant.tenant_id, f"take.{subject}.0001"))
    enqueue(tenant, ANALYST, TAKE, subject)
    assert [job.name for job in active_jobs(tenant, VIEWER)] == [f"take.{subject}.0003"]


def test_the_commands_list_and_stop_and_name_what_they_do_not_know(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "open_tenant", lambda _key: tenant)
    backtest_id = create_backtest(tenant, SYSTEM)
    enqueue(tenant, ANALYST, BACKTEST, backtest_id)
    (job,) = active_jobs(tenant, VIEWER)
    commands.list_("cave", kind=None, state="queued")
    commands.cancel("cave", job.name, as_json=True)
    listed, stopped = capsys.readouterr().out.splitlines()
    assert listed.startswith(f"{job.name}  queued")
    assert f'"job": "{job.name}"' in stopped
    assert backtest_of(tenant, backtest_id).status == "failed"
    for asked in ({"kind": "shard"}, {"state": "dead"}):
        with pytest.raises(Refused, match="Choose one of"):
            commands.list_("cave", **asked)
