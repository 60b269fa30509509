"""Who guesses: few tries, no word and no time that tells of a name, and an owner who comes in."""

import logging
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from time import perf_counter

import pytest

from core.errors import NotAllowed
from core.services import accounts
from core.services.accounts import Actor, Role
from core.services.sign_in import check_password, sign_in
from core.services.tries import MAX_TRIES, TRY_WINDOW
from core.store.identity import new_id
from core.store.tenant import Store, Tenant
from tests.contract.conftest import Clock

PASSWORD, HERE = "a long enough one", "10.1.2.3"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def company(store: Store) -> Tenant:
    return accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port")


@pytest.fixture
def anne(store: Store, company: Tenant) -> Actor:
    return new_user(store, company)


def new_user(store: Store, company: Tenant) -> Actor:
    return accounts.create_user(store, company, f"u{new_id()[:8]}", PASSWORD, Role.VIEWER)


def guess(store: Store, username: str, address: str) -> None:
    with suppress(NotAllowed):
        sign_in(store, username, "a guess", address)


def test_every_try_stands_in_the_log_and_names_nobody(
    store: Store, anne: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "core.services.tries"):
        sign_in(store, anne.username, PASSWORD, "203.0.113.7")
        for _try in range(MAX_TRIES + 1):
            guess(store, anne.username, "203.0.113.8")
    said = [message.partition(":")[0] for message in caplog.messages]
    passed = ["sign-in tried", "sign-in passed"]
    assert said == [*passed, *["sign-in tried"] * MAX_TRIES, "sign-in waits"]
    assert anne.username not in caplog.text
    assert "203.0.113" not in caplog.text


@pytest.mark.parametrize("guesses", [60, pytest.param(1_000, marks=pytest.mark.full)])
def test_guesses_from_everywhere_at_once_get_ten_tries_a_window(
    store: Store, anne: Actor, clock: Clock, guesses: int
) -> None:
    compared: list[str] = []

    def compare(username: str, password_hash: str, password: str) -> bool:
        compared.append(password)
        return check_password(username, password_hash, password)

    def try_one(number: int) -> None:
        with suppress(NotAllowed):
            sign_in(store, anne.username, f"guess {number}", new_id(), check=compare)

    for _window in range(2):
        compared.clear()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(try_one, range(guesses)))
        assert len(compared) == MAX_TRIES
        clock.pass_by(TRY_WINDOW)
    assert sign_in(store, anne.username, PASSWORD, new_id())


def test_guessing_without_end_keeps_nobody_out_where_she_came_in_before(
    store: Store, anne: Actor, clock: Clock
) -> None:
    sign_in(store, anne.username, PASSWORD, HERE)
    for _ in range(MAX_TRIES):
        guess(store, anne.username, new_id())
    assert sign_in(store, anne.username, PASSWORD, HERE)
    with pytest.raises(NotAllowed, match="Too many"):
        sign_in(store, anne.username, PASSWORD, new_id())
    for _ in range(MAX_TRIES):
        guess(store, anne.username, HERE)
    with pytest.raises(NotAllowed, match="Too many"):
        sign_in(store, anne.username, PASSWORD, HERE)
    clock.pass_by(TRY_WINDOW)
    assert sign_in(store, anne.username, PASSWORD, new_id())


def test_where_she_came_in_long_ago_counts_no_more(store: Store, anne: Actor, clock: Clock) -> None:
    sign_in(store, anne.username, PASSWORD, HERE)
    clock.pass_by(timedelta(days=91))
    for _ in range(MAX_TRIES):
        guess(store, anne.username, new_id())
    with pytest.raises(NotAllowed, match="Too many"):
        sign_in(store, anne.username, PASSWORD, HERE)


@pytest.mark.parametrize(
    ("address", "other", "are_one"),
    [
        ("2001:db8:0:{}::1", "2001:db8:0:{}:ffff::2", True),
        ("2001:db8:1:{}::1", "2001:db8:2:{}::1", False),
        ("fe80::{}%eth0", "fe80::{}%eth1", True),
        ("::ffff:10.{}.0.1", "10.{}.0.1", True),
        ("10.{}.0.1", "10.{}.0.2", False),
    ],
)
def test_one_client_is_an_address_or_the_network_it_chooses_among(
    store: Store, company: Tenant, clock: Clock, address: str, other: str, are_one: bool
) -> None:
    clock.pass_by(TRY_WINDOW)
    for number in range(MAX_TRIES):
        guess(store, f"nobody{number}", address.format(7))
    anne = new_user(store, company)
    if are_one:
        with pytest.raises(NotAllowed, match="Too many"):
            sign_in(store, anne.username, PASSWORD, other.format(7))
    else:
        assert sign_in(store, anne.username, PASSWORD, other.format(7))


def auc(lower: Sequence[float], higher: Sequence[float]) -> float:
    """The chance that one of `higher` is above one of `lower` (Mann-Whitney): 0.5 when alike."""
    ranked = sorted([(value, 0) for value in lower] + [(value, 1) for value in higher])
    places = sum(place for place, (_, is_higher) in enumerate(ranked, 1) if is_higher)
    below = len(higher) * (len(higher) + 1) / 2
    return (places - below) / (len(lower) * len(higher))


@pytest.mark.parametrize(
    ("tries", "margin"), [(80, 0.2), pytest.param(1_000, 0.05, marks=pytest.mark.full)]
)
def test_known_and_unknown_names_take_the_same_time(
    store: Store, company: Tenant, tries: int, margin: float
) -> None:
    """In random order, so that what else the machine does falls on both alike."""
    users = [new_user(store, company).username for _ in range(tries // 8)]
    nobodies = [f"u{new_id()[:8]}" for _ in range(tries // 8)]
    names = [(name, True) for name in users for _ in range(8)]
    names += [(name, False) for name in nobodies for _ in range(8)]
    random.Random(7).shuffle(names)
    times: dict[bool, list[float]] = {True: [], False: []}
    for name, is_known in names:
        place = new_id()
        begun = perf_counter()
        guess(store, name, place)
        times[is_known].append(perf_counter() - begun)
    assert auc(times[False], times[True]) == pytest.approx(0.5, abs=margin)
