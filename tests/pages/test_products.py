"""Products: the list with its filters, one product, and the way to a customer who is due."""

from unittest.mock import Mock

import pytest

from core.services.products import ProductFilter, list_products, product_view
from core.store.customer_search import fold_name
from tests.pages.conftest import Look, World, metrics, sentences
from ui.views import products_list


def names(page: object) -> list[str]:
    return list(page.dataframe[0].value["name"])  # type: ignore[attr-defined]


def test_a_company_without_products_is_led_to_its_files(look: Look) -> None:
    page = look("products", "emma")
    assert not page.exception
    assert "Your products will be listed here" in sentences(page)


def test_products_are_listed_by_revenue_and_paged_in_the_address(
    world: World, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products_list, "_PAGE", 3)
    every = list_products(world.small, ProductFilter(), limit=99).products
    revenues = [product.revenue_cents or 0 for product in every]
    assert revenues == sorted(revenues, reverse=True)
    assert revenues[0] > 0
    read = Mock(wraps=list_products)
    monkeypatch.setattr(products_list, "list_products", read)
    page = look("products", products_page="2")
    assert not page.exception
    assert names(page) == [product.name for product in every[3:6]]
    assert read.call_count == 1
    read.reset_mock()
    assert names(look("products", products_page="x")) == [product.name for product in every[:3]]
    assert read.call_count == 1
    assert names(look("products", products_page="999999"))  # the switch knows no such page


def test_a_filter_and_a_search_leave_what_they_say(world: World, look: Look) -> None:
    every = list_products(world.small, ProductFilter(), limit=99).products
    family = next(product.family for product in every if product.family)
    page = look("products", family=family)
    assert set(names(page)) == {product.name for product in every if product.family == family}
    page = look("products", q=every[0].product_key.lower())
    assert every[0].name in names(page)
    assert "No row matches." in sentences(look("products", q="%"))
    assert len(names(look("products", family="of another catalogue"))) == len(every)
    page = look("products", family=family)
    page.selectbox(key=f"products_family_{family}").set_value("").run()
    assert "family" not in page.query_params
    page = look("products", sort="name")
    assert names(page) == sorted((product.name for product in every), key=fold_name)
    assert page.dataframe[0].proto.alt == "Products: Name, A to Z"
    sold_out = {
        product.name for product in every if product.stock is not None and product.stock <= 0
    }
    page = look("products", kind="sold_out")
    assert set(names(page) if page.dataframe else ()) == sold_out


def test_a_product_shows_sales_gaps_neighbours_and_stock(world: World, look: Look) -> None:
    found = list_products(world.small, ProductFilter(), limit=99).products
    product = max(found, key=lambda one: one.repeat_buyers or 0)
    view = product_view(world.small, product.product_key)
    assert sum(view.gaps) >= (product.repeat_buyers or 0) > 0
    page = look("products", product=product.product_key)
    assert not page.exception
    assert metrics(page)["Buyers"] == str(product.buyers)
    text = sentences(page)
    for question in ("When is it bought?", "After how long", "Will the stock last?", "Assumed:"):
        assert question in text
    page.button(key="products_back").click().run()
    assert "product" not in page.query_params


def test_an_unknown_key_is_said_in_words(look: Look) -> None:
    page = look("products", product="nothing")
    assert page.error[0].value == "There is no product of this key."
