"""The users of a company: added, invited, changed, shut out, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from core.errors import CrmError, NotAllowed, NotFound, Refused
from core.services import accounts, own_account, users
from core.services.accounts import SYSTEM, Actor, Role
from core.services.audit_trail import Action, trail_of
from core.services.operator_users import create_or_join
from core.services.second_factor import factor_state
from core.services.sign_in import redeem_ticket, session_of, sign_in
from core.services.sign_in_steps import Stage, choose_first_password, choose_tenant, next_step
from core.store.identity import new_id
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import Clock

PASSWORD, OTHER = "a long enough one", "another long one"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def cave(store: Store) -> TenantStore:
    return company(store)


@pytest.fixture
def shop(store: Store) -> TenantStore:
    return company(store)


@pytest.fixture
def admin(cave: TenantStore) -> Actor:
    return user(cave, Role.ADMIN)


def company(store: Store) -> TenantStore:
    return store.tenant_store(accounts.create_tenant(store, f"t{new_id()[:8]}", "Cave du Port"))


def user(at: TenantStore, role: Role) -> Actor:
    return accounts.create_user(at.store, at.tenant, f"u{new_id()[:8]}", PASSWORD, role)


def join(at: TenantStore, actor: Actor, role: Role = Role.ANALYST) -> None:
    """Let a user of another company join this one, as both sides do it."""
    users.invite(at, SYSTEM, actor.username, role)
    own_account.accept_invitation(at.store, actor, at.tenant_id)


def enter(at: TenantStore, actor: Actor, password: str = PASSWORD) -> str:
    ticket = sign_in(at.store, actor.username, password, new_id())
    if next_step(at.store, ticket).stage is Stage.TENANT:
        choose_tenant(at.store, ticket, at.tenant_id)
    return redeem_ticket(at.store, ticket)


def test_an_added_user_opens_nothing_before_a_password_of_her_own(
    cave: TenantStore, admin: Actor
) -> None:
    made = users.add_member(cave, admin, " Anne ", Role.VIEWER)
    assert made.username == f"anne@{cave.tenant.key}"
    ticket = sign_in(cave.store, made.username, made.password, new_id())
    assert next_step(cave.store, ticket).stage is Stage.PASSWORD
    with pytest.raises(NotAllowed):
        redeem_ticket(cave.store, ticket)
    for unfit in ("short", made.password):
        with pytest.raises(Refused):
            choose_first_password(cave.store, ticket, unfit)
    choose_first_password(cave.store, ticket, OTHER)
    with pytest.raises(NotAllowed):
        choose_first_password(cave.store, ticket, PASSWORD)
    session = session_of(cave.store, redeem_ticket(cave.store, ticket))
    assert session is not None
    assert session.actor.role is Role.VIEWER
    with pytest.raises(NotAllowed):
        sign_in(cave.store, made.username, made.password, new_id())
    told = {line.entry.action for line in trail_of(cave, admin)}
    assert {Action.USER_ADDED, Action.PASSWORD_CHANGED, Action.SIGNED_IN} <= told


def test_no_answer_to_an_admin_depends_on_who_exists_elsewhere(
    cave: TenantStore, shop: TenantStore, admin: Actor
) -> None:
    known, unknown = user(shop, Role.ANALYST).username, f"u{new_id()[:8]}"
    for name in (known, unknown):
        assert users.add_member(cave, admin, name, Role.VIEWER).password
        users.invite(cave, admin, name, Role.VIEWER)
    waiting = {
        one.username: replace(one, username="") for one in users.list_invitations(cave, admin)
    }
    assert waiting[known] == waiting[unknown]
    stranger = user(shop, Role.VIEWER).user_id
    sentences = set()
    for user_id in (stranger, new_id(), "system", "' OR 1=1"):
        for act in (users.reset_password, users.deactivate, users.end_sessions):
            with pytest.raises(NotFound) as caught:
                act(cave, admin, user_id)
            sentences.add(str(caught.value))
    assert len(sentences) == 1


def test_no_new_password_is_a_name_of_the_person_or_her_companies(
    cave: TenantStore, shop: TenantStore, admin: Actor
) -> None:
    join(shop, admin)
    token = enter(shop, admin)
    for name in (admin.username, shop.tenant.key, cave.tenant.key, cave.tenant.name):
        with pytest.raises(Refused, match="first that are tried"):
            own_account.change_password(
                cave.store, admin, token, PASSWORD, f"{name}-2026", new_id()
            )
    made = users.add_member(cave, admin, "anne", Role.VIEWER)
    ticket = sign_in(cave.store, made.username, made.password, new_id())
    for name in (made.username, cave.tenant.name):
        with pytest.raises(Refused, match="first that are tried"):
            choose_first_password(cave.store, ticket, f"{name}2026")
    with pytest.raises(Refused, match="first that are tried"):
        accounts.create_user(cave.store, cave.tenant, "paul", "caveduport-33", Role.VIEWER)


@pytest.mark.parametrize("name", ["", "two words", "anne@elsewhere", "n" * 65])
def test_a_name_that_cannot_be_one_is_refused(cave: TenantStore, admin: Actor, name: str) -> None:
    with pytest.raises(Refused):
        users.add_member(cave, admin, name, Role.VIEWER)


def test_an_invited_user_chooses_between_companies_and_each_session_has_one(
    cave: TenantStore, shop: TenantStore, admin: Actor, clock: Clock
) -> None:
    anne = user(shop, Role.VIEWER)
    users.invite(cave, admin, anne.username.upper(), Role.ADMIN)
    (asked,) = own_account.own_invitations(cave.store, anne)
    assert (asked.tenant, asked.role) == (cave.tenant, Role.ADMIN)
    assert own_account.own_tenants(cave.store, anne) == [shop.tenant]
    own_account.accept_invitation(cave.store, anne, cave.tenant_id)
    with pytest.raises(NotFound):
        own_account.accept_invitation(cave.store, anne, cave.tenant_id)
    ticket = sign_in(cave.store, anne.username, PASSWORD, new_id())
    step = next_step(cave.store, ticket)
    assert step.stage is Stage.TENANT
    assert {tenant.tenant_id for tenant in step.tenants} == {cave.tenant_id, shop.tenant_id}
    with pytest.raises(NotAllowed):
        redeem_ticket(cave.store, ticket)
    with pytest.raises(NotFound):
        choose_tenant(cave.store, ticket, new_id())
    choose_tenant(cave.store, ticket, cave.tenant_id)
    session = session_of(cave.store, redeem_ticket(cave.store, ticket))
    assert session is not None
    assert (session.tenant, session.actor.role) == (cave.tenant, Role.ADMIN)
    users.invite(shop, SYSTEM, admin.username, Role.VIEWER)
    clock.pass_by(users.INVITATION_LIFE)
    assert own_account.own_invitations(cave.store, admin) == []


def test_a_declined_or_withdrawn_invitation_leads_nowhere(
    cave: TenantStore, shop: TenantStore, admin: Actor
) -> None:
    anne = user(shop, Role.VIEWER)
    for end in (
        lambda: own_account.decline_invitation(cave.store, anne, cave.tenant_id),
        lambda: users.withdraw_invitation(cave, admin, anne.username),
    ):
        users.invite(cave, admin, anne.username, Role.VIEWER)
        end()
        for again in (end, lambda: own_account.accept_invitation(cave.store, anne, cave.tenant_id)):
            with pytest.raises(NotFound):
                again()
    assert own_account.own_tenants(cave.store, anne) == [shop.tenant]


def test_an_invitation_from_before_she_joined_does_not_bring_back_who_was_shut_out(
    cave: TenantStore, shop: TenantStore
) -> None:
    anne = user(shop, Role.VIEWER)
    users.invite(cave, SYSTEM, anne.username, Role.ADMIN)
    create_or_join(cave, anne.username, Role.VIEWER)
    users.deactivate(cave, SYSTEM, anne.user_id)
    with pytest.raises(NotFound):
        own_account.accept_invitation(cave.store, anne, cave.tenant_id)


def test_a_company_decides_on_its_membership_and_never_on_the_account_of_a_shared_user(
    cave: TenantStore, shop: TenantStore, admin: Actor
) -> None:
    anne = user(shop, Role.ANALYST)
    join(cave, anne)
    at_cave, at_shop = enter(cave, anne), enter(shop, anne)
    for at in (cave, shop):
        for act in (users.reset_password, users.reset_second_factor):
            with pytest.raises(Refused):
                act(at, SYSTEM, anne.user_id)
    users.deactivate(cave, admin, anne.user_id)
    assert accounts.role_of(cave.store, anne.user_id, cave.tenant_id) is None
    assert session_of(cave.store, at_cave) is None
    assert session_of(shop.store, at_shop) is not None
    with pytest.raises(Refused):  # deactivated here, she belongs here all the same
        users.reset_password(shop, SYSTEM, anne.user_id)
    users.reactivate(cave, admin, anne.user_id)
    users.change_role(cave, admin, anne.user_id, Role.VIEWER)
    assert accounts.role_of(cave.store, anne.user_id, cave.tenant_id) is Role.VIEWER
    assert accounts.role_of(cave.store, anne.user_id, shop.tenant_id) is Role.ANALYST
    users.remove_member(cave, admin, anne.user_id)
    assert users.reset_password(shop, SYSTEM, anne.user_id).password
    assert session_of(shop.store, at_shop) is None


@pytest.mark.parametrize("change", ["demote", "deactivate", "remove", "by command"])
def test_the_last_admin_stays(cave: TenantStore, admin: Actor, change: str) -> None:
    act: Callable[[str], object] = {
        "demote": lambda who: users.change_role(cave, admin, who, Role.VIEWER),
        "deactivate": lambda who: users.deactivate(cave, admin, who),
        "remove": lambda who: users.remove_member(cave, admin, who),
        "by command": lambda _who: create_or_join(cave, admin.username, Role.VIEWER),
    }[change]
    user(cave, Role.ANALYST)
    with pytest.raises(Refused):
        act(admin.user_id)
    second = user(cave, Role.ADMIN)
    users.deactivate(cave, admin, second.user_id)
    with pytest.raises(Refused):  # one who may not sign in is none
        act(admin.user_id)
    users.reactivate(cave, admin, second.user_id)
    act(admin.user_id)


def test_two_admins_who_demote_each_other_at_once_leave_one(cave: TenantStore) -> None:
    pair = [user(cave, Role.ADMIN), user(cave, Role.ADMIN)]

    def demote(numbers: tuple[int, int]) -> None:
        with suppress(CrmError):
            users.change_role(cave, pair[numbers[0]], pair[numbers[1]].user_id, Role.VIEWER)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(demote, [(0, 1), (1, 0)]))
    roles = [accounts.role_of(cave.store, one.user_id, cave.tenant_id) for one in pair]
    assert sorted(roles, key=str) == [Role.ADMIN, Role.VIEWER]


@pytest.mark.parametrize("change", ["deactivate", "remove", "reset", "end"])
def test_what_an_admin_takes_away_ends_the_session_and_what_was_begun(
    cave: TenantStore, admin: Actor, change: str
) -> None:
    anne = user(cave, Role.ANALYST)
    token, ticket = enter(cave, anne), sign_in(cave.store, anne.username, PASSWORD, new_id())
    act = {
        "deactivate": users.deactivate,
        "remove": users.remove_member,
        "reset": users.reset_password,
        "end": users.end_sessions,
    }[change]
    act(cave, admin, anne.user_id)
    assert session_of(cave.store, token) is None
    with pytest.raises(NotAllowed):
        redeem_ticket(cave.store, ticket)
    if change == "end":
        assert enter(cave, anne)
    else:
        with pytest.raises(NotAllowed):
            sign_in(cave.store, anne.username, PASSWORD, new_id())


def test_a_changed_password_ends_the_other_sessions(cave: TenantStore, admin: Actor) -> None:
    here, there = enter(cave, admin), enter(cave, admin)
    change = own_account.change_password
    with pytest.raises(NotAllowed):
        change(cave.store, admin, here, "not the present one", OTHER, new_id())
    for unfit in ("short", PASSWORD):
        with pytest.raises(Refused):
            change(cave.store, admin, here, PASSWORD, unfit, new_id())
    assert session_of(cave.store, there) is not None
    assert change(cave.store, admin, here, PASSWORD, OTHER, new_id()) == 1
    assert session_of(cave.store, here) is not None
    assert session_of(cave.store, there) is None
    assert enter(cave, admin, OTHER)


def test_a_user_sees_and_ends_her_own_sessions_alone(cave: TenantStore, admin: Actor) -> None:
    anne = user(cave, Role.VIEWER)
    here, there, foreign = enter(cave, anne), enter(cave, anne), enter(cave, admin)
    found = own_account.own_sessions(cave.store, anne, here)
    assert sorted(one.is_this for one in found) == [False, True]
    (of_admin,) = own_account.own_sessions(cave.store, admin, foreign)
    end = own_account.end_session
    with pytest.raises(NotFound):
        end(cave.store, anne, of_admin.session_id, PASSWORD, new_id())
    (other,) = (one for one in found if not one.is_this)
    with pytest.raises(NotAllowed):
        end(cave.store, anne, other.session_id, "not hers", new_id())
    assert session_of(cave.store, there) is not None
    end(cave.store, anne, other.session_id, PASSWORD, new_id())
    assert session_of(cave.store, there) is None
    assert session_of(cave.store, here) is not None
    assert session_of(cave.store, foreign) is not None


def test_the_list_tells_who_may_what(cave: TenantStore, admin: Actor) -> None:
    made = users.add_member(cave, admin, "anne", Role.VIEWER)
    users.deactivate(cave, admin, made.user_id)
    enter(cave, admin)
    listed = {one.user_id: one for one in users.list_members(cave, admin)}
    assert set(listed) == {admin.user_id, made.user_id}
    anne, self = listed[made.user_id], listed[admin.user_id]
    assert (anne.role, anne.is_active, anne.has_initial_password) == (Role.VIEWER, False, True)
    assert (anne.seen_at, self.seen_at) == (None, cave.store.now())
    assert (self.is_active, self.has_initial_password) == (True, False)
    assert not factor_state(cave.store, admin).is_on
