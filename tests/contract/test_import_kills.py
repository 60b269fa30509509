"""A use case of the import killed at any database call: all rows or none, and a retry succeeds.

A world is prepared once; each kill works on a copy of the database and of the data folder.
`make test` kills at a drawn sample of the calls (`IACRM_KILL_SEED` draws another one). The full
suite looks at what is left before every call until the use case completes, which is what a kill
there leaves to others, and kills at the first and the last call of each stretch in which that is
the same.
"""

import os
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import make_url

from tests.contract.kill_disks import Kept, Seen, kept_in, seen_in, untrue_reports
from tests.contract.kill_worlds import (
    AFTERWARDS,
    World,
    Worlds,
    ask_for,
    received_in,
)
from tests.contract.killable import Killable, Outcome

SEED = int(os.environ.get("IACRM_KILL_SEED", "2026"))
SAMPLED = 1
BUSY_SECONDS = 10.0
UNDONE = "Refused: Only a loaded import can be undone."
USE_CASES = (
    "first load", "delta load", "correction", "release", "undo", "plan", "command", "inbox"
)  # fmt: skip
ENTERING = ("command", "inbox")

Copy = Callable[[World], World]
NewUrl = Callable[[], str]  # names a database that is not there yet


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """The use case without a kill: before, after, and the number of its database calls."""

    before: Seen
    after: Seen
    kept: Kept
    calls: int


@pytest.fixture(scope="module")
def killable() -> Iterator[Killable]:
    with Killable() as prepared:
        yield prepared


def _drawn_name() -> str:
    return f"kill_{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="class")
def worlds(new_url: NewUrl, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return Worlds(new_url, tmp_path_factory.mktemp("worlds"))


@pytest.fixture
def copy(new_url: NewUrl) -> Iterator[Copy]:
    """Return a function that copies a world and removes the copy made before."""
    folder = Path(tempfile.mkdtemp(prefix="kill"))
    last: list[World] = []

    def copied(world: World) -> World:
        while last:
            last.pop().remove()
        last.append(world.copy(new_url(), folder / uuid.uuid4().hex))
        return last[-1]

    yield copied
    while last:
        last.pop().remove()
    shutil.rmtree(folder)


def run(killable: Killable, world: World, kill_at: int = 0) -> Outcome:
    """Run the world's use case, waiting while the lock of a process just killed is let go."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        outcome = killable.work(world.database_url, world.data_dir, kill_at, **world.asked)
        if not outcome.error.startswith("Busy") or time.monotonic() > until:
            return outcome
        time.sleep(0.02)


def undisturbed(killable: Killable, world: World) -> Undisturbed:
    before = seen_in(world)
    outcome = run(killable, world)
    assert (outcome.killed, outcome.error) == (False, "")
    after = seen_in(world)
    assert after != before
    return Undisturbed(before=before, after=after, kept=kept_in(world), calls=outcome.calls)


def watched(killable: Killable, world: World) -> tuple[Undisturbed, list[int]]:
    """Look at what is left before each call: what a kill there would leave.

    Return the use case undisturbed, and the calls to kill at: of each stretch of calls before
    which the same is left, the first and the last.
    """
    left: list[str] = []
    before = seen_in(world)
    outcome = killable.watch(
        world.database_url,
        world.data_dir,
        lambda _call: left.append(kept_in(world).fingerprint()),
        **world.asked,
    )
    assert outcome.error == ""
    assert len(left) == outcome.calls
    plain = Undisturbed(
        before=before, after=seen_in(world), kept=kept_in(world), calls=outcome.calls
    )
    assert plain.after != before
    last = [call for call, (one, then) in enumerate(pairwise(left), start=1) if one != then]
    return plain, sorted({1, *last, *(call + 1 for call in last), outcome.calls})


def check_kill(
    killable: Killable, world: World, plain: Undisturbed, kill_at: int, tried: set[str]
) -> None:
    """Kill, look, try again. A disk of the same content as one before is not looked at twice."""
    assert run(killable, world, kill_at).killed
    left = kept_in(world).fingerprint()
    if left in tried:
        return
    seen, use_case = seen_in(world), world.asked["use_case"]
    is_done = seen == plain.after
    is_entered = use_case in ENTERING and seen == plain.before.with_another("received")
    assert is_done or is_entered or seen == plain.before
    assert untrue_reports(world) == []
    assert run(killable, world).error == (UNDONE if use_case == "undo" and is_done else "")
    if use_case == "command" and is_done:  # the same files again: a no-op that the ledger tells
        assert seen_in(world) == plain.after.with_another("discarded")
        return
    assert seen_in(world) == plain.after
    if use_case == "undo":
        check_next_load(killable, world)
    else:
        assert kept_in(world).difference(plain.kept) == {}
    tried.add(left)


def check_next_load(killable: Killable, world: World) -> None:
    """What an undone import left is cleared by the next load, and does not come back by it."""
    received = replace(world, asked=ask_for("receive", world.data_dir / "files", AFTERWARDS))
    import_id = run(killable, received).returned
    loaded = replace(world, asked={"use_case": "load", "import_id": import_id})
    assert run(killable, loaded).error == ""
    rows = kept_in(world).rows
    assert not any("P9" in cell for row in rows["sale_line"] for cell in row)
    assert all("to_seq=False" in row for row in rows["sale_line"])


def sample_of(calls: int, name: str) -> list[int]:
    drawn = sorted(random.Random(f"{SEED} {name}").sample(range(1, calls + 1), SAMPLED))
    print(f"IACRM_KILL_SEED={SEED}: {name} killed at {drawn} of {calls}")
    return drawn


def check_receipts(killable: Killable, worlds: Worlds, copy: Copy, kills: Iterable[int]) -> World:
    """Kill a receipt at each of `kills`: an import is entered or none; return the last world."""
    before, world = seen_in(worlds["receive"]), worlds["receive"]
    for kill_at in kills:
        world = copy(worlds["receive"])
        run(killable, world, kill_at)
        if seen_in(world) == before:
            assert run(killable, world).error == ""
        assert seen_in(world) == before.with_another("received")
    return world


class Kills:
    """The tests of one kind of database; the other kind's run beside them.

    `make test` kills the use cases `sampled`, each on one of both databases.
    """

    sampled: ClassVar[tuple[str, ...]]

    @pytest.mark.parametrize("drawn", [0, 1, 2])
    def test_a_kill_at_a_drawn_call_leaves_all_or_none(
        self, killable: Killable, worlds: Worlds, copy: Copy, drawn: int
    ) -> None:
        name = self.sampled[drawn]
        plain = undisturbed(killable, copy(worlds[name]))
        for kill_at in sample_of(plain.calls, name):
            check_kill(killable, copy(worlds[name]), plain, kill_at, set())

    @pytest.mark.full
    @pytest.mark.parametrize("name", USE_CASES)
    def test_a_kill_at_every_call_leaves_all_or_none(
        self, killable: Killable, worlds: Worlds, copy: Copy, name: str
    ) -> None:
        plain, kills = watched(killable, copy(worlds[name]))
        failed = []
        for kill_at in kills:
            try:
                check_kill(killable, copy(worlds[name]), plain, kill_at, set())
            except AssertionError as error:
                failed.append(f"killed at {kill_at} of {plain.calls}: {str(error)[:500]}")
        print(f"{name}: looked at before each of {plain.calls} calls, killed at {kills}")
        assert failed == []
        assert not run(killable, copy(worlds[name]), plain.calls + 1).killed

    def test_a_receipt_killed_at_drawn_calls_leaves_an_import_or_none(
        self, killable: Killable, worlds: Worlds, copy: Copy
    ) -> None:
        calls = run(killable, copy(worlds["receive"])).calls
        drawn = sorted(random.Random(f"{SEED} receive").sample(range(1, calls + 1), 3))
        print(f"IACRM_KILL_SEED={SEED}: receive killed at {drawn} of {calls}")
        world = check_receipts(killable, worlds, copy, drawn)
        loaded = replace(world, asked={"use_case": "load", "import_id": received_in(world)})
        assert run(killable, loaded).error == ""
        dataset = seen_in(world).dataset
        assert dataset == undisturbed(killable, copy(worlds["delta load"])).after.dataset

    @pytest.mark.full
    def test_a_kill_of_a_receipt_at_every_call_leaves_an_import_or_none(
        self, killable: Killable, worlds: Worlds, copy: Copy
    ) -> None:
        calls = run(killable, copy(worlds["receive"])).calls
        check_receipts(killable, worlds, copy, range(1, calls + 1))


class TestOnSqlite(Kills):
    sampled = ("delta load", "release", "command")

    @pytest.fixture(scope="class")
    @classmethod
    def new_url(cls, tmp_path_factory: pytest.TempPathFactory) -> NewUrl:
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('kill')}/{_drawn_name()}.db"


@pytest.mark.postgres
class TestOnPostgres(Kills):
    sampled = ("undo", "correction", "inbox")

    @pytest.fixture(scope="class")
    @classmethod
    def new_url(cls, postgres_url: str) -> NewUrl:
        server = make_url(postgres_url)
        return lambda: server.set(database=_drawn_name()).render_as_string(hide_password=False)
