"""From one company to another, and what changes under a sign-in on its way."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import NotAllowed, NotFound
from core.services import accounts, users
from core.services.accounts import SYSTEM, Actor, Role
from core.services.sign_in import SESSION_IDLE, SESSION_LIFE, redeem_ticket, session_of, sign_in
from core.services.sign_in_steps import (
    Stage,
    choose_first_password,
    choose_tenant,
    next_step,
    switch_tenant,
)
from core.store import identity, members
from core.store.identity import new_id
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock

PASSWORD, OTHER = "a long enough one", "another long one"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def cave(store: Store, clock: Clock) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port"))


@pytest.fixture
def shop(store: Store) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Wine Shop"))


@pytest.fixture
def anne(cave: TenantStore, shop: TenantStore) -> Actor:
    """A user of both companies."""
    made = accounts.create_user(cave.store, cave.tenant, f"u{new_id()[:8]}", PASSWORD, Role.VIEWER)
    with cave.store.identity(write=True) as tx:
        members.store_membership(tx, made.user_id, shop.tenant_id, Role.ADMIN)
    return made


def enter(at: TenantStore, actor: Actor) -> str:
    ticket = sign_in(at.store, actor.username, PASSWORD, new_id())
    choose_tenant(at.store, ticket, at.tenant_id)
    return redeem_ticket(at.store, ticket)


def test_another_company_is_another_session_with_the_role_there_and_the_time_that_was_left(
    cave: TenantStore, shop: TenantStore, anne: Actor, clock: Clock
) -> None:
    first = enter(cave, anne)
    for _day in range(13):
        clock.pass_by(timedelta(hours=11))
        assert session_of(cave.store, first) is not None
    second = redeem_ticket(cave.store, switch_tenant(cave.store, first, shop.tenant_id))
    there = session_of(cave.store, second)
    assert there is not None
    assert second != first
    assert (there.tenant, there.actor.role) == (shop.tenant, Role.ADMIN)
    for _half_day in range(2):
        clock.pass_by(timedelta(hours=11))
        assert session_of(cave.store, second) is not None
    clock.pass_by(SESSION_LIFE - timedelta(hours=15 * 11))
    assert session_of(cave.store, second) is None


def test_nobody_goes_on_from_a_session_that_was_idle_too_long(
    cave: TenantStore, shop: TenantStore, anne: Actor, clock: Clock
) -> None:
    token = enter(cave, anne)
    clock.pass_by(SESSION_IDLE)
    with pytest.raises(NotAllowed):
        switch_tenant(cave.store, token, shop.tenant_id)


def test_nobody_goes_where_she_does_not_belong_or_from_a_session_that_has_ended(
    cave: TenantStore, shop: TenantStore, anne: Actor
) -> None:
    token = enter(cave, anne)
    with pytest.raises(NotFound):
        switch_tenant(cave.store, token, new_id())
    ticket = switch_tenant(cave.store, token, shop.tenant_id)
    users.deactivate(cave, SYSTEM, anne.user_id)
    with pytest.raises(NotAllowed):
        switch_tenant(cave.store, token, shop.tenant_id)
    with pytest.raises(NotAllowed):  # what was begun has ended too
        redeem_ticket(cave.store, ticket)
    with pytest.raises(NotAllowed):
        switch_tenant(cave.store, "never issued", shop.tenant_id)
    only = sign_in(cave.store, anne.username, PASSWORD, new_id())
    assert next_step(cave.store, only).stage is Stage.ENTER


@pytest.mark.parametrize("taken", ["membership", "password"])
def test_a_session_is_none_while_what_it_rests_on_is_taken_away(
    cave: TenantStore, anne: Actor, taken: str
) -> None:
    token = enter(cave, anne)
    with cave.store.identity(write=True) as tx:
        if taken == "membership":
            members.store_deactivated(tx, cave.tenant_id, anne.user_id, cave.store.now())
        else:
            identity.store_password(tx, anne.user_id, "another hash", must_change=True)
    assert session_of(cave.store, token) is None


@pytest.mark.parametrize("change", ["reset", "remove"])
def test_what_is_changed_while_the_password_is_compared_counts(
    cave: TenantStore, change: str
) -> None:
    one = accounts.create_user(cave.store, cave.tenant, f"u{new_id()[:8]}", PASSWORD, Role.VIEWER)
    act: Callable[[TenantStore, Actor, str], object] = {
        "reset": users.reset_password,
        "remove": users.remove_member,
    }[change]

    def compare(*_: str) -> bool:
        act(cave, SYSTEM, one.user_id)
        return True

    with pytest.raises(NotAllowed):
        sign_in(cave.store, one.username, PASSWORD, new_id(), check=compare)


def test_who_knew_the_initial_password_too_does_not_come_in_after_it_is_changed(
    cave: TenantStore,
) -> None:
    made = users.add_member(cave, SYSTEM, f"u{new_id()[:8]}", Role.VIEWER)
    first, second = (
        sign_in(cave.store, made.username, made.password, new_id()) for _window in range(2)
    )
    choose_first_password(cave.store, first, PASSWORD)
    with pytest.raises(NotAllowed):
        choose_first_password(cave.store, second, OTHER)
    with pytest.raises(NotAllowed):
        redeem_ticket(cave.store, second)
    assert redeem_ticket(cave.store, first)
    assert sign_in(cave.store, made.username, PASSWORD, new_id())
