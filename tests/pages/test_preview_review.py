"""Upload, third step: the change-set as the analyst reads it before loading."""

from pathlib import Path

import pytest

from core.services import accounts
from core.services.accounts import SYSTEM, Role
from core.services.import_files import load, plan, receive
from core.services.import_paths import import_paths
from core.services.mappings import put_over
from core.store.tenant import TenantStore
from tests.pages.conftest import INPUT, PASSWORD, Look, World, sentences
from ui.i18n import NO_VALUE

SALES = "document_id,product_key,client_code,quantity,amount,sale_date\n"
SECOND = {
    "clients.csv": "client_code,name,email_opt_out\nA1,Anna <b>,no\na2,Bob,no\nB3,Cleo,no\n",
    "sales.csv": SALES
    + "N1,PN,A1,1,10.00,2025-07-03\nN2,NOWHERE,A1,1,10.00,2025-07-04\n"
    + "N3,PN,A1,x,10.00,2025-07-05\n",
}


@pytest.fixture(scope="module")
def review(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[TenantStore, str]:
    """A company of its own with the small tenant's files loaded and a second export planned."""
    tenant = accounts.create_tenant(world.store, "review", "Review", "en")
    accounts.create_user(world.store, tenant, "rita", PASSWORD, Role.ANALYST)
    store = world.store.tenant_store(tenant)
    import_paths(store, SYSTEM, [INPUT])
    folder = tmp_path_factory.mktemp("second")
    opted_out = folder / "unsubscribed.csv"
    opted_out.write_text("client_code,email_opt_out\nA1,yes\na2,yes\nB3,yes\n")
    import_paths(store, SYSTEM, [opted_out], confirm_opt_outs=True)
    paths = []
    for name, text in SECOND.items():
        (folder / name).write_text(text)
        paths.append((name, folder / name))
    import_id = receive(store, SYSTEM, paths)
    assert plan(store, import_id)["status"] == "planned"
    return store, import_id


def test_warnings_come_first_and_name_their_file(
    review: tuple[TenantStore, str], look: Look
) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    warned = [str(part.value).replace("\\", "") for part in (*page.warning, *page.info)]
    assert any("Months without any sale" in text for text in warned)
    assert any("sales.csv: Rejected rows: 1 of 3." in text for text in warned)
    assert any("Opt-outs kept: 3." in text for text in warned)


def test_kept_opt_outs_are_named_with_their_line(
    review: tuple[TenantStore, str], look: Look
) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    assert "3 opt\\-outs kept: A1, a2, B3" in sentences(page).replace("\\:", ":").replace(
        "\\,", ","
    )
    table = next(t.value for t in page.dataframe if "customer" in t.value.columns)
    assert list(zip(table["customer"], table["line"], strict=True)) == [
        ("A1", 2), ("a2", 3), ("B3", 4),
    ]  # fmt: skip


def test_changed_fields_show_before_and_after(review: tuple[TenantStore, str], look: Look) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    table = next(t.value for t in page.dataframe if "example" in t.value.columns)
    assert table["field"][0] == "Name"
    assert table["rows"][0] == 3
    assert table["example"][0].endswith("→ Anna <b>")


def test_months_stand_beside_what_is_there(review: tuple[TenantStore, str], look: Look) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    table = next(t.value for t in page.dataframe if "Rows there now" in t.value.columns)
    months = table.set_index("Month")
    assert list(months.loc["July 2025", ["Rows there now", "Rows after loading"]]) == [0, 1]
    assert "Months without any sale: " in sentences(page)


def test_what_rows_wait_for_is_listed(review: tuple[TenantStore, str], look: Look) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    assert "Products that are not in the catalogue: 1. Rows that wait for them: 1." in sentences(
        page
    )
    table = next(t.value for t in page.dataframe if "key" in t.value.columns)
    assert list(table["key"]) == ["NOWHERE"]


def test_the_button_stands_beside_what_it_does(review: tuple[TenantStore, str], look: Look) -> None:
    page = look("upload", "rita", **{"import": review[1]})
    said = next(str(c.value) for c in page.caption if "Opt-outs kept" in str(c.value))
    assert said == (
        "Customers: 0 new, 3 changed · Sales: 1 new, 0 changed · Opt-outs kept: 3"
        " · Rows that would wait: 1 · Rejected rows left out: 1"
    )


def test_what_sales_change_of_known_customers_stands_among_the_changes(
    review: tuple[TenantStore, str], look: Look, tmp_path: Path
) -> None:
    store, _import_id = review
    path = tmp_path / "sales.csv"
    path.write_text(f"{SALES.strip()},Origin\nN9,PN,A1,1,10.00,2025-07-09,BE\n")
    creating = {"customers": {"country": "Origin"}}
    import_id = receive(store, SYSTEM, [(path.name, path)])
    put_over(store, SYSTEM, import_id, 1, {"create_missing": creating})
    plan(store, import_id)
    page = look("upload", "rita", **{"import": import_id})
    table = next(t.value for t in page.dataframe if "example" in t.value.columns)
    assert [list(table[name]) for name in ("field", "kind", "rows")] == [
        ["Country"], ["Customers"], [1],
    ]  # fmt: skip
    assert table["example"][0] == f"A1: {NO_VALUE} → BE"
    assert any("Cells changed by sales: 1" in str(c.value) for c in page.caption)


def test_a_loaded_import_keeps_its_warnings_behind_a_title(
    review: tuple[TenantStore, str], look: Look, tmp_path: Path
) -> None:
    store, import_id = review
    load(store, import_id)
    page = look("upload", "rita", **{"import": import_id})
    assert not page.exception
    assert any("warnings when it was loaded" in part.label for part in page.expander)


def test_files_that_are_loaded_already_are_not_offered_again(
    review: tuple[TenantStore, str], look: Look
) -> None:
    store, _import_id = review
    files = [("clients.csv", INPUT / "clients.csv")]
    load(store, receive(store, SYSTEM, files))
    again = receive(store, SYSTEM, files)
    plan(store, again)
    page = look("upload", "rita", **{"import": again})
    assert "These files are loaded already" in sentences(page)
    keys = [button.key for button in page.button]
    assert "upload_load" not in keys
    assert "upload_discard" in keys
