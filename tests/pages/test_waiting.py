"""The desk: what waits, what it may mean, and the decision about it."""

from itertools import count
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import LOAD, job_of
from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.alias_desk import decide
from core.services.import_files import load
from core.services.import_ledger import list_imports
from core.services.import_paths import import_paths
from core.services.waiting_rows import list_decided, list_open_releases
from core.store.tenant import TenantStore
from tests.contract.test_alias_desk import CATALOGUE, SALES, TYPO
from tests.contract.test_import_files import AS_OF, write
from tests.pages.conftest import PASSWORD, Look, World, metrics, sentences
from ui.views import waiting_release
from ui.views.plain import plain

_NUMBERS = count(1)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> TenantStore:
    """A company of its own where rows wait; its analyst has the name of its key."""
    key = f"desk{next(_NUMBERS)}"
    tenant = accounts.create_tenant(world.store, key, "Desk", "en")
    accounts.create_user(world.store, tenant, key, PASSWORD, Role.ANALYST)
    accounts.create_user(world.store, tenant, f"viewer-{key}", PASSWORD, Role.VIEWER)
    store = world.store.tenant_store(tenant)
    for files in (CATALOGUE, SALES):
        import_paths(store, SYSTEM, write(tmp_path, files), as_of=AS_OF)
    return store


def choose_first(page: AppTest) -> None:
    """Click the first row of the first table, as far as AppTest can."""
    key = page.dataframe[0].key
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()


def show(page: AppTest, what: str) -> None:
    page.button_group(key="list").set_value(what).run()


def test_where_nothing_waits_the_page_says_what_will_be_here(look: Look) -> None:
    page = look("waiting", "emma")
    assert "Nothing waits" in sentences(page)
    assert [button.label for button in page.button][-1:] == ["Bring in files"]


def test_labels_stand_with_their_weight_and_their_suggestion(desk: TenantStore, look: Look) -> None:
    page = look("waiting", desk.tenant.key)
    assert metrics(page) == {
        "Unknown labels": "3",
        "Unknown products": "1",
        "Unknown customers": "1",
        "Returns without sale": "1",
    }
    table = page.dataframe[0].value
    assert list(table["label"]) == [TYPO, "Riesling 21", "Frais de port"]
    assert list(table["rows"]) == [2, 2, 1]
    assert table["product"][0] == "Riesling Vieilles Vignes 2021"


def test_sure_suggestions_are_accepted_at_once_by_a_job(desk: TenantStore, look: Look) -> None:
    page = look("waiting", desk.tenant.key)
    assert page.button(key="waiting_sure").label == "Accept 1 sure suggestion"
    page.button(key="waiting_sure").click().run()
    (release,) = list_open_releases(desk)
    job = job_of(desk, LOAD, release.import_id)
    assert job is not None
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    assert TYPO not in list(page.dataframe[0].value["label"])
    load(desk, release.import_id)
    assert [(d.label, d.product_key) for d in list_decided(desk, limit=9)] == [(TYPO, "RIE-21")]


def test_one_label_is_decided_below_the_table(desk: TenantStore, look: Look) -> None:
    page = look("waiting", desk.tenant.key)
    choose_first(page)
    assert page.radio[0].options == [
        f"Riesling Vieilles Vignes 2021 ({plain('RIE-21')}), likeness 98",
        "Another product",
    ]
    page.radio[0].set_value("another").run()
    assert page.button(key="label_accept").disabled
    page.selectbox(key="label_product_riesling vielles vignes 2021").set_value("RIE-19").run()
    assert page.button(key="label_accept").label == "Accept for 2 rows"
    page.button(key="label_accept").click().run()
    (release,) = list_open_releases(desk)
    assert load(desk, release.import_id)["released"] == 2
    assert list_decided(desk, limit=9)[0].product_key == "RIE-19"


def test_an_ignored_label_can_be_taken_back(desk: TenantStore, look: Look) -> None:
    page = look("waiting", desk.tenant.key)
    choose_first(page)
    page.button(key="label_ignore").click().run()
    assert TYPO not in list(page.dataframe[0].value["label"])
    show(page, "decided")
    assert list(page.dataframe[0].value["product"]) == ["Ignored"]
    choose_first(page)
    page.button(key="decided_take_back").click().run()
    assert list_decided(desk, limit=9) == []


@pytest.mark.parametrize(
    ("what", "button"),
    [("products", "Create 1 product"), ("customers", "Create 1 customer")],
)
def test_unknown_keys_are_created_with_one_click(
    desk: TenantStore, look: Look, what: str, button: str
) -> None:
    page = look("waiting", desk.tenant.key)
    show(page, what)
    assert page.button(key=f"{what}_create_all").label == button
    page.button(key=f"{what}_create_all").click().run()
    (release,) = list_open_releases(desk)
    assert load(desk, release.import_id)["released"] == 1


def test_a_viewer_looks_at_the_labels_and_is_offered_no_decision(
    desk: TenantStore, look: Look
) -> None:
    page = look("waiting", f"viewer-{desk.tenant.key}")
    assert page.dataframe
    assert "waiting_sure" not in {button.key for button in page.button}


def test_the_upload_page_leads_here_and_tells_releases_in_words(
    desk: TenantStore, look: Look
) -> None:
    sales = list_imports(desk)[0].import_id
    page = look("upload", desk.tenant.key, **{"import": sales})
    assert "9 rows wait for a product, a customer or their sale." in sentences(page)
    import_id = str(decide(desk, SYSTEM, {TYPO: "RIE-21"}))
    load(desk, import_id)
    page = look("upload", desk.tenant.key, **{"import": import_id})
    assert "2 rows released by 1 decided label." in sentences(page)
    history = page.dataframe[-1].value
    assert history["files"][0] == "2 rows released by 1 decided label"
    assert history["loaded"][0] == 2


def test_a_release_that_ends_while_the_page_is_drawn_is_not_said_to_have_stopped(
    desk: TenantStore, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = str(decide(desk, SYSTEM, {TYPO: "RIE-21"}))
    seen_before = list_open_releases(desk)
    load(desk, import_id)
    monkeypatch.setattr(waiting_release, "list_open_releases", lambda _store: seen_before)
    page = look("waiting", desk.tenant.key)
    assert "not released yet" not in sentences(page)
