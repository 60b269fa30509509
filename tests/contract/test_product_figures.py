"""The figures of products are kept with their run alike on both databases, and go with a person."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.services.products import ProductFilter, ProductRow, list_products, product_view
from core.store.customer_search import fold_name
from core.store.product_reads import ORDERS
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.searches import explained
from tests.golden.small_tenant import AS_OF, FOLDER


def test_figures_are_alike_everywhere_and_read_by_their_keys(every_store: dict[str, Store]) -> None:
    seen = []
    for store in every_store.values():
        company = new_tenant(store)
        import_paths(company, SYSTEM, [FOLDER / "input"], as_of=AS_OF)
        execute(company, create_run(company, SYSTEM, as_of=AS_OF))
        products = list_products(company, ProductFilter(), limit=99).products
        due = max(products, key=lambda product: product.due_customers or 0)
        with explained() as kept:
            view = product_view(company, due.product_key)
        assert kept.gone_through() == []
        seen.append((products, view.months, view.gaps, view.neighbours, view.due, view.demand))
    assert seen[0] == seen[1] == seen[-1]
    assert sum(product.buyers or 0 for product in seen[0][0]) > 0


def test_products_come_in_the_order_that_is_asked(tenant: TenantStore) -> None:
    import_paths(tenant, SYSTEM, [FOLDER / "input"], as_of=AS_OF)
    execute(tenant, create_run(tenant, SYSTEM, as_of=AS_OF))
    for order in ORDERS:
        wanted = ProductFilter(order=order)
        every = list_products(tenant, wanted, limit=99).products
        ranked = sorted(every, key=lambda one: (_RANKS[order](one), one.product_key))
        assert [one.product_key for one in every] == [one.product_key for one in ranked]
        pages = (list_products(tenant, wanted, limit=2, offset=n) for n in (0, 2))
        assert [product for page in pages for product in page.products] == list(every[:4])


_RANKS: dict[str, Callable[[ProductRow], object]] = {
    "revenue": lambda one: -(one.revenue_cents or 0),
    "name": lambda one: fold_name(one.name),
    "buyers": lambda one: -(one.buyers or 0),
    "repeat": lambda one: -1 if one.repeat_rate is None else -one.repeat_rate - 2,
    "last_sale": lambda one: -(one.last_sale or date.min).toordinal(),
    "stock": lambda one: (one.stock is None, one.stock),
    "due": lambda one: -(one.due_customers or 0),
}


def test_a_product_is_found_whatever_its_case_and_accents(
    tenant: TenantStore, tmp_path: Path
) -> None:
    names = {"A#1/x 'q\"": "CHÂTEAU L’Été – 50%", "b-2": "Crémant d'Œuvrard", "C": "=1+1"}
    path = tmp_path / "products.csv"
    rows = "".join(
        '"{}","{}"\n'.format(*(text.replace('"', '""') for text in pair)) for pair in names.items()
    )
    path.write_text(f"product_key,name\n{rows}", encoding="utf-8")
    import_paths(tenant, SYSTEM, [path])

    def found(term: str) -> str:
        products = list_products(tenant, ProductFilter(term=term)).products
        return "".join(sorted(product.product_key[0] for product in products))

    terms = {"château": "A", "ete": "A", "CRÉMANT D’OEU": "b", "0%": "A", "#1/X '": "A"}
    assert {term: found(term) for term in (*terms, "B-2", "=1", "_")} == {
        **terms, "B-2": "b", "=1": "C", "_": "",
    }  # fmt: skip
