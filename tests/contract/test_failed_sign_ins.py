"""Failed sign-ins in the trail of the companies of a user: few, without what was typed."""

import threading
from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from core.errors import CrmError, NotAllowed
from core.jobs import watch
from core.services import accounts, second_factor
from core.services.accounts import SYSTEM, Actor, Role
from core.services.audit_trail import Action, TrailLine, trail_of
from core.services.failed_sign_ins import record_failures
from core.services.second_factor import STEP_SECONDS, code_at
from core.services.sign_in import sign_in
from core.services.sign_in_steps import answer_code
from core.services.tries import MAX_TRIES, TRY_WINDOW
from core.store import members
from core.store.identity import new_id
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock

PASSWORD = "a long enough one"
OVER = TRY_WINDOW + timedelta(minutes=1)
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def cave(store: Store, clock: Clock) -> TenantStore:
    clock.pass_by(timedelta(days=1))
    return company(store)


@pytest.fixture
def anne(cave: TenantStore) -> Actor:
    return accounts.create_user(cave.store, cave.tenant, f"u{new_id()[:8]}", PASSWORD, Role.VIEWER)


def company(store: Store) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port"))


def guess(store: Store, name: str, times: int = 1) -> None:
    for _ in range(times):
        with suppress(NotAllowed):
            sign_in(store, name, "a guess", new_id())


def told(at: TenantStore) -> list[TrailLine]:
    return trail_of(at, SYSTEM, Action.SIGN_IN_FAILED)


def test_each_company_is_told_once_a_window_how_many_and_no_more(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    store, shop, since = cave.store, company(cave.store), clock()
    with store.identity(write=True) as tx:
        members.store_membership(tx, anne.user_id, shop.tenant_id, Role.VIEWER)
    paul = accounts.create_user(store, shop.tenant, f"u{new_id()[:8]}", PASSWORD, Role.VIEWER)
    sign_in(store, paul.username, PASSWORD, new_id())
    guess(store, anne.username, MAX_TRIES + 3)
    guess(store, "nobody at all")
    assert record_failures(store) == 0  # it is not over
    clock.pass_by(OVER)
    assert record_failures(store) == 1
    assert record_failures(store) == 0
    for at in (cave, shop):
        (line,) = told(at)
        assert (line.actor, line.entry.subject) == ("system", anne.user_id)
        assert line.entry.details == {
            "since": since.isoformat(timespec="minutes"),
            "passwords": MAX_TRIES,
            "codes": 0,
            "refused": 3,
        }
    with store.identity() as tx:
        assert tx.scalar("SELECT count(*) FROM identity.sign_in_failure") == 0


def test_a_wrong_code_is_told_apart_from_a_wrong_password(
    cave: TenantStore, anne: Actor, clock: Clock
) -> None:
    store = cave.store
    begun = second_factor.begin_second_factor(store, anne, PASSWORD, new_id())
    code = code_at(b32decode(begun.secret), int(clock().timestamp()) // STEP_SECONDS)
    second_factor.confirm_second_factor(store, anne, code, new_id())
    ticket = sign_in(store, anne.username, PASSWORD, new_id())
    with pytest.raises(NotAllowed):
        answer_code(store, ticket, "000000", new_id())
    clock.pass_by(OVER)
    record_failures(store)
    (line,) = told(cave)
    counted = {name: line.entry.details[name] for name in ("passwords", "codes", "refused")}
    assert counted == {"passwords": 0, "codes": 1, "refused": 0}


def test_several_workers_tell_it_once(cave: TenantStore, anne: Actor, clock: Clock) -> None:
    guess(cave.store, anne.username)
    clock.pass_by(OVER)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record_failures(cave.store), range(4)))
    assert len(told(cave)) == 1


def test_a_worker_tells_it_each_minute_whatever_else_goes_wrong(
    cave: TenantStore, anne: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_after_campaigns(_store: Store) -> None:
        stop.set()
        raise CrmError("not now")

    stop = threading.Event()
    monkeypatch.setattr(watch, "look_after_campaigns", look_after_campaigns)
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0.01)
    guess(cave.store, anne.username)
    clock.pass_by(OVER)
    watch.watch_each_minute(cave.store, stop)
    assert len(told(cave)) == 1
