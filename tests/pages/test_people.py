"""What a role does not permit is not offered; users and the own account."""

import pytest

from core.services import accounts, users
from core.services.accounts import SYSTEM, Role
from core.services.api_tokens import create_token, revoke_token
from core.store.identity import new_id
from tests.pages.conftest import PASSWORD, Look, World, metrics, sentences


@pytest.mark.parametrize(
    ("page", "button"),
    [("runs", "runs_launch"), ("settings", "settings_save"), ("insights", "insights_launch")],
)
def test_what_an_analyst_does_is_not_offered_to_a_viewer(
    look: Look, page: str, button: str
) -> None:
    offered = {name: {one.key for one in look(page, name).button} for name in ("anne", "vera")}
    assert button in offered["anne"]
    assert button not in offered["vera"]


@pytest.fixture
def boss(world: World) -> str:
    name = f"u{new_id()[:8]}"
    accounts.create_user(world.store, world.small.tenant, name, PASSWORD, Role.ADMIN)
    return name


def test_an_admin_sees_who_belongs_to_the_company_and_nobody_else_does(
    world: World, look: Look, boss: str
) -> None:
    page = look("users", boss)
    assert not page.exception
    names = set(page.dataframe[0].value["username"])
    assert {"anne", "vera", boss} <= names
    assert not {"emma", "erin"} & names
    assert int(metrics(page)["Administrators"]) >= 1
    refused = look("users", "anne")
    assert "Your role does not permit this." in sentences(refused)
    assert not refused.dataframe


def test_an_invitation_is_answered_on_the_own_account(world: World, look: Look) -> None:
    users.invite(world.empty, SYSTEM, "vera", Role.ANALYST)
    page = look("account", "vera")
    assert "Empty invites you to join, with the role Analyst." in sentences(page)
    page.button(key=f"account_decline_{world.empty.tenant_id}").click().run()
    assert "invites you" not in sentences(page)
    assert users.list_invitations(world.empty, SYSTEM) == []


def test_tokens_of_the_company_are_listed_with_their_state(
    world: World, look: Look, boss: str
) -> None:
    kept, lost = (create_token(world.small, SYSTEM, name, Role.VIEWER) for name in ("a", "b"))
    create_token(world.empty, SYSTEM, "of another company", Role.VIEWER)
    revoke_token(world.small, SYSTEM, lost.token_id)
    page = look("users", boss)
    assert not page.exception
    table = page.dataframe[-1].value
    assert dict(zip(table["name"], table["state"], strict=True)) == {"a": "Good", "b": "Revoked"}
    assert kept.secret not in str(table)


def test_a_password_is_changed_only_with_the_present_one_and_twice_the_same(
    world: World, look: Look
) -> None:
    name, new = f"u{new_id()[:8]}", "another long password"
    accounts.create_user(world.store, world.small.tenant, name, PASSWORD, Role.VIEWER)

    def change(present: str, again: str) -> str:
        page = look("account", name)
        page.text_input(key="account_present").set_value(present)
        page.text_input(key="account_new_password").set_value(new)
        page.text_input(key="account_new_again").set_value(again)
        (send,) = (one for one in page.button if one.label == "Change the password")
        return sentences(send.click().run())

    assert "The two passwords are not the same." in change(PASSWORD, "something else")
    assert "The present password is not right." in change("a wrong guess", new)
    assert "Your password is changed." in change(PASSWORD, new)


def test_what_a_window_held_for_one_company_is_gone_in_the_next(world: World, look: Look) -> None:
    page = look("runs", "anne")
    page.session_state["drop_as_of"] = "of the first company"
    page.run()
    assert "drop_as_of" in page.session_state
    look("runs", "emma")  # the cookie of now, as after a lost connection
    page.run()
    assert "drop_as_of" not in page.session_state
    assert world.run_id not in sentences(page)
