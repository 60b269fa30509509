"""Products by hand: the form, the sentence with its way back, the history, the labels."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core.contracts import FileKind
from core.jobs import LOAD, job_of
from core.services.accounts import SYSTEM
from core.services.hand_changes import as_seen, change_products
from core.services.hand_rows import RowChange
from core.services.import_files import load
from core.services.import_ledger import list_imports
from core.services.import_undo import undo
from core.services.product_labels import labels_of
from core.services.products import ProductFilter, list_products
from core.services.row_history import history_of
from core.store.tenant import TenantStore
from tests.pages.conftest import Look, World, new_world, sentences
from ui.views.products_stock import changed_rows


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own: what is changed here would be met by the tests of other pages."""
    with new_world(tmp_path_factory.mktemp("edited")) as made:
        yield made


@pytest.fixture
def key(world: World) -> str:
    return list_products(world.small, ProductFilter(), limit=1).products[0].product_key


def seen(store: TenantStore, key: str) -> RowChange:
    return as_seen(store, FileKind.PRODUCTS, [key])[key]


def load_newest(store: TenantStore) -> str:
    """Do the work of the worker on the newest change."""
    import_id = list_imports(store)[0].import_id
    assert job_of(store, LOAD, import_id) is not None
    load(store, import_id)
    return import_id


def test_a_change_is_typed_loaded_told_and_taken_back(world: World, look: Look, key: str) -> None:
    before = seen(world.small, key)
    page = look("products", product=key)
    assert not page.exception
    page.button(key="product_edit").click().run()
    assert not page.exception
    page.text_input(key="form_family").set_value("x" * 501)
    page.button(key="product_save").click().run()
    assert page.error[0].value == "The value of Family cannot be used."
    page.text_input(key="form_family").set_value(str(before.cells["family"] or ""))
    page.number_input(key="form_stock_quantity").set_value(4321)
    page.number_input(key="form_aroma_body").set_value(3.5)
    page.checkbox(key="form_is_active").uncheck()
    page.button(key="product_save").click().run()
    assert not page.exception
    import_id = load_newest(world.small)
    page.run()
    assert "Saved:" in sentences(page)
    assert "to 4,321" in sentences(page).replace("\\", "")
    assert "In stock: 4,321 · no longer offered" in sentences(page)
    history = next(frame.value for frame in page.dataframe if "after" in frame.value)
    assert list(history["source"][:3]) == ["Change by hand"] * 3
    changed = dict(zip(history["field"][:3], history["after"][:3], strict=True))
    assert changed == {"Stock": "4,321", "On sale": "no", "Aroma: body": "3.5"}
    upload = look("upload", **{"import": import_id})
    assert upload.dataframe[-1].value["files"][0] == "Change by hand, 1 product"
    assert "Change by hand, 1 product" in sentences(upload)
    page.button(key="hand_undo").click().run()
    assert not page.exception
    assert seen(world.small, key) == before


def test_a_form_that_was_overtaken_says_so(world: World, look: Look, key: str) -> None:
    page = look("products", product=key)
    page.button(key="product_edit").click().run()
    other = RowChange(key=key, cells={"stock_quantity": 77}, seen=seen(world.small, key).seen)
    change_id = "11111111-0000-4000-8000-000000000001"
    load(world.small, change_products(world.small, SYSTEM, [other], change_id=change_id))
    page.number_input(key="form_stock_quantity").set_value(5)
    page.button(key="product_save").click().run()
    assert "since you opened it" in page.error[0].value
    undo(world.small, SYSTEM, change_id)


def test_a_form_that_was_left_opens_on_no_other_page(world: World, look: Look, key: str) -> None:
    other = list_products(world.small, ProductFilter(), limit=2).products[1].product_key
    page = look("products", product=key)
    page.button(key="product_edit").click().run()
    page.query_params["product"] = other  # by the browser's own way back
    page.run()
    assert "form_name" not in {field.key for field in page.text_input}


def test_the_next_vintage_is_proposed_and_created(world: World, look: Look) -> None:
    products = list_products(world.small, ProductFilter(), limit=99).products
    old = next(product for product in products if product.vintage)
    page = look("products", product=old.product_key)
    page.button(key="product_successor").click().run()
    assert page.number_input(key="form_vintage").value == (old.vintage or 0) + 1
    assert page.selectbox(key="form_replaces").value == old.product_key
    page.text_input(key="form_product_key").set_value("NEXT-1")
    page.text_input(key="form_family").set_value("")  # of what is proposed
    page.button(key="product_save").click().run()
    load_newest(world.small)
    page.run()
    assert "it is there now" in sentences(page)
    made = as_seen(world.small, FileKind.PRODUCTS, ["NEXT-1"])["NEXT-1"]
    assert made.cells["replaces"] == old.product_key
    assert made.cells["family"] is None
    page = look("products")
    page.button(key="product_create").click().run()
    page.text_input(key="form_product_key").set_value("NEXT-1")
    page.text_input(key="form_name").set_value("Another")
    page.button(key="product_save").click().run()
    assert "with this key already" in page.error[0].value


def test_a_label_is_added_and_taken_back(world: World, look: Look, key: str) -> None:
    page = look("products", product=key)
    page.text_input(key="label_of_new").set_value("Vieux nom de caisse")
    page.button(key="label_of_add").click().run()
    assert not page.exception
    assert [label.label for label in labels_of(world.small, key).labels] == ["Vieux nom de caisse"]
    assert "decided by anne (1 label)" in sentences(page)
    table = next(frame for frame in page.dataframe if "label" in frame.value)
    page.session_state[table.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    page.run()
    page.button(key="label_of_take_back").click().run()
    assert labels_of(world.small, key).total == 0
    assert "taken back by anne" in sentences(page)


def test_stock_of_a_page_is_changed_in_a_table(world: World, look: Look) -> None:
    page = look("products")
    page.toggle(key="products_edited").set_value(True).run()
    assert not page.exception
    assert page.button(key="products_stock_save").disabled
    keys = [product.product_key for product in list_products(world.small, ProductFilter()).products]
    rows = tuple(seen(world.small, key) for key in keys[:3])
    same = rows[1].cells["stock_quantity"]
    edited = {0: {"stock_quantity": 12}, 2: {"is_active": False}, 1: {"stock_quantity": same}}
    changes = changed_rows(rows, edited)
    assert [(change.key, dict(change.cells)) for change in changes] == [
        (keys[0], {"stock_quantity": 12}),
        (keys[2], {"is_active": False}),
    ]


def test_a_table_shows_what_was_saved_and_taken_back_and_is_saved_again(
    world: World, look: Look
) -> None:
    (product, *_) = list_products(world.small, ProductFilter(), limit=1).products
    before = seen(world.small, product.product_key).cells["stock_quantity"]
    page = look("products")
    page.toggle(key="products_edited").set_value(True).run()
    for stock in (41, 42):
        type_stock(page, stock)
        page.button(key="products_stock_save").click().run()
        assert not page.exception
        assert page.button(key="products_stock_save").disabled
        load_newest(world.small)
        page.run()
        assert not page.error
        assert stock_shown(page) == stock
    page.button(key="hand_undo").click().run()
    assert stock_shown(page) == 41
    undo(world.small, SYSTEM, list_imports(world.small)[1].import_id)
    assert seen(world.small, product.product_key).cells["stock_quantity"] == before


def type_stock(page: AppTest, stock: int) -> None:
    """Type into the first row of the table; the state of an editor is all that a test has of it."""
    key = f"products_stock_{page.session_state['products_stock_seen'].change_id}"
    edited = {"edited_rows": {0: {"stock_quantity": stock}}, "added_rows": [], "deleted_rows": []}
    page.session_state[key] = edited
    page.run()


def stock_shown(page: AppTest) -> object:
    return page.session_state["products_stock_seen"].rows[0].cells["stock_quantity"]


@pytest.mark.parametrize("query", [{}, {"product": True}])
def test_a_viewer_changes_nothing(
    world: World, look: Look, key: str, query: dict[str, bool]
) -> None:
    page = look("products", "vera", **({"product": key} if query else {}))
    assert not page.exception
    offered = {button.key for button in page.button}
    assert not offered & {"product_edit", "product_successor", "product_create", "label_of_add"}
    assert not page.toggle


def test_a_customer_is_said_to_be_a_merchant(world: World, look: Look) -> None:
    page = look("customers", customer="A1")
    page.button(key="customer_edit").click().run()
    page.radio(key="form_customer_type").set_value("trade")
    page.button(key="customer_save").click().run()
    assert not page.exception
    load_newest(world.small)
    page.run()
    assert "Private or trade" in sentences(page)
    assert history_of(world.small, FileKind.CLIENTS, "A1").versions[0].origin == "hand"
