"""The figures of products are kept with their run alike on both databases, and go with a person."""

from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.services.products import ProductFilter, list_products, product_view
from core.store.tenant import Store
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
