"""A sender killed at any call of it, whatever Brevo answers: nobody twice, nobody lost.

A campaign of six, three in flight, is sent by a process that is killed at a database, file or
socket call. Another takes over at once, after 10 or after 40 minutes; the double forgets keys
after 15. The double's ledger is the truth that journal and contact history must agree with once
the events were read twice. `make test` draws a sample (`IACRM_SAMPLE_SEED` repeats it).
"""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from core.store.tenant import Store
from tests.conftest import SAMPLE_SEED
from tests.contract.brevo_double import (
    ERROR,
    ERROR_ACCEPTED,
    HALF_BODY,
    HTML,
    KEY_UNKNOWN,
    NO_CREDIT,
    RESET,
    RESET_ACCEPTED,
    TIMEOUT_ACCEPTED,
    USUAL,
    Behaviour,
    limited,
    refusal,
)
from tests.contract.send_forks import Senders
from tests.contract.send_world import SendWorld, check_agreement, check_nobody_twice, live_world

REPLIES: Mapping[str, Behaviour] = {
    "201": USUAL,
    "429": limited(3),
    "401": KEY_UNKNOWN,
    "402": NO_CREDIT,
    "500 accepted": ERROR_ACCEPTED,
    "500": ERROR,
    "timeout accepted": TIMEOUT_ACCEPTED,
    "reset": RESET,
    "reset accepted": RESET_ACCEPTED,
    "half body": HALF_BODY,
    "HTML": HTML,
    "duplicate": refusal(400, "duplicate_parameter"),
}
AFTER = (0, 10, 40)
TROUBLED: Mapping[str, int] = {"person2@example.com": 1, "person5@example.com": 3}
RUNS_OF_A_CASE = 28  # of 72 cases
SAMPLED = 15  # per database


@pytest.fixture(scope="module")
def senders() -> Iterator[Senders]:
    with Senders() as prepared:
        yield prepared


def let_answer(world: SendWorld, reply: str) -> None:
    """Let two of the recipients meet the reply, one of them at each try with a key."""
    for email, times in TROUBLED.items():
        world.brevo.behave(REPLIES[reply], email=email, times=times)


def calls_of(store: Store, senders: Senders, reply: str) -> int:
    """Return the number of calls of a send that nobody kills."""
    with live_world(store, senders) as world:
        let_answer(world, reply)
        outcome = world.send()
        assert (outcome.ended, outcome.error) == ("done", "")
        if outcome.state != "SENT":
            world.send_whole()
        world.settle()
        check_agreement(world)
    return outcome.calls


def check_kills(
    store: Store, senders: Senders, reply: str, after: int, kills: Sequence[int]
) -> int:
    """Kill a send, and who takes over at the further calls in `kills`; return who was killed."""
    with live_world(store, senders) as world:
        let_answer(world, reply)
        killed = 0
        for kill_at in kills:
            killed += world.send(kill_at=kill_at).ended == "SIGKILL"
            check_nobody_twice(world)
            world.clock.pass_by(timedelta(minutes=after))
        world.send_whole()
        world.settle()
        check_agreement(world)
        unsure = world.addresses_in("REVIEW") - set(TROUBLED)
        assert len(unsure) <= world.in_flight * killed, unsure
    return killed


def spread(calls: int, runs: int, draw: random.Random) -> Iterator[list[int]]:
    """Give the calls to kill at, evenly over all; every fourth time who takes over dies too."""
    for number in range(runs):
        kill_at = 1 + int((number + draw.random()) * calls / runs)
        yield [kill_at, draw.randint(1, calls)] if number % 4 == 3 else [kill_at]


def sweep(store: Store, senders: Senders, cases: Sequence[tuple[str, int, Sequence[int]]]) -> int:
    """Try all cases; return in how many somebody was killed."""
    failed, killed = [], 0
    for reply, after, kills in cases:
        try:
            killed += check_kills(store, senders, reply, after, kills) > 0
        except AssertionError as error:
            failed.append(f"{reply}, killed at {kills}, after {after} min: {str(error)[:500]}")
    assert not failed, "\n".join(failed)
    return killed


def test_a_send_killed_at_drawn_calls_writes_to_nobody_twice_and_loses_nobody(
    store: Store, senders: Senders
) -> None:
    draw = random.Random(f"{os.environ[SAMPLE_SEED]} {store.data_engine.dialect.name}")
    calls = calls_of(store, senders, draw.choice(list(REPLIES)))
    cases = [
        (draw.choice(list(REPLIES)), draw.choice(AFTER), kills)
        for kills in spread(calls, SAMPLED, draw)
    ]
    print(f"{SAMPLE_SEED}={os.environ[SAMPLE_SEED]}: {calls} calls, {cases}")
    assert sweep(store, senders, cases) >= SAMPLED // 2


@pytest.mark.full
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("reply", REPLIES)
def test_a_send_killed_at_any_call_writes_to_nobody_twice_and_loses_nobody(
    store: Store, senders: Senders, reply: str, after: int
) -> None:
    draw = random.Random(f"{reply} {after} {store.data_engine.dialect.name}")
    calls = calls_of(store, senders, reply)
    cases = [(reply, after, kills) for kills in spread(calls, RUNS_OF_A_CASE, draw)]
    killed = sweep(store, senders, cases)
    print(f"{reply}, after {after} min: {killed} of {len(cases)} killed within {calls} calls")
    assert killed >= len(cases) * 3 // 4
