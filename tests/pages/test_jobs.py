"""Jobs: the queue, stopping, the history with its filters and the way to try again."""

from collections.abc import Iterator

import pytest

from core.jobs import BACKTEST, ERASE, RUN, enqueue
from core.jobs.listing import active_jobs, past_jobs
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run
from tests.golden.small_tenant import AS_OF
from tests.pages.conftest import Look, World, new_world, sentences


@pytest.fixture(scope="module", name="world")
def _queue_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a world in which no other module's test has asked for a job."""
    with new_world(tmp_path_factory.mktemp("jobs")) as made:
        yield made


def test_an_analyst_stops_what_waits_finds_it_in_the_history_and_tries_again(
    world: World, look: Look
) -> None:
    run_id = create_run(world.small, SYSTEM, as_of=AS_OF)
    enqueue(world.small, SYSTEM, RUN, run_id)
    enqueue(world.small, SYSTEM, ERASE, "11111111-1111-4111-8111-111111111111")
    name = f"run.{run_id}.0001"
    page = look("jobs", "anne")
    assert "Waiting, at place 1 of your company" in page.get("progress")[0].proto.text
    assert "a person asked for it" in sentences(page)
    page.button(key=f"jobs_stop_{name}").click().run()
    assert [job.kind for job in active_jobs(world.small, SYSTEM)] == [ERASE]
    assert list(page.dataframe[0].value[["what", "how", "who", "why"]].iloc[0]) == [
        "Run", "stopped", "system", "Stopped by anne.",
    ]  # fmt: skip
    page.session_state[page.dataframe[0].key] = {
        "selection": {"rows": [0], "columns": [], "cells": []}
    }
    page.run()
    page.button(key=f"jobs_again_{name}").click().run()
    assert f"run.{run_id}.0002" in [job.name for job in active_jobs(world.small, SYSTEM)]


def test_a_viewer_looks_and_the_filters_stand_in_the_address(world: World, look: Look) -> None:
    enqueue(world.empty, SYSTEM, BACKTEST, "22222222-2222-4222-8222-222222222222")
    page = look("jobs", "emma", kind="run", state="failed")
    assert page.selectbox(key="jobs_kind").value == "run"
    assert "No row matches." in sentences(page)
    page.selectbox(key="jobs_state").set_value("done").run()
    assert page.query_params["state"] == "done"
    page.selectbox(key="jobs_kind").set_value("").run()
    assert "kind" not in page.query_params
    seen = look("jobs", "vera")
    assert not [button for button in seen.button if str(button.key).startswith("jobs_stop")]
    assert not past_jobs(world.empty, SYSTEM)
