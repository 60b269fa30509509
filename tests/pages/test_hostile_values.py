"""Texts of files and users are shown as text on every page, whatever they say."""

import pytest
from streamlit.testing.v1 import AppTest

import ui.session
import ui.sign_in
from core.services.sign_in import redeem_ticket, sign_in
from tests.pages.conftest import PASSWORD, Look, World, metrics
from tests.pages.hostile_world import (
    ADMIN,
    ANALYST,
    CUSTOMER,
    EVIL,
    HostileWorld,
    build_hostile_world,
    carries_the_attack,
    drawn_markup,
)
from ui.navigation import PAGES, ROOT

MADE_UP = ("run", "campaign", "import", "customer", "compare", "why", "product", "rule", "reason")
MADE_UP += ("score", "version", "view", "backtest", "preview", "of", "lang", "list", "page", "q")
MADE_UP += ("segment", "state", "after", "family", "kind")


@pytest.fixture(scope="module")
def hostile(world: World, tmp_path_factory: pytest.TempPathFactory) -> HostileWorld:
    return build_hostile_world(world.store, tmp_path_factory.mktemp("hostile"))


def choose_first(page: AppTest) -> None:
    """Click the first row of the first table, where its rows open something."""
    key = page.dataframe[0].key
    if key is None:
        return
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("upload", {"import": "loaded"}),
        ("upload", {"import": "waiting"}),
        ("upload", {"import": "asking"}),
        ("runs", {"run": "run_id", "customer": CUSTOMER}),
        ("runs", {"run": "later_run_id", "compare": "run_id", "why": CUSTOMER}),
        ("qc", {"run": "run_id", "customer": CUSTOMER}),
        ("qc", {"run": "run_id", "product": f"RIE23{EVIL}"}),
        ("campaigns", {"campaign": "campaign_id"}),
        ("customers", {"customer": CUSTOMER}),
        ("products", {"product": f"RIE23{EVIL}"}),
        ("insights", {"view": "season"}),
        ("insights", {"view": "families"}),
        *((entry.path, {}) for entry in PAGES),
    ],
)
def test_no_page_reads_a_text_as_markup(
    hostile: HostileWorld, look: Look, page: str, query: dict[str, str]
) -> None:
    asked = {name: getattr(hostile, value, value) for name, value in query.items()}
    drawn = look(page, ADMIN, **asked)
    assert not drawn.exception
    assert carries_the_attack(drawn) or not query
    assert drawn_markup(drawn) == []


@pytest.mark.parametrize("what", ["labels", "products", "customers", "returns"])
def test_what_waits_is_shown_as_text(hostile: HostileWorld, look: Look, what: str) -> None:
    page = look("waiting", ANALYST)
    assert "0" not in metrics(page).values()
    page.button_group(key="list").set_value(what).run()
    choose_first(page)
    assert carries_the_attack(page)
    assert drawn_markup(page) == []


@pytest.mark.parametrize(
    ("page", "query", "key"),
    [("campaigns", {"view": "people"}, "people_term"), ("privacy", {}, "privacy_term")],
)
def test_who_is_searched_is_shown_as_text(
    hostile: HostileWorld, look: Look, page: str, query: dict[str, str], key: str
) -> None:
    drawn = look(page, ADMIN, **query)
    drawn.text_input(key=key).set_value(CUSTOMER).run()
    assert carries_the_attack(drawn)
    assert drawn_markup(drawn) == []


def test_the_shell_names_the_company_as_text(
    hostile: HostileWorld, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = redeem_ticket(world.store, sign_in(world.store, ANALYST, PASSWORD, "127.0.0.1"))
    for module in (ui.session, ui.sign_in):
        monkeypatch.setattr(module, "app_store", lambda: world.store)
        monkeypatch.setattr(module, "session_token", lambda: token)
    shell = AppTest.from_file(str(ROOT / "ui" / "main.py"), default_timeout=30).run()
    assert carries_the_attack(shell)
    assert drawn_markup(shell) == []


@pytest.mark.parametrize(
    "page",
    [
        "upload",
        "runs",
        "qc",
        "campaigns",
        "exports",
        "insights",
        "settings",
        "customers",
        "products",
    ],
)
def test_an_address_that_somebody_made_up_is_shown_as_text(
    hostile: HostileWorld, look: Look, page: str
) -> None:
    drawn = look(page, ADMIN, **dict.fromkeys(MADE_UP, EVIL))
    assert not drawn.exception
    assert drawn_markup(drawn) == []
