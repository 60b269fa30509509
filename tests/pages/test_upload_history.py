"""Upload, what comes after: rejected rows and corrections, files left out, history, undo."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from core.jobs import PLAN, job_of
from core.services import accounts, import_ledger
from core.services.accounts import SYSTEM, Role
from core.services.corrected_report import reports_with_corrections
from core.services.import_again import leave_out, throw_away
from core.services.import_files import load, plan, receive
from core.services.import_ledger import discard, entry_of, list_imports, report_of
from core.services.import_rejects import rejects_file
from core.services.import_undo import undo
from core.store.imports import ImportEntry, Origin
from core.store.tenant import TenantStore
from tests.pages.conftest import PASSWORD, Look, World, sentences

_CLIENTS = (
    "client_code,email,customer_type\n{0}1,a@example.com,private\n{0}2,b@example.com,nobody\n"
)


def received(
    world: World, folder: Path, files: dict[str, str], into: TenantStore | None = None
) -> str:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():  # other bytes in every test: the company is the same
        (folder / name).write_text(text.replace("{0}", folder.parent.name))
    return receive(into or world.empty, SYSTEM, [(name, folder / name) for name in files])


@pytest.fixture
def bad_import(world: World, tmp_path: Path) -> str:
    import_id = received(world, tmp_path / "bad", {"clients.csv": _CLIENTS})
    load(world.empty, import_id)
    return import_id


def corrected(
    world: World,
    folder: Path,
    import_id: str,
    *,
    marked: bool = True,
    into: TenantStore | None = None,
) -> str:
    content = b"".join(rejects_file(world.empty, import_id, 1, "en").content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    rows = [[cell.replace("nobody", "trade") for cell in row] for row in rows]
    rows = rows if marked else [row[:-4] for row in rows]
    text = "".join(",".join(row) + "\n" for row in rows)
    return received(world, folder, {"back.csv": text}, into)


def test_rejected_rows_are_offered_and_come_back_to_their_import(
    world: World, look: Look, tmp_path: Path, bad_import: str
) -> None:
    page = look("upload", "emma", **{"import": bad_import})
    addresses = [link.proto.url for link in page.get("link_button")]
    assert f"/export/imports/{bad_import}/rejects/1" in addresses
    assert "drop that file alone" in sentences(page)
    correction = corrected(world, tmp_path / "back", bad_import)
    load(world.empty, correction)
    page = look("upload", "emma", **{"import": correction})
    assert "they go back to that import" in sentences(page)
    page.button(key="upload_parent").click().run()
    assert str(page.query_params["import"]) == bad_import
    assert "corrected once since" in sentences(page)
    page.button(key="upload_undo").click().run()
    assert {entry_of(world.empty, i).status for i in (bad_import, correction)} == {"undone"}


def test_a_file_without_the_added_columns_is_put_in_its_place_by_hand(
    world: World, look: Look, tmp_path: Path, bad_import: str
) -> None:
    import_id = corrected(world, tmp_path / "back", bad_import, marked=False)
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    page.selectbox(key="upload_parent_choice").set_value((bad_import, 1))
    page.button(key="upload_as_correction").click().run()
    assert entry_of(world.empty, import_id).origin == Origin.CORRECTION
    assert load(world.empty, import_id)["totals"]["loaded"] == 1
    assert report_of(world.empty, bad_import)["totals"]["rejected"] == 0
    undo(world.empty, SYSTEM, bad_import)


def test_the_files_with_rejected_rows_are_looked_up_once_until_something_is_loaded(
    world: World,
    look: Look,
    tmp_path: Path,
    bad_import: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def counted(store: TenantStore, entries: Sequence[ImportEntry]) -> dict[str, dict[str, Any]]:
        read.extend(entry.import_id for entry in entries)
        return reports_with_corrections(store, entries)

    monkeypatch.setattr(import_ledger, "reports_with_corrections", counted)
    import_id = corrected(world, tmp_path / "lost", bad_import, marked=False)
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    offered = page.selectbox(key="upload_parent_choice").options
    assert any(title.endswith(": 1 rejected row") for title in offered)
    first = read.count(bad_import)
    page.run()
    assert page.selectbox(key="upload_parent_choice").options == offered
    assert read.count(bad_import) - first < first  # the history still shows it
    load(world.empty, corrected(world, tmp_path / "back", bad_import))
    page.run()
    assert "upload_parent_choice" not in [choice.key for choice in page.selectbox]
    undo(world.empty, SYSTEM, bad_import)


def test_the_files_with_rejected_rows_are_those_of_the_own_company(
    world: World, look: Look, tmp_path: Path, bad_import: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = accounts.create_tenant(world.store, "neighbour", "Neighbour", "en")
    accounts.create_user(world.store, tenant, "nina", PASSWORD, Role.ANALYST)
    neighbour = world.store.tenant_store(tenant)
    ids = {
        store: corrected(world, tmp_path / store.tenant.key, bad_import, marked=False, into=store)
        for store in (world.empty, neighbour)
    }
    for store, import_id in ids.items():
        plan(store, import_id)
    page = look("upload", "emma", **{"import": ids[world.empty]})
    assert page.selectbox(key="upload_parent_choice").options
    monkeypatch.setattr(st.cache_data, "clear", lambda: None)
    page = look("upload", "nina", **{"import": ids[neighbour]})
    assert "upload_parent_choice" not in [choice.key for choice in page.selectbox]
    undo(world.empty, SYSTEM, bad_import)


def test_a_file_that_cannot_be_read_is_left_out_and_taken_back(
    world: World, look: Look, tmp_path: Path
) -> None:
    files = {"clients.csv": _CLIENTS, "scan.csv": "%PDF-1.4 not a table"}
    import_id = received(world, tmp_path / "two", files)
    assert plan(world.empty, import_id)["status"] == "asking"
    page = look("upload", "emma", **{"import": import_id})
    assert "leave it out below" in sentences(page)
    page.button(key="left_out_2").click().run()
    assert job_of(world.empty, PLAN, import_id) is not None
    report = plan(world.empty, import_id)
    assert (report["status"], report["totals"]["rows_in"]) == ("planned", 2)
    assert report["left_out"] == [{"file_no": 2, "name": "scan.csv"}]
    page = look("upload", "emma", **{"import": import_id})
    leave_out(world.empty, SYSTEM, import_id, 2, left_out=False)
    assert plan(world.empty, import_id)["status"] == "asking"
    throw_away(world.empty, SYSTEM, import_id)


def test_an_import_given_up_is_taken_up_again_or_thrown_away(
    world: World, look: Look, tmp_path: Path
) -> None:
    import_id = received(world, tmp_path / "up", {"clients.csv": _CLIENTS})
    discard(world.empty, SYSTEM, import_id)
    page = look("upload", "emma", **{"import": import_id})
    page.button(key="upload_reopen").click().run()
    assert entry_of(world.empty, import_id).status == "received"
    discard(world.empty, SYSTEM, import_id)
    page = look("upload", "emma", **{"import": import_id})
    page.button(key="upload_throw_away").click().run()
    assert import_id not in [entry.import_id for entry in list_imports(world.empty, limit=99)]


def test_an_undone_import_is_imported_again(world: World, look: Look, bad_import: str) -> None:
    undo(world.empty, SYSTEM, bad_import)
    page = look("upload", "emma", **{"import": bad_import})
    page.button(key="upload_import_again").click().run()
    again = str(page.query_params["import"])
    assert load(world.empty, again)["totals"]["loaded"] == 1
    undo(world.empty, SYSTEM, again)


def test_what_came_later_is_named_instead_of_undone(
    world: World, look: Look, tmp_path: Path, bad_import: str
) -> None:
    later = received(world, tmp_path / "later", {"more.csv": "client_code,name\n{0}1,Anne\n"})
    load(world.empty, later)
    page = look("upload", "emma", **{"import": bad_import})
    assert "An import was loaded after this one. Undo it first." in sentences(page)
    assert "upload_undo" not in [button.key for button in page.button]
    named = next(table.value for table in page.dataframe if {"rows", "files"} <= {*table.value})
    assert (list(named["files"]), list(named["rows"])) == (["more.csv"], [1])
    undo(world.empty, SYSTEM, later)
    undo(world.empty, SYSTEM, bad_import)
