"""Home: the first steps, then the state of the house, each with the way to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.services import home
from core.services.home import Decision, Matter, Step, home_of
from core.services.run_reports import gating_history
from tests.pages.conftest import Look, World, metrics, new_world, sentences
from ui.views import home_decisions, home_steps


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A house in which no other test has decided anything."""
    with new_world(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_an_empty_company_begins_with_its_files(look: Look) -> None:
    page = look("home", "emma")
    assert not page.exception
    assert page.button(key="home_next").label == "Drop your files"
    assert "0 of 5 steps done" in sentences(page)
    assert "There are no sales yet." in sentences(page)


def test_steps_are_ticked_from_the_data_and_the_next_is_the_primary_action(
    world: World, look: Look
) -> None:
    assert home_of(world.small).done == {Step.DROP, Step.REVIEW, Step.RUN}
    page = look("home")
    assert not page.exception
    assert page.button(key="home_next").label == "Check the lists"
    assert page.button(key="home_step_prepare").label == "They are right: go on"
    assert "3. Launch a first run: done" in sentences(page)
    assert "It says whom to write to" not in sentences(page), "a step that is done is a title"


def test_after_more_files_the_next_step_is_another_run(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = home_of(world.small)
    assert found.last_import is not None
    assert found.last_run is not None
    later = replace(found.last_import, loaded_at=found.last_run.created_at + timedelta(seconds=1))
    monkeypatch.setattr(home, "_last_import", lambda _tx: later)
    assert home_of(world.small).next_step is Step.RUN
    assert look("home").button(key="home_next").label == "Launch another run"


@pytest.mark.parametrize("key", ["home_next", "home_decide_0"])
def test_home_leads_to_the_import_that_waits_not_to_an_empty_page(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    decision = Decision(matter=Matter.ASKING, subject="waiting")
    found = home_of(world.empty)
    waiting = replace(
        found, done=frozenset({Step.DROP}), open_import="waiting", decisions=(decision,)
    )
    monkeypatch.setattr(home, "home_of", lambda *_: waiting)
    opened: list[tuple[str, dict[str, str]]] = []
    for module in (home_steps, home_decisions):
        monkeypatch.setattr(module, "open_page", lambda page, **query: opened.append((page, query)))
    look("home", "emma").button(key=key).click().run()
    assert opened == [("upload", {"import": "waiting"})]


def test_a_month_without_sales_is_seen_among_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [("2024-02", 9), ("2025-11", 3), ("2026-01", 5)]
    monkeypatch.setattr(home.home_reads, "load_sales_by_month", lambda *_: told)
    months = home_of(world.small).months
    assert months[0] == ("2025-02", 0)
    assert months[-3:] == [("2025-11", 3), ("2025-12", 0), ("2026-01", 5)]
    monkeypatch.setattr(home.home_reads, "load_sales_by_month", lambda *_: told[1:])
    assert len(home_of(world.small).months) == 3


def test_a_viewer_sees_the_state_and_is_asked_nothing(look: Look) -> None:
    page = look("home", "vera")
    assert not page.exception
    assert not {"home_next", "home_step_prepare"} & {button.key for button in page.button}
    assert metrics(page)["Customers"]


def test_a_rise_of_the_blocked_share_needs_a_decision(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = gating_history(world.small)
    rising = (replace(point, gating_rate=0.1), replace(point, gating_rate=0.125))
    monkeypatch.setattr(home, "gating_history", lambda *_, **__: rising)
    page = look("home")
    assert not page.exception
    expected = "More customers are blocked: 12.5% in the last run, 10.0% in the one before"
    assert expected in unescaped(page)
    level = (rising[0], replace(point, gating_rate=0.119))
    monkeypatch.setattr(home, "gating_history", lambda *_, **__: level)
    assert "More customers are blocked" not in unescaped(look("home"))


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (Decision(matter=Matter.ASKING, count=2), "2 imports ask something"),
        (Decision(matter=Matter.WAITING, count=10_001), "More than 10,000 rows wait"),
        (Decision(matter=Matter.RUN_FAILED, subject="x"), "The last run failed"),
    ],
    ids=lambda value: getattr(value, "matter", ""),
)
def test_what_needs_a_decision_is_a_sentence_with_a_way(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch, decision: Decision, sentence: str
) -> None:
    found = replace(home_of(world.small), decisions=(decision,))
    monkeypatch.setattr(home, "home_of", lambda *_: found)
    page = look("home")
    assert not page.exception
    assert sentence in unescaped(page)
    assert page.button(key="home_decide_0").label == "Go there"


def unescaped(page: AppTest) -> str:
    """Return what the page says, without the marks that keep Markdown from reading it."""
    return sentences(page).replace("\\", "").replace("\u2060", "")
