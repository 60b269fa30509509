"""What a role does not permit is not offered; users and the own account."""

from base64 import b32decode

import pytest
from streamlit.testing.v1 import AppTest

import ui.session
from core.services import accounts, users
from core.services.accounts import SYSTEM, Role
from core.services.api_tokens import create_token, revoke_token
from core.services.second_factor import STEP_SECONDS, code_at
from core.services.sign_in import redeem_ticket, session_of, sign_in
from core.store import second_factors
from core.store.identity import new_id
from tests.pages.conftest import PASSWORD, Look, World, add_company, metrics, sentences
from ui.navigation import ROOT


@pytest.mark.parametrize(
    ("page", "button"),
    [("runs", "runs_launch"), ("settings", "settings_save"), ("insights", "insights_launch")],
)
def test_what_an_analyst_does_is_not_offered_to_a_viewer(
    look: Look, page: str, button: str
) -> None:
    offered = {
        name: {one.key for one in look(page, name, view="backtest").button}
        for name in ("anne", "vera")
    }
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


def test_another_session_ends_with_the_present_password(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose_other(rows: list[dict[str, str]], *_: object, **__: object) -> int | None:
        return next((at for at, row in enumerate(rows) if row["this"] == "Elsewhere"), None)

    name = f"u{new_id()[:8]}"
    accounts.create_user(world.store, world.small.tenant, name, PASSWORD, Role.VIEWER)
    other = redeem_ticket(world.store, sign_in(world.store, name, PASSWORD, "127.0.0.1"))
    monkeypatch.setattr("ui.views.account_sessions.choose_row", choose_other)
    page = look("account", name)
    for password, is_open in (("a wrong guess", True), (PASSWORD, False)):
        page.text_input(key="account_end_password").set_value(password)
        page.button(key="account_end").click().run()
        assert (session_of(world.store, other) is not None) is is_open
        assert ("The present password is not right." in sentences(page)) is is_open


def test_what_a_window_held_for_one_company_is_gone_in_the_next(world: World, look: Look) -> None:
    page = look("runs", "anne")
    page.session_state["drop_as_of"] = "of the first company"
    page.run()
    assert "drop_as_of" in page.session_state
    look("runs", "emma")  # the cookie of now, as after a lost connection
    page.run()
    assert "drop_as_of" not in page.session_state
    assert world.run_id not in sentences(page)


def test_a_demanded_second_factor_is_set_up_at_the_form_and_its_codes_are_noted(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"t{new_id()[:8]}"
    people = {f"{key}-boss": Role.ADMIN, f"{key}-lea": Role.VIEWER}
    company = add_company(world.store, key, people)
    page = look("users", f"{key}-boss")
    assert page.button(key="users_demand").disabled
    boss = users.list_members(company, SYSTEM)[0]
    with world.store.identity(write=True) as tx:
        second_factors.store_draft(tx, boss.user_id, "x")
        second_factors.confirm_factor(tx, boss.user_id, "x", world.store.now())
    page.run().button(key="users_demand").click().run()
    assert page.button(key="users_confirm").label == "Demand it: 1 person has none yet"
    page.button(key="users_demand").click()
    page.button(key="users_confirm").click().run()
    assert "Yes: who has none sets one up" in sentences(page)

    monkeypatch.setattr(ui.session, "session_token", lambda: "")
    page = AppTest.from_file(str(ROOT / "pages" / "runs.py"), default_timeout=30).run()
    page.text_input(key="sign_in_username").set_value(f"{key}-lea")
    page.text_input(key="sign_in_password").set_value(PASSWORD)
    page.button[0].click().run()
    assert "This company demands a second factor." in sentences(page)
    secret = b32decode("".join(page.get("code")[0].value.split()))
    step = int(world.store.now().timestamp()) // STEP_SECONDS
    page.text_input(key="sign_in_factor_code").set_value(code_at(secret, step))
    page.button[0].click().run()
    assert "These recovery codes are shown once." in sentences(page)
    assert not any("/auth/enter" in part.value for part in page.html)
    page.button(key="sign_in_noted").click().run()
    assert any("/auth/enter?ticket=" in part.value for part in page.html)
