"""Upload: drop, recognise, review, load, undo."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.jobs import LOAD, PLAN, job_of
from core.services.accounts import SYSTEM
from core.services.import_archive import archive_of
from core.services.import_files import choose, load, plan, receive
from core.services.import_ledger import entry_of
from core.services.mappings import list_mappings, put_over
from core.services.sign_in import redeem_ticket, session_of, sign_in
from core.services.uploads import FileClaim, Upload, append_block, begin_upload, remove_upload
from tests.pages.conftest import INPUT, PASSWORD, Look, World, metrics, sentences
from ui.views import upload_drop
from ui.views.upload_files import draw_files

SaleFile = Callable[[str], Path]


def received(world: World, *paths: Path, names: tuple[str, ...] = ()) -> str:
    files = list(zip(names or [path.name for path in paths], paths, strict=True))
    return receive(world.empty, SYSTEM, files)


def sent(world: World, path: Path, username: str = "emma", *, share: float = 1.0) -> Upload:
    """Send a file, or the first part of it, as the browser does."""
    session = session_of(
        world.store,
        redeem_ticket(world.store, sign_in(world.store, username, PASSWORD, "127.0.0.1")),
    )
    assert session is not None
    content = path.read_bytes()
    claim = FileClaim(name=path.name, bytes=len(content), modified=0, sample="")
    upload = begin_upload(world.empty, session.actor, claim)
    return append_block(upload, 0, content[: int(share * len(content))])


def test_sent_files_become_an_import_that_waits_for_the_worker(world: World, look: Look) -> None:
    paths = sorted(INPUT.glob("*.csv"))
    uploads = [sent(world, path) for path in paths]
    inodes = [upload.content.stat().st_ino for upload in uploads]
    page = look("upload", "emma")
    page.button(key="drop_look").click().run()
    assert not page.exception
    import_id = str(page.query_params["import"])
    entry = entry_of(world.empty, import_id)
    assert [f.name for f in entry.files] == [path.name for path in paths]
    assert [f.sha256 for f in entry.files] == [upload.sha256 for upload in uploads]
    archive = archive_of(world.empty, import_id)
    originals = [archive.original(f.file_no, f.name) for f in entry.files]
    assert [path.read_bytes() for path in originals] == [path.read_bytes() for path in paths]
    assert [path.stat().st_ino for path in originals] == inodes, "copied instead of linked"
    assert not any(upload.content.exists() for upload in uploads)
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    job = job_of(world.empty, PLAN, import_id)
    assert job is not None
    assert job.status == "queued"
    assert "You can leave this page" in sentences(page)


def test_a_file_that_is_not_here_whole_is_waited_for(world: World, look: Look) -> None:
    path = INPUT / "clients.csv"
    begun = sent(world, path, share=0.5)
    page = look("upload", "emma")
    page.button(key="drop_look").click().run()
    assert "Not every file is here yet" in sentences(page)
    assert "import" not in page.query_params
    append_block(begun, begun.offset, path.read_bytes()[begun.offset :])
    page.run()
    entry = entry_of(world.empty, str(page.query_params["import"]))
    assert [f.name for f in entry.files] == ["clients.csv"]


def test_a_click_counts_though_a_file_that_arrives_draws_the_page_anew(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(world, INPUT / "clients.csv")
    page = look("upload", "emma")
    arrived: list[str] = []

    def interrupted(*given: Any) -> int:
        if not arrived:
            arrived.append("clients.csv")
            st.rerun()
        return draw_files(*given)

    monkeypatch.setattr(upload_drop, "draw_files", interrupted)
    page.button(key="drop_look").click().run()
    assert not page.exception
    entry = entry_of(world.empty, str(page.query_params["import"]))
    assert [f.name for f in entry.files] == arrived


def test_what_a_colleague_sends_is_hers(world: World, look: Look) -> None:
    upload = sent(world, INPUT / "clients.csv", "erin")
    page = look("upload", "emma")
    page.button(key="drop_look").click().run()
    assert "No file was chosen" in sentences(page)
    remove_upload(upload)


def test_a_viewer_is_not_asked_for_files(look: Look) -> None:
    page = look("upload", "vera")
    assert "Files are brought in by an analyst" in sentences(page)
    assert "drop_look" not in [button.key for button in page.button]


def test_without_a_file_nothing_is_received(look: Look) -> None:
    page = look("upload", "emma")
    page.button(key="drop_look").click().run()
    assert "No file was chosen" in sentences(page)
    assert "import" not in page.query_params


def test_the_review_counts_every_row_and_the_button_names_the_number(
    world: World, look: Look
) -> None:
    import_id = received(world, *sorted(INPUT.glob("*.csv")))
    totals = plan(world.empty, import_id)["totals"]
    page = look("upload", "emma", **{"import": import_id})
    assert metrics(page)["Rows read"] == str(totals["rows_in"])
    assert page.button(key="upload_load").label == f"Load {totals['loaded']} rows"
    counts = page.dataframe[0].value
    buckets = ["loaded", "unchanged", "merged", "duplicate", "held", "rejected"]
    assert list(counts[buckets].sum(axis=1)) == list(counts["rows_in"])
    page.button(key="upload_load").click().run()
    assert job_of(world.empty, LOAD, import_id) is not None


def test_an_open_question_is_asked_and_never_guessed(
    world: World, look: Look, sales_file: SaleFile
) -> None:
    import_id = received(world, sales_file("03/04/2024"))
    assert plan(world.empty, import_id)["status"] == "asking"
    page = look("upload", "emma", **{"import": import_id})
    assert [radio.label for radio in page.radio] == ["In which order are its dates written?"]
    assert page.radio[0].value is None
    assert page.radio[0].options == [
        "Day first: 03/04/2024 is 3 April 2024",
        "Month first: 03/04/2024 is 4 March 2024",
    ]
    rows = page.dataframe[0].value
    assert rows[["line", "cell", "dmy", "mdy"]].to_numpy().tolist() == [
        ["2", "03/04/2024", "3 April 2024", "4 March 2024"]
    ]
    page.radio[0].set_value("dmy")
    next(b for b in page.button if b.label == "Answer and look again").click().run()
    report = plan(world.empty, import_id)
    assert report["files"][0]["dialect"]["settled"]["date_order"] == "dmy"


def test_what_is_known_of_a_waiting_file_is_shown(world: World, look: Look, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        "document_id,product_key,client_code,quantity,Montant HT,date\nN1,P1,C1,1,9,x\n"
    )
    import_id = received(world, path)
    assert plan(world.empty, import_id)["files"][0]["recognition"]["mapping"] is None
    page = look("upload", "emma", **{"import": import_id})
    assert "Which rate is to be added?" in page.radio[0].label
    assert page.selectbox(key="kind_1_sales").value == "sales"
    suggested = page.dataframe[0].value
    assert suggested["column"][list(suggested["header"]).index("quantity")] == "Quantity"


def test_a_file_that_cannot_be_read_is_named_as_what_it_is(
    world: World, look: Look, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    import_id = received(world, path)
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert "it is a picture." in sentences(page)
    assert "Other files" not in sentences(page)


def test_files_without_a_row_offer_nothing_to_load(
    world: World, look: Look, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_text("client_code,email\n")
    import_id = received(world, path)
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert "there is nothing to load" in sentences(page)
    assert "upload_load" not in [button.key for button in page.button]


def test_applying_the_table_as_it_is_changes_nothing(world: World, look: Look) -> None:
    import_id = received(world, INPUT / "clients.csv")
    before = plan(world.empty, import_id)["files"][0]["recognition"]["mapping"]["columns"]
    page = look("upload", "emma", **{"import": import_id})
    assert page.selectbox(key="kind_1_clients").value == "clients"
    next(b for b in page.button if b.label == "Apply this mapping").click().run()
    after = plan(world.empty, import_id)["files"][0]["recognition"]["mapping"]["columns"]
    assert after == before


def test_what_a_file_is_called_is_shown_letter_by_letter(world: World, look: Look) -> None:
    name = "a_![x](b)_ **c**.csv"
    import_id = received(world, INPUT / "clients.csv", names=(name,))
    shown = plan(world.empty, import_id)["files"][0]["name"]
    page = look("upload", "emma", **{"import": import_id})
    label = next(e.label for e in page.expander if e.label != "Further settings")
    assert "![x](b)" not in label.replace("\\", "\0")
    assert shown in label.replace("\\", "")


def test_what_waits_to_be_loaded_is_compared_again_after_an_undo(world: World, look: Look) -> None:
    load(world.empty, received(world, INPUT / "clients.csv"))
    import_id = received(world, INPUT / "products.csv")
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    page.button(key="upload_undo").click().run()
    job = job_of(world.empty, PLAN, import_id)
    assert job is not None
    assert job.status == "queued"


def test_an_undo_is_said_once_where_no_import_is_opened(world: World, look: Look) -> None:
    load(world.empty, received(world, INPUT / "clients.csv"))
    page = look("upload", "emma")
    page.button(key="upload_undo").click().run()
    assert any("is undone: all is as before it" in told.value for told in page.success)
    assert not page.run().success


def test_sales_alone_are_offered_their_products_and_customers(
    world: World, look: Look, tmp_path: Path
) -> None:
    path = tmp_path / "till.csv"
    lines = [f"D{n},P{n},Wine {n},C{n},1,10.00,2026-01-0{n}" for n in range(1, 8)]
    header = "document_id,product_key,product_label,client_code,quantity,amount,sale_date"
    path.write_text("\n".join([header, *lines, ""]))
    import_id = received(world, path)
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    load_button = page.button(key="upload_load")
    assert (load_button.label, load_button.proto.type) == (
        "Let 7 rows wait as they are",
        "secondary",
    )
    page.button(key="upload_create").click().run()
    job = job_of(world.empty, PLAN, import_id)
    assert job is not None
    assert job.status == "queued"
    planned = plan(world.empty, import_id)
    assert (planned["totals"]["loaded"], planned["totals"]["held"]) == (7, 0)


def test_each_of_a_few_months_has_one_tick(world: World, look: Look, sales_file: SaleFile) -> None:
    import_id = received(world, sales_file("2026-01-05"))
    creating = {"products": {}, "customers": {}}
    put_over(world.empty, SYSTEM, import_id, 1, {"create_missing": creating})
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    axes = [json.loads(c.proto.spec)["layout"]["xaxis"] for c in page.get("plotly_chart")]
    assert [axis.get("dtick") for axis in axes if "tickformat" in axis] == ["M1"]


def test_missing_columns_are_named_in_words(world: World, look: Look, tmp_path: Path) -> None:
    path = tmp_path / "wines.csv"
    path.write_text("WineName,Elaborate\nMerlot,blend\n")
    import_id = received(world, path)
    plan(world.empty, import_id)
    choose(world.empty, SYSTEM, import_id, 1, {"kind": "products"})
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert "which are required: Product code; Name. Map them." in sentences(page)


def test_a_loaded_import_can_be_undone_once_it_is_the_last(world: World, look: Look) -> None:
    import_id = received(world, INPUT / "clients.csv")
    load(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert "loaded. Next: launch a run." in sentences(page)
    page.button(key="upload_undo").click().run()
    assert entry_of(world.empty, import_id).status == "undone"
    assert "every row is as it was before" in sentences(page)


@pytest.mark.parametrize("import_id", ["nonsense", "5f0c1f6e-4a57-4b5d-9f0e-0a6f3f1f7d11"])
def test_an_unknown_import_is_said_in_a_sentence(look: Look, import_id: str) -> None:
    page = look("upload", "emma", **{"import": import_id})
    assert not page.exception
    assert [error.value for error in page.error] == ["There is no import with this id."]


def test_the_import_of_another_company_is_not_shown(world: World, look: Look) -> None:
    import_id = received(world, INPUT / "clients.csv")
    page = look("upload", "anne", **{"import": import_id})
    assert [error.value for error in page.error] == ["There is no import with this id."]


SALES = "document_id,product_key,client_code,Qty,Unit,sale_date,Code\n"


def editable(world: World, tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "till.csv"
    path.write_text(SALES + "".join(f"{line}\n" for line in lines))
    import_id = received(world, path)
    mapping = {
        "kind": "sales",
        "columns": {
            "document_id": "document_id",
            "product_key": "product_key",
            "client_code": "client_code",
            "quantity": "Qty",
            "sale_date": "sale_date",
        },
        "derive": {
            "amount": {"op": "multiply", "of": ["Qty", "Unit"]},
            "channel": {"op": "lookup", "of": "Code", "table": {}},
        },
        "constants": {"currency": "EUR"},
        "create_missing": {"products": {}, "customers": {}},
    }
    choose(world.empty, SYSTEM, import_id, 1, mapping)
    plan(world.empty, import_id)
    return import_id


def mapped(world: World, import_id: str) -> dict[str, object]:
    found: dict[str, object] = plan(world.empty, import_id)["files"][0]["recognition"]["mapping"]
    return found


LINES = (
    "N1,P1,C1,2,9.50,2024-03-31,W",
    "N1,P1,C1,2,9.50,2024-03-31,W",
    "N2,P1,C1,1,9.50,2024-03-31,T",
)


def test_applying_a_form_nobody_touched_loses_nothing(
    world: World, look: Look, tmp_path: Path
) -> None:
    import_id = editable(world, tmp_path, *LINES)
    before = mapped(world, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert "what another one says: 1; lines that differ in something: 0." in sentences(page)
    press(page, "Apply this mapping")
    assert mapped(world, import_id) == before


def test_a_mapping_is_edited_in_a_form(world: World, look: Look, tmp_path: Path) -> None:
    import_id = editable(world, tmp_path, *LINES)
    before = mapped(world, import_id)
    page = look("upload", "emma", **{"import": import_id})
    chosen = {box.label: box for box in page.selectbox}
    chosen["Several lines of one document with the same product and customer"].set_value("sum")
    chosen["Dates are written"].set_value("iso")
    chosen["Their name is in"].set_value("Code")
    page.checkbox[1].uncheck()
    press(page, "Apply this mapping")
    assert mapped(world, import_id) == {
        **before,
        "repeated": "sum",
        "date_order": "iso",
        "create_missing": {"products": {"name": "Code"}},
    }


@pytest.mark.parametrize("label", ["Back to the suggestion", "Use this version"])
def test_one_goes_back_to_another_mapping(
    world: World, look: Look, tmp_path: Path, label: str
) -> None:
    load(world.empty, editable(world, tmp_path, *LINES))
    stored = list_mappings(world.empty)[0]
    import_id = editable(world, tmp_path, *LINES, "N3,P1,C1,1,9.50,2024-03-31,T")
    report = plan(world.empty, import_id)["files"][0]["recognition"]
    wanted = report["suggested"] if label.startswith("Back") else json.loads(stored.mapping_json)
    page = look("upload", "emma", **{"import": import_id})
    press(page, label)
    assert json.loads(entry_of(world.empty, import_id).files[0].mapping_json or "") == wanted


def press(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
