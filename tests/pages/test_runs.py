"""Runs: launch, list, open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.services import import_ledger
from core.services.accounts import SYSTEM
from core.services.cause_questions import answer_causes, question_of
from core.services.execute_run import create_run, execute
from core.services.run_comparison import compare_runs, customers_of_comparison
from core.services.run_reports import list_runs
from core.store.locks import RUN_LOCK, exclusive
from core.store.runs import start_run
from tests.golden.small_tenant import AS_OF
from tests.pages.conftest import Look, World, metrics, sentences


def launch(page: AppTest) -> None:
    """Send the form of the dialog, which AppTest forgets unless its button is clicked too."""
    page.button(key="runs_launch").click()
    page.button(key="launch_send").click().run()


def test_a_company_without_runs_is_told_what_will_be_here(look: Look) -> None:
    page = look("runs", "emma")
    assert "Your runs will be listed here." in sentences(page)
    assert primary(page) == ["Bring in files"]


def test_after_the_first_files_the_next_is_a_run_and_no_more_files(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_ledger, "last_loaded", lambda _store: "an import")
    page = look("runs", "emma")
    assert "Your files are loaded." in sentences(page)
    assert primary(page) == ["Launch a run"]


def primary(page: AppTest) -> list[str]:
    """Return the buttons that are drawn as the page's next action."""
    return [button.label for button in page.button if button.proto.type == "primary"]


def test_the_list_shows_the_figures_of_each_run(world: World, look: Look) -> None:
    page = look("runs")
    (card,) = (c for c in list_runs(world.small) if c.run_id == world.run_id)
    row = page.dataframe[0].value.iloc[-1]
    assert (row["customers"], row["eligible"]) == (card.customers, card.eligible)
    assert sum(row["mix"]) == card.recommendations


def test_a_run_opens_with_figures_charts_and_a_sample(world: World, look: Look) -> None:
    page = look("runs", run=world.run_id)
    assert not page.exception
    figures = metrics(page)
    assert primary(page) == ["Check its quality"]
    assert int(figures["Eligible"]) <= int(figures["Customers"])
    assert len(page.get("plotly_chart")) == 2
    assert len(page.dataframe[0].value) == min(20, int(figures["Customers"]))


def test_launching_a_run_queues_it_and_leads_to_it(world: World, look: Look) -> None:
    page = look("runs")
    page.button(key="runs_launch").click().run()
    assert "as if today were" in sentences(page)
    page.number_input(key="launch_top_n").set_value(3)
    launch(page)
    run_id = str(page.query_params["run"])
    assert run_id in {card.run_id for card in list_runs(world.small)}
    assert page.get("progress")[0].proto.text == "Waiting for the worker"


@pytest.mark.parametrize("username", ["anne", "emma"])
def test_an_unknown_or_foreign_run_is_said_in_a_sentence(
    world: World, look: Look, username: str
) -> None:
    run_id = world.run_id if username == "emma" else "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"
    page = look("runs", username, run=run_id)
    assert not page.exception
    assert [error.value for error in page.error] == ["There is no such run."]


@pytest.fixture(scope="module")
def other_run(world: World) -> str:
    """A finished run of the small company under another policy."""
    run_id = create_run(world.small, SYSTEM, as_of=AS_OF, top_n=2)
    execute(world.small, run_id)
    return run_id


def test_a_run_is_compared_with_another(world: World, other_run: str, look: Look) -> None:
    page = look("runs", run=other_run)
    (choice,) = (box for box in page.selectbox if box.label == "Compare with")
    page = choice.set_value(world.run_id).run()
    assert not page.exception
    comparison = compare_runs(world.small, world.run_id, other_run)
    assert comparison.counts["changed"] > 0
    assert metrics(page)["Another list"] == str(comparison.counts["list"])
    assert "Policy: Length of a list: 5 → 2" in sentences(page).replace("\\", "")


def test_a_customer_is_told_why_she_changed(world: World, other_run: str, look: Look) -> None:
    found = customers_of_comparison(world.small, world.run_id, other_run, kind="list")[0]
    page = look("runs", run=other_run, compare=world.run_id, why=found.customer)
    assert not page.exception
    lists = [table.value for table in page.dataframe if list(table.value)[:1] == ["rank"]]
    assert [len(shown) for shown in lists] == [max(len(found.before), len(found.after))]
    assert f"{found.after[0].product_name} (" in lists[0]["after"][0]


@pytest.mark.parametrize("compare", ["5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11", "nothing"])
def test_an_unknown_run_to_compare_with_is_left_aside(
    world: World, look: Look, compare: str
) -> None:
    page = look("runs", run=world.run_id, compare=compare)
    assert not page.exception
    assert not page.error


def test_several_causes_are_found_out_by_a_worker(world: World, look: Look) -> None:
    run_id = create_run(world.small, SYSTEM, as_of=AS_OF + timedelta(days=60), top_n=2)
    execute(world.small, run_id)
    customer = customers_of_comparison(world.small, world.run_id, run_id, kind="list")[0].customer
    page = look("runs", run=run_id, compare=world.run_id, why=customer)
    assert "Several things differ" in sentences(page)
    page = page.button(key="compared_causes").click().run()
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    actor = replace(SYSTEM, username="anne")
    trial_id = question_of(world.small, actor, world.run_id, run_id, customer)
    assert trial_id is not None
    answer_causes(world.small, trial_id)
    page = look("runs", run=run_id, compare=world.run_id, why=customer)
    assert "The policy alone" in sentences(page)


def test_a_run_that_a_schedule_works_on_is_not_started_again_beside_it(
    world: World, look: Look
) -> None:
    run_id = create_run(world.small, SYSTEM, as_of=AS_OF)
    start_run(world.small, run_id)
    with exclusive(world.small, RUN_LOCK, "held"):
        page = look("runs", "anne", run=run_id)
        assert "A schedule or a command is working on this run." in sentences(page)
        assert "run_again" not in [button.key for button in page.button]
    assert "run_again" in [button.key for button in look("runs", "anne", run=run_id).button]
