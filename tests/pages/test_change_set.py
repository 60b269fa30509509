"""A change-set as its reader follows it: asked, reviewed, decided, corrected, taken back."""

import csv
import io
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.import_again import leave_out
from core.services.import_files import choose, load, plan, receive
from core.services.import_ledger import entry_of
from core.services.import_rejects import rejects_file
from core.services.mappings import put_over
from core.services.waiting_rows import count_waiting_rows, list_decided, list_open_releases
from core.store.tenant import TenantStore
from tests.change_set_files import (
    AS_OF,
    CATALOGUE,
    COLUMN_OF,
    KNOWN_TILL,
    MISSPELT,
    NEWER_CLIENTS,
    SCAN,
    TILL,
    UNKNOWN_HEADERS,
    load_files,
    write_files,
)
from tests.contract.test_import_files import rows
from tests.pages.conftest import PASSWORD, Look, World, metrics, sentences

_NUMBERS = count(1)
Receive = Callable[[dict[str, str]], str]


@pytest.fixture
def company(world: World, tmp_path: Path) -> TenantStore:
    """A company of its own with clients and products; its analyst has the name of its key."""
    key = f"cellar{next(_NUMBERS)}"
    tenant = accounts.create_tenant(world.store, key, "Cellar", "en")
    accounts.create_user(world.store, tenant, key, PASSWORD, Role.ANALYST)
    store = world.store.tenant_store(tenant)
    load_files(store, tmp_path, CATALOGUE)
    return store


@pytest.fixture
def received(company: TenantStore, tmp_path: Path) -> Receive:
    """Return a function that takes files in and plans them, as the worker does."""

    def take(files: dict[str, str]) -> str:
        paths = write_files(tmp_path, files)
        named = [(path.name, path) for path in paths]
        import_id = receive(company, SYSTEM, named, as_of=AS_OF)
        plan(company, import_id)
        return import_id

    return take


def opened(look: Look, company: TenantStore, import_id: str) -> AppTest:
    return look("upload", company.tenant.key, **{"import": import_id})


def choose_first(page: AppTest, key: str) -> None:
    page.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()


def table(page: AppTest, column: str) -> list[dict[str, object]]:
    """Return the first table that has `column`."""
    frames = [each.value for each in page.dataframe if column in each.value]
    found: list[dict[str, object]] = frames[0].to_dict("records")
    return found


def test_words_that_nobody_knows_are_mapped_and_dates_asked_before_the_review(
    company: TenantStore, received: Receive, look: Look
) -> None:
    import_id = received({**TILL, **SCAN})
    page = opened(look, company, import_id)
    assert "leave it out below" in sentences(page)
    assert page.radio[0].label == "What does this file hold?"
    leave_out(company, SYSTEM, import_id, 2, left_out=True)
    put_over(company, SYSTEM, import_id, 1, {"kind": "sales"})
    plan(company, import_id)
    page = opened(look, company, import_id)
    required = "Document number; Customer code; Quantity; Amount, tax included; Date of the sale"
    either = "Product code / Product label"
    assert f"which are required: {required}; {either}. Map them." in sentences(page)
    assert [line["header"] for line in table(page, "inverse")] == list(UNKNOWN_HEADERS)
    columns = {COLUMN_OF[title]: header for header, title in UNKNOWN_HEADERS.items()}
    choose(company, SYSTEM, import_id, 1, {"kind": "sales", "columns": columns})
    plan(company, import_id)
    page = opened(look, company, import_id)
    assert page.radio[0].options == [
        "Day first: 03/04/2026 is 3 April 2026",
        "Month first: 03/04/2026 is 4 March 2026",
    ]
    assert [line["dmy"] for line in table(page, "dmy")] == ["3 April 2026", "5 April 2026"]
    put_over(company, SYSTEM, import_id, 1, {"date_order": "dmy"})
    plan(company, import_id)
    page = opened(look, company, import_id)
    figures = {"Rows read": "5", "Loaded": "3", "Held": "1", "Rejected": "1"}
    assert metrics(page) == figures
    assert "Months without any sale: May 2026." in sentences(page)
    assert "Left out, neither read nor counted" in sentences(page)
    load(company, import_id)
    assert "3 rows are loaded." in sentences(opened(look, company, import_id))
    assert [str(day) for (day,) in rows(company, "sale_lines", "sale_date")] == [
        "2026-04-03",
        "2026-04-05",
        "2026-06-09",
    ]


def test_a_label_is_decided_and_a_corrected_row_goes_back(
    company: TenantStore, received: Receive, look: Look, tmp_path: Path
) -> None:
    import_id = load_files(company, tmp_path, KNOWN_TILL)
    page = look("waiting", company.tenant.key)
    assert table(page, "label")[0]["product"] == "Pinot Noir Réserve 2020"
    choose_first(page, str(page.dataframe[0].key))
    assert page.radio[0].options[0] == r"Pinot Noir Réserve 2020 (PIN\-2020), likeness 95"
    page.button(key="label_accept").click().run()
    (release,) = list_open_releases(company)
    load(company, release.import_id)
    page.run()
    assert "1 row released by 1 decided label." in sentences(page)
    assert metrics(page)["Unknown labels"] == "0"
    assert [(d.label, d.product_key) for d in list_decided(company, limit=9)] == [
        (MISSPELT, "PIN-2020")
    ]
    assert count_waiting_rows(company) == 0
    page = opened(look, company, import_id)
    labels = [link.proto.label for link in page.get("link_button")]
    assert any(label.startswith("Download the 1 rejected row of ") for label in labels)
    text = b"".join(rejects_file(company, import_id, 1, "en").content).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text), delimiter=";"))) == 2
    correction = received({"rejects.csv": text.replace("three", "3")})
    page = opened(look, company, correction)
    assert "they go back to that import" in sentences(page)
    load(company, correction)
    page = opened(look, company, import_id)
    assert "Its rejected rows were corrected once since" in sentences(page)
    assert metrics(page) == {"Rows read": "5", "Loaded": "4", "Held": "1", "Rejected": "0"}
    assert sum(units for (units,) in rows(company, "sale_lines", "quantity_milli")) == 13_000


def test_what_changes_is_read_loaded_and_undone_and_who_left_stays_out(
    company: TenantStore, received: Receive, look: Look
) -> None:
    import_id = received(NEWER_CLIENTS)
    page = opened(look, company, import_id)
    said = sentences(page).replace("\\", "")
    assert "Opt-outs kept: 1." in said
    assert "1 opt-out kept: C2." in said
    assert table(page, "example")[0]["example"] == "C3: +33600000003 → +33699999999"
    choose_first(page, "review_changes")
    assert table(page, "before")[0]["after"] == "+33699999999"
    load(company, import_id)
    assert phones(company)["C3"] == "+33699999999"
    page = opened(look, company, import_id)
    assert page.button(key="upload_undo").label == "Undo 1 row"
    page.button(key="upload_undo").click().run()
    assert entry_of(company, import_id).status == "undone"
    assert phones(company)["C3"] == "+33600000003"
    assert rows(company, "customers", "customer, email_opt_out")[1] == ("C2", True)


def phones(company: TenantStore) -> dict[object, object]:
    return dict(rows(company, "customers", "customer, phone"))
