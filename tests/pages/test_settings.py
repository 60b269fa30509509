"""Settings: values with their meaning, checked beside the field, previewed, saved, taken back."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.contracts import RuleCode
from core.services.accounts import SYSTEM
from core.services.policies import current_version, go_back, policy_versions, save_policy
from core.services.policy_preview import ask_preview, compute_preview
from tests.pages.conftest import Look, World, metrics, sentences

TOP_N, GATE = "top_n", "audit.gate_score"


@pytest.fixture(autouse=True)
def _defaults_again(world: World) -> Iterator[None]:
    yield
    go_back(world.small, SYSTEM, 0)


def key(world: World, name: str) -> str:
    return f"policy{current_version(world.small).version}_{name}"


def change(world: World, page: AppTest, name: str, value: float) -> AppTest:
    return page.number_input(key=key(world, name)).set_value(value).run()


def save(page: AppTest, note: str) -> AppTest:
    """Send the form of the dialog, which AppTest forgets unless its button is clicked too."""
    page.button(key="settings_save").click().run()
    page.text_input(key="settings_note").set_value(note)
    page.button(key="settings_save").click()
    return page.button(key="settings_send").click().run()


def test_every_value_has_a_field_with_its_meaning(world: World, look: Look) -> None:
    page = look("settings")
    assert not page.exception
    assert len(page.number_input) + len(page.selectbox) == 103
    said = sentences(page)
    assert "Nobody is lapsed before so many times her usual gap" in said
    assert "Default: 180." in said
    assert "The product is sold out, or not active any more. Default: Off." in said
    assert "The defaults are in force" in said or "is in force, saved" in said
    assert page.button(key="settings_save").disabled


def test_a_change_is_marked_and_saved_with_its_note(world: World, look: Look) -> None:
    page = change(world, look("settings"), TOP_N, 4)
    assert "Changed, 5 before" in sentences(page)
    assert "1 value changed" in sentences(page)
    before = current_version(world.small).version
    page = save(page, "shorter lists")
    saved = current_version(world.small)
    assert (saved.version, saved.policy.top_n, saved.note) == (before + 1, 4, "shorter lists")
    assert saved.created_by == "anne"
    assert "shorter lists" in sentences(page)
    assert page.number_input(key=key(world, TOP_N)).value == 4


def test_a_rule_is_switched_on(world: World, look: Look) -> None:
    rule = "audit.extra.severities.NO_CONSENT"
    page = look("settings")
    field = page.selectbox(key=key(world, rule))
    assert field.label == "Rule NO_CONSENT (usually an error)"
    assert field.options == ["Off", "Error", "Warning", "Remark"]
    page = field.set_value("ERROR").run()
    assert "Off → Error" in sentences(page)
    save(page, "")
    assert current_version(world.small).policy.audit.severity_of(RuleCode.NO_CONSENT) == "ERROR"


def test_what_is_wrong_stands_beside_the_field_and_nothing_is_saved(
    world: World, look: Look
) -> None:
    page = change(world, look("settings"), TOP_N, 40)
    page = change(world, page, "lost_days", 100)
    errors = [error.value for error in page.error]
    assert "40 is outside the allowed range. Enter a whole number from 1 to 20." in errors
    assert any("“Lapsed after” (180) is not below “Lost after” (100)." in e for e in errors)
    assert page.button(key="settings_save").disabled
    assert page.button(key="settings_preview").disabled


def test_changes_are_taken_back(world: World, look: Look) -> None:
    page = change(world, look("settings"), TOP_N, 4)
    page = page.button(key="settings_take_back").click().run()
    assert page.number_input(key=key(world, TOP_N)).value == 5
    assert "value changed" not in sentences(page)


def test_a_preview_is_queued_and_then_shown(world: World, look: Look) -> None:
    page = change(world, look("settings"), GATE, 100)
    page = page.button(key="settings_preview").click().run()
    preview_id = str(page.query_params["preview"])
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    base = str(page.query_params["of"])
    page = look("settings", preview=preview_id, of=base)  # it begins with what was previewed
    assert page.number_input(key=key(world, GATE)).value == 100
    assert "Effect on the run as of" in sentences(page)


def test_a_preview_of_an_earlier_version_changes_no_field(world: World, look: Look) -> None:
    preview_id = ask_preview(world.small, SYSTEM, {GATE: 100})
    page = look("settings", preview=preview_id, of="7")
    assert page.number_input(key=key(world, GATE)).value != 100


def test_figures_of_a_preview(world: World, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:

    preview_id = ask_preview(world.small, SYSTEM, {TOP_N: 2})
    figures = compute_preview(world.small, preview_id)
    page = look("settings", preview=preview_id)
    assert not page.exception
    assert metrics(page)["Lists that change"].split(" ")[0] == str(figures["lists_changed"])
    assert len(page.expander) == len(figures["examples"])
    assert page.dataframe[0].value["after"].sum() == sum(
        row["after"] for row in figures["scenarios"]
    )


def test_one_can_go_back_to_an_earlier_version(world: World, look: Look) -> None:
    page = save(change(world, look("settings"), TOP_N, 4), "")
    versions = policy_versions(world.small)
    assert len(page.dataframe[-1].value) == len(versions)
    assert versions[0].changes[0].after == 4


def test_a_company_without_runs_is_told_so(world: World, look: Look) -> None:
    page = look("settings", "emma")
    page.number_input(key="policy0_top_n").set_value(4).run()
    page = page.button(key="settings_preview").click().run()
    assert any("Launch a run first" in error.value for error in page.error)


@pytest.mark.parametrize(("choice", "top_n"), [(0, 5), (1, 4)])
def test_a_version_that_cannot_be_used_leaves_ways_back(
    world: World, look: Look, choice: int, top_n: int
) -> None:
    first = save_policy(world.small, SYSTEM, {TOP_N: 4}).version
    spoilt = save_policy(world.small, SYSTEM, {TOP_N: 3}).version
    with world.small.begin() as tx:
        tx.execute(
            "UPDATE policy SET policy_json = '{\"top_n\": 99}'"
            " WHERE tenant_id = :tenant AND version = :version",
            version=spoilt,
        )
    page = look("settings")
    assert not page.exception
    (said,) = [error.value for error in page.error]
    assert said.startswith(f"Version {spoilt} of the policy cannot be used any more")
    assert "Go back to another version, or to the defaults" in said
    assert page.dataframe[0].value["state"].tolist()[:2] == ["Cannot be used any more", "–"]
    launch = look("runs").button(key="runs_launch").click().run()
    assert [error.value for error in launch.error] == [said]
    back = {0: 0, 1: first}[choice]
    page = page.button(key=f"settings_way_back_{back}").click().run()
    assert not page.error
    assert page.number_input(key=key(world, TOP_N)).value == top_n
    assert page.dataframe[-1].value["state"].tolist()[1] == "Cannot be used any more"


def test_a_foreign_preview_is_said_in_a_sentence(world: World, look: Look) -> None:
    page = look("settings", preview="5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11")
    assert not page.exception
    assert any("There is no such preview" in error.value for error in page.error)
