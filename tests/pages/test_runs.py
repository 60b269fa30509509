"""Runs: launch, list, open."""

import pytest
from streamlit.testing.v1 import AppTest

from core.services.run_reports import list_runs
from tests.pages.conftest import Look, World, metrics, sentences

REFUSED = "Your role does not permit this. Ask an administrator of your company."


def launch(page: AppTest) -> None:
    """Send the form of the dialog, which AppTest forgets unless its button is clicked too."""
    page.button(key="runs_launch").click()
    page.button(key="launch_send").click().run()


def test_a_company_without_runs_is_told_what_will_be_here(look: Look) -> None:
    page = look("runs", "emma")
    assert "Your runs will be listed here." in sentences(page)
    assert "Bring in files" in [button.label for button in page.button]


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


def test_a_viewer_is_told_that_she_may_not_launch(world: World, look: Look) -> None:
    before = len(list_runs(world.small))
    page = look("runs", "vera")
    page.button(key="runs_launch").click().run()
    launch(page)
    assert [error.value for error in page.error] == [REFUSED]
    assert len(list_runs(world.small)) == before


@pytest.mark.parametrize("username", ["anne", "emma"])
def test_an_unknown_or_foreign_run_is_said_in_a_sentence(
    world: World, look: Look, username: str
) -> None:
    run_id = world.run_id if username == "emma" else "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"
    page = look("runs", username, run=run_id)
    assert not page.exception
    assert [error.value for error in page.error] == ["There is no such run."]
