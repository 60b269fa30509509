"""Upload: drop, recognise, review, load, undo."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs import LOAD, PLAN, job_of
from core.services.accounts import SYSTEM
from core.services.import_files import choose, entry_of, load, plan, receive
from tests.pages.conftest import INPUT, Look, World, metrics, sentences

SaleFile = Callable[[str], Path]


def received(world: World, *paths: Path, names: tuple[str, ...] = ()) -> str:
    files = list(zip(names or [path.name for path in paths], paths, strict=True))
    return receive(world.empty, SYSTEM, files)


def test_dropped_files_become_an_import_that_waits_for_the_worker(world: World, look: Look) -> None:
    page = look("upload", "emma")
    for path in sorted(INPUT.glob("*.csv")):
        page.file_uploader(key="drop_files").upload(path.name, path.read_bytes())
    page.button[0].click().run()
    assert not page.exception
    import_id = str(page.query_params["import"])
    entry = entry_of(world.empty, import_id)
    assert [f.name for f in entry.files] == sorted(p.name for p in INPUT.glob("*.csv"))
    assert page.get("progress")[0].proto.text == "Waiting for the worker"
    job = job_of(world.empty, PLAN, import_id)
    assert job is not None
    assert job.status == "queued"
    assert "You can leave this page" in sentences(page)


def test_without_a_file_nothing_is_received(look: Look) -> None:
    page = look("upload", "emma")
    page.button[0].click().run()
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
    assert "Values in the file: 03/04/2024" in sentences(page)
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
    label = page.expander[-1].label
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


def test_a_missing_column_is_named_in_words(world: World, look: Look, tmp_path: Path) -> None:
    path = tmp_path / "wines.csv"
    path.write_text("WineName,Elaborate\nMerlot,blend\n")
    import_id = received(world, path)
    plan(world.empty, import_id)
    choose(world.empty, SYSTEM, import_id, 1, {"kind": "products"})
    plan(world.empty, import_id)
    page = look("upload", "emma", **{"import": import_id})
    assert 'gives "Product code", which is required' in sentences(page)


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
