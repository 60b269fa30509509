"""Insights: look back, follow, read the verdict."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Refused
from core.i18n import N_
from core.services import backtest as service
from core.services.accounts import SYSTEM
from core.services.backtest import (
    LAST_BASKET,
    create_backtest,
    execute_backtest,
)
from core.services.backtest_cards import LOCK, backtest_of
from core.store.backtests import settle_backtest
from core.store.locks import exclusive
from core.store.runs import RunStatus
from core.store.tenant import TenantStore
from tests.contract.test_backtest import END, fill
from tests.pages.conftest import Look, World, metrics, sentences


@pytest.fixture(scope="module")
def bought(world: World) -> Iterator[TenantStore]:
    """The company `empty` with a year of sales; it is empty again afterwards."""
    fill(world.empty, seed=1)
    yield world.empty
    with world.empty.begin() as tx:
        for table in ("backtest", "sale_line", "product", "customer", "tenant_head"):
            tx.execute(f"DELETE FROM {table} WHERE tenant_id = :tenant")


def launch(page: AppTest) -> None:
    page.button(key="insights_launch").click()
    page.button(key="backtest_send").click().run()


def test_who_has_not_looked_back_is_told_what_will_be_here(look: Look) -> None:
    page = look("insights", view="backtest")
    assert not page.exception
    assert "Nothing has been looked back on yet." in sentences(page)


def test_a_rolling_backtest_shows_verdict_figures_charts_and_tables(
    bought: TenantStore, look: Look
) -> None:
    backtest_id = create_backtest(bought, SYSTEM, as_of=END, k=5)
    report = execute_backtest(bought, backtest_id)
    page = look("insights", "emma", backtest=backtest_id)
    assert not page.exception
    assert "baseline" in sentences(page)
    assert "90 days each: 24 August 2025, 22 November 2025." in sentences(page)
    assert metrics(page)["Customers compared"] == "40"
    assert len(page.get("plotly_chart")) == 2
    shown = page.dataframe[2].value
    assert len(shown) == len(report["systems"]) == 6
    assert shown["recall"].tolist() == [one["recall"] for one in report["systems"]]
    assert page.dataframe[3].value["verdict"].tolist() != ["–"]


def test_the_newest_that_is_done_is_shown_first(bought: TenantStore, look: Look) -> None:
    backtest_id = create_backtest(bought, SYSTEM, protocol=LAST_BASKET, as_of=END, k=5)
    execute_backtest(bought, backtest_id)
    create_backtest(bought, SYSTEM, as_of=END)
    page = look("insights", "emma", view="backtest")
    assert not page.exception
    assert page.header[0].value == "The last basket of each customer"
    assert len(page.get("plotly_chart")) == 1
    assert "Sales until 20 February 2026." in sentences(page)


def test_little_data_are_said_to_be_little(world: World, look: Look) -> None:
    backtest_id = create_backtest(world.small, SYSTEM, as_of=END)
    execute_backtest(world.small, backtest_id)
    page = look("insights", backtest=backtest_id)
    assert not page.exception
    assert "Not enough data" in sentences(page)


def test_looking_back_queues_it_and_leads_to_it(world: World, look: Look) -> None:
    page = look("insights", view="backtest")
    page.button(key="insights_launch").click().run()
    page.radio(key="backtest_protocol").set_value(LAST_BASKET)
    page.number_input(key="backtest_k").set_value(3)
    launch(page)
    card = backtest_of(world.small, str(page.query_params["backtest"]))
    assert (card.protocol, card.k) == (LAST_BASKET, 3)
    assert page.get("progress")[0].proto.text == "Waiting for the worker"


def test_one_that_failed_by_command_says_why(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Refused(N_("There are no products. Import a products file."))

    backtest_id = create_backtest(world.small, SYSTEM, as_of=END)
    with monkeypatch.context() as patched:
        patched.setattr(service, "read_past", fail)
        with pytest.raises(Refused):
            execute_backtest(world.small, backtest_id)
    viewer = look("insights", "vera", backtest=backtest_id)
    assert "backtest_again" not in [button.key for button in viewer.button]
    for language, said in (("en", "There are no products."), ("fr", "Il n’y a aucun produit.")):
        page = look("insights", backtest=backtest_id, lang=language)
        assert not page.exception
        (error,) = page.error
        assert error.value.startswith(said)
    page = page.button(key="backtest_again").click().run()
    assert len(page.get("progress")) == 1
    assert "backtest_again" not in [button.key for button in page.button]


def test_nothing_is_started_while_a_command_works_on_one(world: World, look: Look) -> None:
    at_work, waiting = (create_backtest(world.small, SYSTEM, as_of=END) for _ in range(2))
    with world.small.begin() as tx:
        settle_backtest(tx, at_work, RunStatus.RUNNING)
    for backtest_id, said in (
        (at_work, "This backtest is being worked out, started by a command."),
        (waiting, "Another backtest is being worked out"),
    ):
        with exclusive(world.small, LOCK, "busy"):
            page = look("insights", backtest=backtest_id)
        assert not page.exception
        assert said in sentences(page)
        assert [button.key for button in page.button] == ["insights_launch"]
        assert page.button(key="insights_launch").disabled
    assert "Running" in page.dataframe[-1].value["state"].tolist()
    page = look("insights", backtest=at_work)
    assert "This backtest was interrupted before it had finished." in sentences(page)
    assert "Interrupted" in page.dataframe[-1].value["state"].tolist()
    assert not page.button(key="insights_launch").disabled
    assert page.button(key="backtest_again")


def test_a_foreign_or_unknown_one_is_said_in_a_sentence(world: World, look: Look) -> None:
    foreign = create_backtest(world.small, SYSTEM, as_of=END)
    for backtest_id in (foreign, "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"):
        page = look("insights", "emma", backtest=backtest_id)
        assert not page.exception
        assert [error.value for error in page.error] == ["There is no such backtest."]


def test_the_page_speaks_french(bought: TenantStore, look: Look) -> None:
    backtest_id = create_backtest(bought, SYSTEM, as_of=END, k=5)
    execute_backtest(bought, backtest_id)
    page = look("insights", "emma", backtest=backtest_id, lang="fr")
    assert not page.exception
    assert page.title[0].value == "Analyses"
    assert "référence" in sentences(page)
