"""A company that demands a second factor: nobody is in it without one, on every database."""

from base64 import b32decode
from datetime import timedelta

import pytest

from core.errors import NotAllowed, Refused
from core.services import accounts, factor_demand, second_factor, users
from core.services.accounts import SYSTEM, Actor, Role
from core.services.audit_trail import Action, trail_of
from core.services.second_factor import STEP_SECONDS, code_at, factor_state
from core.services.sign_in import redeem_ticket, session_of, sign_in
from core.services.sign_in_steps import (
    Stage,
    answer_code,
    begin_demanded_factor,
    choose_first_password,
    choose_tenant,
    confirm_demanded_factor,
    next_step,
    switch_tenant,
)
from core.store import members
from core.store.identity import new_id
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock

PASSWORD = "a long enough one"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def cave(store: Store, clock: Clock) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port"))


@pytest.fixture
def shop(store: Store, clock: Clock) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Wine Shop"))


@pytest.fixture
def boss(cave: TenantStore, clock: Clock) -> Actor:
    """An administrator with a second factor."""
    made = user(cave, Role.ADMIN)
    begun = second_factor.begin_second_factor(cave.store, made, PASSWORD, new_id())
    second_factor.confirm_second_factor(cave.store, made, first_code(cave, begun), new_id())
    clock.pass_by(timedelta(minutes=2))
    return made


def user(at: TenantStore, role: Role) -> Actor:
    return accounts.create_user(at.store, at.tenant, f"u{new_id()[:8]}", PASSWORD, role)


def first_code(at: TenantStore, begun: second_factor.Enrolment) -> str:
    return code_at(b32decode(begun.secret), int(at.store.now().timestamp()) // STEP_SECONDS)


def begin(at: TenantStore, actor: Actor, password: str = PASSWORD) -> str:
    return sign_in(at.store, actor.username, password, new_id())


def actions(at: TenantStore) -> list[str]:
    return [line.entry.action for line in trail_of(at, SYSTEM)]


def test_who_has_none_sets_one_up_after_the_password_and_before_anything_else(
    cave: TenantStore, boss: Actor
) -> None:
    anne = user(cave, Role.VIEWER)
    before, under_way = redeem_ticket(cave.store, begin(cave, anne)), begin(cave, anne)
    assert factor_demand.demand_factor(cave, boss) == 1
    assert session_of(cave.store, before) is None
    for ticket in (under_way, begin(cave, anne)):
        with pytest.raises(NotAllowed):
            redeem_ticket(cave.store, ticket)
    ticket = begin(cave, anne)
    assert next_step(cave.store, ticket).stage is Stage.FACTOR
    with pytest.raises(Refused):  # nothing was begun
        confirm_demanded_factor(cave.store, ticket, "123456", new_id())
    begun = begin_demanded_factor(cave.store, ticket)
    with pytest.raises(NotAllowed):
        confirm_demanded_factor(cave.store, ticket, "000000", new_id())
    codes = confirm_demanded_factor(cave.store, ticket, first_code(cave, begun), new_id())
    assert session_of(cave.store, redeem_ticket(cave.store, ticket)) is not None
    assert session_of(cave.store, before) is None
    later = begin(cave, anne)
    assert next_step(cave.store, later).stage is Stage.CODE
    with pytest.raises(NotAllowed):
        begin_demanded_factor(cave.store, later)
    answer_code(cave.store, later, codes[0], new_id())
    assert redeem_ticket(cave.store, later)
    assert {Action.FACTOR_DEMANDED, Action.FACTOR_SET} <= set(actions(cave))


def test_an_administrator_without_one_cannot_demand_it(cave: TenantStore, boss: Actor) -> None:
    other = user(cave, Role.ADMIN)
    second_factor.begin_second_factor(cave.store, other, PASSWORD, new_id())  # not confirmed
    for actor in (other, SYSTEM):
        with pytest.raises(Refused, match="of your own first"):
            factor_demand.demand_factor(cave, actor)
    assert not factor_demand.is_factor_demanded(cave, boss)


def test_an_initial_password_is_changed_first(cave: TenantStore, boss: Actor) -> None:
    factor_demand.demand_factor(cave, boss)
    made = users.add_member(cave, boss, "lea", Role.VIEWER)
    ticket = sign_in(cave.store, made.username, made.password, new_id())
    assert next_step(cave.store, ticket).stage is Stage.PASSWORD
    with pytest.raises(NotAllowed):
        begin_demanded_factor(cave.store, ticket)
    choose_first_password(cave.store, ticket, PASSWORD)
    assert next_step(cave.store, ticket).stage is Stage.FACTOR


def test_of_several_companies_the_one_that_demands_it_asks(
    cave: TenantStore, shop: TenantStore, boss: Actor
) -> None:
    anne = user(shop, Role.VIEWER)
    with cave.store.identity(write=True) as tx:
        members.store_membership(tx, anne.user_id, cave.tenant_id, Role.VIEWER)
    factor_demand.demand_factor(cave, boss)
    into_shop, into_cave = begin(shop, anne), begin(shop, anne)
    choose_tenant(cave.store, into_shop, shop.tenant_id)
    token = redeem_ticket(cave.store, into_shop)
    choose_tenant(cave.store, into_cave, cave.tenant_id)
    assert next_step(cave.store, into_cave).stage is Stage.FACTOR
    with pytest.raises(Refused, match="demands a second factor"):
        switch_tenant(cave.store, token, cave.tenant_id)
    factor_demand.lift_factor_demand(cave, SYSTEM)
    assert redeem_ticket(cave.store, switch_tenant(cave.store, token, cave.tenant_id))
    assert Action.FACTOR_DEMAND_LIFTED in actions(cave)
    assert Action.FACTOR_DEMANDED not in actions(shop)


def test_whoever_loses_the_factor_is_out_until_there_is_another(
    cave: TenantStore, boss: Actor
) -> None:
    factor_demand.demand_factor(cave, boss)
    anne = user(cave, Role.VIEWER)
    ticket = begin(cave, anne)
    begun = begin_demanded_factor(cave.store, ticket)
    codes = confirm_demanded_factor(cave.store, ticket, first_code(cave, begun), new_id())
    token = redeem_ticket(cave.store, ticket)
    second_factor.stop_second_factor(cave.store, anne, PASSWORD, codes[0], new_id())
    assert session_of(cave.store, token) is None
    factor_demand.lift_factor_demand(cave, boss)
    assert session_of(cave.store, token) is None
    assert not factor_state(cave.store, anne).is_on


def test_a_code_confirms_the_secret_it_was_made_with_and_no_other(
    cave: TenantStore, boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows the password too could put another secret in its place meanwhile."""
    factor_demand.demand_factor(cave, boss)
    anne = user(cave, Role.VIEWER)
    ticket, guest = begin(cave, anne), begin(cave, anne)
    begun = begin_demanded_factor(cave.store, ticket)

    def end_well(*_: object, **__: object) -> None:
        begin_demanded_factor(cave.store, guest)

    monkeypatch.setattr(second_factor, "end_well", end_well)
    with pytest.raises(Refused):
        confirm_demanded_factor(cave.store, ticket, first_code(cave, begun), new_id())
    assert not factor_state(cave.store, anne).is_on
