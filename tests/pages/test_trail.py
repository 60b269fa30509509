"""Audit trail: what was done, by whom, and whether the chain is whole."""

from core.services.accounts import SYSTEM
from core.services.audit_trail import Action, record_alone, trail_of
from tests.pages.conftest import Look, World, sentences


def test_an_administrator_sees_who_did_what_and_checks_it(world: World, look: Look) -> None:
    record_alone(
        world.small,
        SYSTEM.user_id,
        Action.RUN_EXPORTED,
        world.run_id,
        file="a.csv",
        mode="dry",
        since="2026-10-31",
    )
    page = look("trail", "ada")
    assert not page.exception
    told = page.dataframe[0].value[["actor", "action", "subject", "details"]]
    assert list(told.iloc[0][["actor", "action"]]) == ["ada", "Signed in"]
    assert list(told.iloc[1]) == [
        "system", "File of a run downloaded", world.run_id,
        "File: a.csv · Mode: Dry run · Since: 31 October 2026",
    ]  # fmt: skip
    page.button(key="trail_verify").click().run()
    assert "Every entry fits the one before it" in sentences(page)
    page.selectbox(key="trail_action").set_value(Action.RUN_LAUNCHED).run()
    assert set(page.dataframe[0].value["action"]) == {"Run launched"}


def test_others_are_told_that_it_is_not_for_them(world: World, look: Look) -> None:
    page = look("trail", "anne")
    assert "Ask an administrator" in sentences(page)
    assert not page.dataframe
    assert trail_of(world.small, SYSTEM)[0].entry.action == Action.SIGNED_IN
