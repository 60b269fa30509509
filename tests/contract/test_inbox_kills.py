"""A pass over the inbox killed by SIGKILL: no file is lost, none is loaded twice."""

import os
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import make_url

from core.services.import_ledger import list_imports
from core.services.inbox import inbox_of
from core.settings import Settings
from core.store.schema import migrate
from tests.contract.kill_disks import seen_in
from tests.contract.kill_worlds import World, administer
from tests.contract.killable import Killable, open_tenant
from tests.contract.test_import_kills import run

SEED = int(os.environ.get("IACRM_KILL_SEED", "2026"))
FEW, SAMPLED = 4, 20
# Refused beside others, so that each file becomes an import of its own, and one is put aside.
REFUSED = "line (import 3f2a9c41.1),client_code\n2,C9\n"
FILES = {
    "clients.csv": "client_code,email\nC1,a@example.com\nC2,b@example.com\n",
    "products.csv": "product_key,name\nP1,Riesling\n",
}
TOGETHER, SPLIT = "together", "split"


@pytest.fixture(scope="module")
def killable() -> Iterator[Killable]:
    with Killable() as prepared:
        yield prepared


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> World:
    """A migrated database without rows, of the kind the parameter says."""
    folder = tmp_path_factory.mktemp("inbox")
    name = f"inbox_{uuid.uuid4().hex[:12]}"
    url = f"sqlite:///{folder}/{name}.db"
    if request.param == "postgres":
        server = make_url(request.getfixturevalue("postgres_url"))
        url = server.set(database=name).render_as_string(hide_password=False)
        administer(url, f"CREATE DATABASE {name}")
    world = World(database_url=url, data_dir=folder / "data", asked={"use_case": "inbox"})
    world.data_dir.mkdir()
    migrate(Settings(database_url=url, data_dir=world.data_dir))
    return world


def fresh(empty: World, case: str, use_case: str) -> World:
    """Return a copy of the empty world with files in its inbox."""
    name = f"inbox_{uuid.uuid4().hex[:12]}"
    folder = empty.data_dir.parent / name
    folder.mkdir()
    url = f"sqlite:///{folder}/{name}.db"
    if not empty.is_sqlite:
        server = make_url(empty.database_url)
        url = server.set(database=name).render_as_string(hide_password=False)
    world = empty.copy(url, folder / "data")
    tenant = open_tenant(world.database_url, world.data_dir)
    inbox_of(tenant).mkdir(parents=True)
    for file, content in {**FILES, **({"back.csv": REFUSED} if case == SPLIT else {})}.items():
        (inbox_of(tenant) / file).write_text(content)
    return replace(world, asked={"use_case": use_case})


def check_all_there(world: World, case: str) -> None:
    """Every file is in one import, or put aside once; nothing is left under way."""
    tenant = open_tenant(world.database_url, world.data_dir)
    entered = sorted(file.name for entry in list_imports(tenant) for file in entry.files)
    inbox = inbox_of(tenant)
    tenant.store.dispose()
    assert entered == sorted(FILES)
    aside = [path.name for path in (inbox / "refused").glob("*/*.csv")]
    assert aside == (["back.csv"] if case == SPLIT else [])
    assert len(list(inbox.rglob("*.csv"))) == len(aside)
    assert not list((inbox / ".taken").glob("*"))


def killed_at(
    killable: Killable, empty: World, case: str, use_case: str, kill_at: int
) -> tuple[bool, int]:
    """Kill a use case at a call and try again; return whether it was, and its number of calls."""
    world = fresh(empty, case, use_case)
    status = "loaded" if use_case == "inbox" else "received"
    try:
        outcome = run(killable, world, kill_at)
        assert outcome.error == ""
        if outcome.killed:
            assert run(killable, world).error == ""
        assert set(seen_in(world).statuses) == {status}
        check_all_there(world, case)
    finally:
        world.remove()
    return outcome.killed, outcome.calls


BOTH = pytest.mark.parametrize(
    "empty", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_taking_in_killed_at_drawn_calls_loses_and_repeats_no_file(
    killable: Killable, empty: World
) -> None:
    _, calls = killed_at(killable, empty, SPLIT, "take in", 0)
    drawn = sorted(random.Random(f"{SEED} take in").sample(range(1, calls + 1), FEW))
    print(f"IACRM_KILL_SEED={SEED}: taking in killed at {drawn} of {calls}")
    for kill_at in drawn:
        assert killed_at(killable, empty, SPLIT, "take in", kill_at)[0]


@pytest.mark.full
@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", [SPLIT, TOGETHER])
def test_taking_in_killed_at_any_call_loses_and_repeats_no_file(
    killable: Killable, empty: World, case: str
) -> None:
    kill_at, killed = 0, True
    while killed:
        kill_at += 1
        killed, calls = killed_at(killable, empty, case, "take in", kill_at)
    assert kill_at == calls + 1


@pytest.mark.full
@BOTH
def test_a_pass_killed_at_drawn_calls_loads_every_file_once(
    killable: Killable, empty: World
) -> None:
    """Files that are split; those that stay together are killed at every call beside the loads."""
    _, calls = killed_at(killable, empty, SPLIT, "inbox", 0)
    drawn = sorted(random.Random(f"{SEED} split").sample(range(1, calls + 1), SAMPLED))
    print(f"IACRM_KILL_SEED={SEED}: inbox killed at {drawn} of {calls}")
    for kill_at in drawn:
        assert killed_at(killable, empty, SPLIT, "inbox", kill_at)[0]
