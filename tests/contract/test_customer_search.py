"""Customers are found by anything known of them, by an index, on both databases."""

from datetime import date

import pytest

from core.services.accounts import SYSTEM
from core.services.import_paths import import_paths
from core.store.customer_reads import load_last_sales
from core.store.customer_search import Wanted, find_codes, fold_name
from core.store.tenant import Store, TenantStore, as_date
from tests.contract.conftest import new_tenant
from tests.contract.searches import explained

_CLIENTS = """client_code,email,name,first_name,last_name,phone,postal_code
Cave-01,elodie@example.com,,Élodie,L’Hôte,03 88 25 00 07,67000
C2,,Château de la Tour Carrée SARL,,,+33388250008,21200
c3,Bernard@example.com,,Jean-Bernard,ŒUVRARD,,67100
C4,,Élodie Martin,,,,
"""


@pytest.fixture(scope="module")
def company(store: Store, tmp_path_factory: pytest.TempPathFactory) -> TenantStore:
    found = new_tenant(store)
    path = tmp_path_factory.mktemp("clients") / "clients.csv"
    path.write_text(_CLIENTS, encoding="utf-8")
    import_paths(found, SYSTEM, [path])
    return found


def search(company: TenantStore, term: str, **more: object) -> set[str]:
    with company.read() as tx:
        return set(find_codes(tx, Wanted(term=term), limit=10, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("term", "codes"),
    [
        ("cAVe", {"Cave-01"}),
        ("ELODIE", {"Cave-01", "C4"}),
        ("élodie ma", {"C4"}),
        ("mar élo", {"C4"}),
        ("hote", {"Cave-01"}),
        ("l'hôte", {"Cave-01"}),
        ("oeuv", {"c3"}),
        ("bernard", {"c3"}),
        ("sarl", {"C2"}),
        ("tour chateau", {"C2"}),
        ("elodie@", {"Cave-01"}),
        ("67", {"Cave-01", "c3"}),
        ("0388250008", {"C2"}),
        ("+33 3 88 25 00 07", {"Cave-01"}),
        ("e", set()),
        ("nobody", set()),
        ("%", set()),
    ],
)
def test_a_customer_is_found_by(company: TenantStore, term: str, codes: set[str]) -> None:
    assert search(company, term) == codes


def test_a_search_goes_on_behind_the_last_code(company: TenantStore) -> None:
    with company.read() as tx:
        first, second = (find_codes(tx, Wanted(term="elodie"), limit=1) for _ in range(2))
        assert first == second
        rest = find_codes(tx, Wanted(term="elodie"), limit=9, after=first[0])
    assert {*first, *rest} == {"Cave-01", "C4"}
    assert len(rest) == 1


def test_the_database_folds_as_the_search_does(company: TenantStore) -> None:
    with company.read() as tx:
        rows = tx.rows(
            "SELECT coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' '"
            " || coalesce(name, '') AS name, name_folded FROM customer WHERE tenant_id = :tenant"
        )
    assert {row["name_folded"] for row in rows} == {fold_name(row["name"]) for row in rows}


@pytest.mark.parametrize("term", ["martin", "tour chateau", "c4", "0388250008", ""])
def test_a_search_goes_through_no_large_table(company: TenantStore, term: str) -> None:
    with explained() as kept:
        search(company, term)
    assert kept.gone_through() == []


def test_the_last_purchase_is_one_that_was_kept(
    company: TenantStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    lines = (
        "1,P,2026-01-05,2,no",
        "2,P,2026-02-05,1,yes",
        "3,Q,2026-03-05,1,no",
        "4,Q,2026-03-09,-1,no",
    )
    head = "document_id,product_key,sale_date,quantity,is_gift,amount,client_code"
    path.write_text("\n".join([head, *(f"{line},5,C2" for line in lines)]), encoding="utf-8")
    products = path.with_name("products.csv")
    products.write_text("product_key,name\nP,P\nQ,Q\n", encoding="utf-8")
    import_paths(company, SYSTEM, [products, path], as_of=date(2026, 4, 1))
    with company.read() as tx:
        for as_of, day in ((date.max, date(2026, 2, 5)), (date(2026, 2, 4), date(2026, 1, 5))):
            found = load_last_sales(tx, ["C2", "C4"], as_of)
            assert {code: as_date(last) for code, last in found.items()} == {"C2": day}
