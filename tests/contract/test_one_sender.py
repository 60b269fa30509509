"""One campaign, several who would send it: exactly one does, and nobody is written to twice.

Tabs confirm and ask for the work at the same instant, workers begin at the same instant; and a
sender that stood still between its claim and its post, or between its post and the outcome, goes
on when another has taken over. `make test-full` makes 504 runs, `make test` draws ten.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import pytest
from dbos import DBOSClient

from core.jobs import SEND, job_of, jobs_url, migrate_jobs
from core.services.prepare_campaign import lock_name
from core.store.tenant import Store
from tests.conftest import SAMPLE_SEED
from tests.contract.kill_worlds import end_connections
from tests.contract.send_forks import ANSWER_SECONDS, Senders
from tests.contract.send_world import SendWorld, check_agreement, live_world

pytestmark = pytest.mark.both_stores

RECIPIENTS = 6
AT_ONCE = 3
AFTER = (0, 5, 10, 40)
LAST_CALL = 45  # of a send to its sockets and files
RUNS_OF_A_CASE = 63  # of 8 cases


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    with Senders() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def store(store: Store) -> Store:
    """The store with the tables of jobs."""
    migrate_jobs(store.settings)
    return store


def by_workers(store: Store, senders: Senders, _draw: random.Random) -> None:
    """Several workers begin at the same instant."""
    with live_world(store, senders, recipients=RECIPIENTS) as world:
        check_one_posts(world)


def by_tabs(store: Store, senders: Senders, _draw: random.Random) -> None:
    """Two tabs, each with a double click: one job; then the workers."""
    with live_world(store, senders, recipients=RECIPIENTS, is_confirmed=False) as world:
        click = world.order(typed=RECIPIENTS, clicks=2)
        outcomes = [senders.wait(pid) for pid in senders.start([click, click])]
        assert [outcome.error for outcome in outcomes] == ["", ""]
        job = job_of(world.tenant, SEND, world.campaign_id)
        assert job is not None
        assert job.status == "queued"
        assert jobs_of(world) == 1
        check_one_posts(world)


def check_one_posts(world: SendWorld) -> None:
    """Let workers begin at once: one posts, the others are refused or come too late."""
    pids = world.senders.start([world.order() for _ in range(AT_ONCE)])
    outcomes = [world.senders.wait(pid) for pid in pids]
    assert [outcome.posts for outcome in outcomes if outcome.posts] == [RECIPIENTS], outcomes
    assert {outcome.error.partition(":")[0] for outcome in outcomes} <= {"", "Busy"}, outcomes
    world.settle()
    check_agreement(world, ("SENT",))


def jobs_of(world: SendWorld) -> int:
    """Return how often the sending of the campaign was asked for."""
    client = DBOSClient(system_database_url=jobs_url(world.tenant.store.settings))
    try:
        prefix = f"{world.tenant.tenant_id}/{SEND}/{world.campaign_id}"
        return len(client.list_workflows(workflow_id_prefix=prefix))
    finally:
        client.destroy()


def by_frozen(store: Store, senders: Senders, draw: random.Random) -> None:
    """A sender freezes, loses its lock, and goes on when another is through."""
    check_frozen(store, senders, draw)


def by_long_frozen(store: Store, senders: Senders, draw: random.Random) -> None:
    """The same, but Brevo has forgotten every key when it goes on.

    Not while any thread of it hands bytes to the system: nothing stands between that and Brevo.
    """
    check_frozen(store, senders, draw, passed_over=["sendall"], sleeps_on=timedelta(minutes=40))


def check_frozen(
    store: Store,
    senders: Senders,
    draw: random.Random,
    *,
    passed_over: Sequence[str] = (),
    sleeps_on: timedelta = timedelta(0),
) -> None:
    in_flight = 3 if is_postgres(store) else 1  # what is frozen must not hold SQLite's write lock
    with live_world(store, senders, recipients=RECIPIENTS, in_flight=in_flight) as world:
        pid = world.begin(freeze_at=draw.randint(1, LAST_CALL), passed_over=passed_over)
        if senders.wait(pid).ended == "frozen":
            take_lock_away(world)
            world.clock.pass_by(timedelta(minutes=draw.choice(AFTER)))
            world.send_whole()
            if sleeps_on:
                world.clock.pass_by(sleeps_on)
                time.sleep(ANSWER_SECONDS)
            senders.thaw(pid)
            thawed = senders.wait(pid)
            assert (thawed.ended, thawed.error) == ("done", ""), thawed
        world.send_whole()
        world.settle()
        check_agreement(world)
        assert len(world.addresses_in("REVIEW")) <= in_flight


def is_postgres(store: Store) -> bool:
    return store.data_engine.dialect.name == "postgresql"


def take_lock_away(world: SendWorld) -> None:
    """Let go of the campaign's lock without asking who holds it."""
    if is_postgres(world.tenant.store):
        end_connections(world.tenant.store.settings.database_url)
    else:
        lock = f".{lock_name(world.campaign_id)}.lock"
        (world.tenant.folder / lock).unlink(missing_ok=True)


WAYS: Mapping[str, Callable[[Store, Senders, random.Random], None]] = {
    "workers": by_workers,
    "tabs": by_tabs,
    "frozen": by_frozen,
    "long frozen": by_long_frozen,
}


def test_whoever_would_send_as_well_in_drawn_runs_one_does(store: Store, senders: Senders) -> None:
    seed = f"{os.environ[SAMPLE_SEED]} {store.data_engine.dialect.name}"
    print(f"{SAMPLE_SEED}={os.environ[SAMPLE_SEED]}")
    for name in (*WAYS, "frozen"):
        WAYS[name](store, senders, random.Random(f"{seed} {name}"))


@pytest.mark.full
@pytest.mark.parametrize("name", WAYS)
def test_whoever_would_send_as_well_one_does(store: Store, senders: Senders, name: str) -> None:
    failed = []
    for number in range(RUNS_OF_A_CASE):
        draw = random.Random(f"{name} {number} {store.data_engine.dialect.name}")
        try:
            WAYS[name](store, senders, draw)
        except AssertionError as error:
            failed.append(f"run {number}: {str(error)[:500]}")
    assert not failed, "\n".join(failed)
