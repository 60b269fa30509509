"""Decided labels release the rows that wait, are remembered, and are undone with them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NotAllowed, NotFound, Refused
from core.services import import_files
from core.services.accounts import SYSTEM
from core.services.alias_desk import (
    create_customers,
    create_for_label,
    create_products,
    decide,
    ignore,
    take_back,
)
from core.services.import_files import load, plan
from core.services.import_ledger import discard
from core.services.import_undo import undo
from core.services.waiting_rows import (
    CUSTOMERS,
    IGNORED,
    LABELS,
    PRODUCTS,
    RETURNS,
    count_decided,
    count_waiting_rows,
    find_sure_labels,
    list_labels,
    list_open_releases,
    list_subjects,
    propose_product,
    sum_of,
)
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.contract.copies import begin_with
from tests.contract.test_import_files import VIEWER, bring, rows, state
from tests.sampling import examples

CATALOGUE = {
    "clients_20260101.csv": "client_code,email\nC1,a@example.com\n",
    "products_20260101.csv": (
        "product_key,name,vintage\nRIE-19,Riesling Vieilles Vignes,2019\n"
        "RIE-21,Riesling Vieilles Vignes 2021,\nSYL,Sylvaner,\n"
    ),
}
HEADER = "document_id,product_key,product_label,client_code,quantity,amount,sale_date\n"
SALES = {
    "sales_20260201.csv": (
        f"{HEADER}"
        "D1,,Riesling Vielles Vignes 2021,C1,6,60.00,2026-01-10\n"
        "D2,,RIESLING vielles-vignes (2021),C1,1,10.00,2026-01-11\n"
        "D3,,Riesling 21,C1,1,11.00,2026-01-12\n"
        "D4,,Frais de port,C1,1,5.00,2026-01-12\n"
        "D5,NEW-1,Gewurztraminer 2022,C1,2,30.00,2026-01-13\n"
        "D6,NEW-1,Gewurztraminer 2022,C8,1,15.00,2026-01-13\n"
        "D7,SYL,Sylvaner,C9,1,8.00,2026-01-14\n"
        "D8,,Riesling 21,C9,1,12.00,2026-01-15\n"
        "D9,SYL,Sylvaner,C1,-1,-8.00,2026-01-16\n"
    )
}
MORE = {
    "sales_20260301.csv": f"{HEADER}E1,,riesling vielles vignes 2021,C1,1,10.00,2026-02-10\n",
}
TYPO = "Riesling Vielles Vignes 2021"
LINES = "document_id, product_key"


@pytest.fixture
def held(tenant: TenantStore) -> TenantStore:
    return begin_with(tenant, CATALOGUE, SALES)


def listed(tenant: TenantStore, what: str) -> list[tuple[object, ...]]:
    found = list_subjects(tenant, what, limit=10)
    return [(s.subject, s.name, s.rows, s.amount_cents) for s in found]


def labels_of(tenant: TenantStore) -> list[str]:
    return [label.subject for label in list_labels(tenant, limit=10)]


def released(tenant: TenantStore, import_id: str | None) -> int:
    assert import_id is not None
    return int(load(tenant, import_id)["released"])


def test_every_list_says_what_stands_behind_it(held: TenantStore) -> None:
    assert [(x.subject, x.rows, x.amount_cents) for x in list_labels(held, limit=10)] == [
        ("riesling vielles vignes 2021", 2, 7000),
        ("riesling 21", 2, 2300),
        ("frais de port", 1, 500),
    ]
    assert listed(held, PRODUCTS) == [("NEW-1", "Gewurztraminer 2022", 2, 4500)]
    assert listed(held, CUSTOMERS) == [("C9", None, 1, 800)]
    assert listed(held, RETURNS) == [("SYL", None, 1, -800)]
    assert (sum_of(held, LABELS).subjects, sum_of(held, LABELS).rows) == (3, 5)
    assert count_waiting_rows(held) == 9
    assert [x.subject for x in list_labels(held, limit=1, offset=1)] == ["riesling 21"]


def test_a_line_that_several_exports_hold_waits_once(held: TenantStore, tmp_path: Path) -> None:
    before, waiting = state(held), listed(held, LABELS)
    (so_far,) = SALES.values()
    more = f"{so_far}E1,,Riesling 21,C1,1,9.00,2026-02-10\n"
    report = bring(held, tmp_path, {"sales_20260301.csv": more, "sales_20260228.csv": so_far})
    assert report["totals"]["held"] == 19  # type: ignore[index]
    assert count_waiting_rows(held) == 10
    assert ("riesling 21", "Riesling 21", 3, 3200) in listed(held, LABELS)
    third = bring(held, tmp_path, {"sales_20260215.csv": f"{so_far}\n"})  # older than the newest
    assert count_waiting_rows(held) == 10
    undo(held, SYSTEM, str(third["import_id"]))
    assert count_waiting_rows(held) == 10
    decision = decide(held, SYSTEM, {TYPO: "RIE-21"})
    assert released(held, decision) == 2
    undo(held, SYSTEM, str(decision))
    undo(held, SYSTEM, str(report["import_id"]))
    assert (count_waiting_rows(held), listed(held, LABELS), state(held)) == (9, waiting, before)
    bring(held, tmp_path, {"products_20260401.csv": "product_key,name\nX,Xeres\n"})
    assert count_waiting_rows(held) == 9


def test_lines_of_a_file_that_sum_all_wait(held: TenantStore, tmp_path: Path) -> None:
    more = f"{HEADER}F1,,Foo,C1,1,9.00,2026-02-10\nF1,,Foo,C1,2,18.00,2026-02-10\n"
    bring(held, tmp_path, {"sales_20260301.csv": more})
    assert ("foo", "Foo", 2, 2700) in listed(held, LABELS)


def test_a_line_that_a_newer_file_says_otherwise_waits_no_more(
    held: TenantStore, tmp_path: Path
) -> None:
    header = "document_id,line_no,product_key,client_code,quantity,amount,sale_date\n"
    lines = f"{header}G1,1,{{}},C1,1,9.00,2026-02-10\n"
    bring(held, tmp_path, {"sales_20260301.csv": lines.format("NEW-7")})
    assert ("NEW-7", None, 1, 900) in listed(held, PRODUCTS)
    bring(held, tmp_path, {"sales_20260302.csv": lines.format("SYL")})
    assert "NEW-7" not in [found[0] for found in listed(held, PRODUCTS)]


def test_the_vintage_of_the_label_is_suggested(held: TenantStore) -> None:
    label = list_labels(held, limit=1)[0]
    assert [s.product_key for s in label.suggestions] == ["RIE-21"]
    sure = {name: s.product_key for name, s in find_sure_labels(held).items()}
    assert list(sure.values()) == ["RIE-21"]


def test_a_decision_loads_the_rows_and_twice_changes_nothing(held: TenantStore) -> None:
    before = state(held)
    import_id = decide(held, SYSTEM, {TYPO: "RIE-21"})
    assert TYPO.lower() not in labels_of(held)
    assert state(held) == before
    assert released(held, import_id) == 2
    after = state(held)
    assert rows(held, "sale_lines", LINES) == [("D1", "RIE-21"), ("D2", "RIE-21")]
    assert decide(held, SYSTEM, {TYPO: "RIE-21"}) is None
    assert released(held, import_id) == 2
    assert state(held) == after
    assert count_waiting_rows(held) == 7


@settings(max_examples=examples(4, short=2), deadline=None, derandomize=True)
@given(
    decided=st.dictionaries(
        st.sampled_from((TYPO, "riesling 21", "FRAIS DE PORT")),
        st.sampled_from(("RIE-19", "RIE-21", "SYL")),
        min_size=1,
    )
)
def test_deciding_twice_or_before_the_file_is_deciding_once(
    store: Store, tmp_path_factory: pytest.TempPathFactory, decided: dict[str, str]
) -> None:
    after, before = new_tenant(store), new_tenant(store)
    folder = tmp_path_factory.mktemp("decided")
    for tenant in (after, before):
        bring(tenant, folder, CATALOGUE)
    assert decide(before, SYSTEM, decided) is None
    for tenant in (after, before):
        bring(tenant, folder, SALES)
    load(after, str(decide(after, SYSTEM, decided)))
    assert state(after) == state(before)
    for tenant in (after, before):
        assert decide(tenant, SYSTEM, decided) is None
    assert count_waiting_rows(after) == count_waiting_rows(before)
    assert state(after) == state(before)


def test_a_decision_is_remembered_for_the_next_file(held: TenantStore, tmp_path: Path) -> None:
    released(held, decide(held, SYSTEM, {TYPO: "RIE-21"}))
    assert bring(held, tmp_path, MORE)["totals"]["held"] == 0  # type: ignore[index]
    assert ("E1", "RIE-21") in rows(held, "sale_lines", LINES)


def test_undo_makes_the_rows_wait_and_takes_the_decision_back(
    held: TenantStore, tmp_path: Path
) -> None:
    before, waiting = state(held), labels_of(held)
    import_id = decide(held, SYSTEM, {TYPO: "RIE-21"})
    released(held, import_id)
    undo(held, SYSTEM, str(import_id))
    assert state(held) == before
    assert labels_of(held) == waiting
    assert count_decided(held) == 0
    assert bring(held, tmp_path, MORE)["totals"]["held"] == 1  # type: ignore[index]
    assert released(held, decide(held, SYSTEM, {TYPO: "RIE-21"})) == 3


def test_a_release_given_up_decides_nothing(held: TenantStore) -> None:
    waiting = labels_of(held)
    import_id = str(decide(held, SYSTEM, {TYPO: "RIE-21"}))
    assert [entry.import_id for entry in list_open_releases(held)] == [import_id]
    with pytest.raises(Refused, match="no files"):
        plan(held, import_id)
    discard(held, SYSTEM, import_id)
    assert labels_of(held) == waiting
    assert list_open_releases(held) == []


def test_a_row_that_waits_for_two_things_is_listed_under_the_next(held: TenantStore) -> None:
    assert released(held, decide(held, SYSTEM, {"riesling 21": "RIE-21"})) == 1
    assert listed(held, CUSTOMERS) == [("C9", None, 2, 2000)]
    assert released(held, create_customers(held, SYSTEM, ["C9"])) == 2
    assert ("D8", "RIE-21") in rows(held, "sale_lines", LINES)
    assert rows(held, "customers", "customer, email") == [("C1", "a@example.com"), ("C9", None)]
    assert create_customers(held, SYSTEM, ["C9"]) is None


def test_products_are_created_under_the_label_they_carry(held: TenantStore) -> None:
    before = state(held)
    import_id = create_products(held, SYSTEM)
    assert listed(held, PRODUCTS) == []
    assert released(held, import_id) == 1
    created = rows(held, "products", "product_key, name, is_active, is_recommendable")
    assert created[0] == ("NEW-1", "Gewurztraminer 2022", True, True)
    assert listed(held, CUSTOMERS) == [("C8", None, 1, 1500), ("C9", None, 1, 800)]
    undo(held, SYSTEM, str(import_id))
    assert state(held) == before
    assert listed(held, PRODUCTS) == [("NEW-1", "Gewurztraminer 2022", 2, 4500)]


def test_a_products_file_goes_before_what_was_created(held: TenantStore, tmp_path: Path) -> None:
    released(held, create_products(held, SYSTEM))
    old = {"products_20200101.csv": "product_key,name\nNEW-1,Gewurz\n"}
    bring(held, tmp_path, old)
    assert rows(held, "products", "product_key, name")[0] == ("NEW-1", "Gewurz")


def test_a_label_becomes_a_product(held: TenantStore) -> None:
    proposed = propose_product(held, "Frais de port")
    assert (proposed.product_key, proposed.is_recommendable) == ("FRAIS-DE-PORT", False)
    assert released(held, create_for_label(held, SYSTEM, "Frais de port", proposed)) == 1
    assert ("D4", "FRAIS-DE-PORT") in rows(held, "sale_lines", LINES)
    with pytest.raises(Refused, match="has a product with this key"):
        create_for_label(held, SYSTEM, "Other", proposed)


def test_an_ignored_label_waits_off_the_desk(held: TenantStore, tmp_path: Path) -> None:
    ignore(held, SYSTEM, ["FRAIS DE PORT"])
    assert "frais de port" not in labels_of(held)
    assert listed(held, IGNORED) == [("frais de port", "Frais de port", 1, 500)]
    named = {"products_20260401.csv": "product_key,name\nPORT,Frais de port\n"}
    assert bring(held, tmp_path, named)["released"] == 0
    take_back(held, SYSTEM, "Frais de port")
    assert "frais de port" in labels_of(held)


def test_a_decision_taken_back_counts_for_no_later_file(held: TenantStore, tmp_path: Path) -> None:
    released(held, decide(held, SYSTEM, {TYPO: "RIE-21"}))
    with pytest.raises(Refused, match="decided already"):
        decide(held, SYSTEM, {TYPO: "SYL"})
    take_back(held, SYSTEM, TYPO)
    assert ("D1", "RIE-21") in rows(held, "sale_lines", LINES)
    assert bring(held, tmp_path, MORE)["totals"]["held"] == 1  # type: ignore[index]
    with pytest.raises(NotFound):
        take_back(held, SYSTEM, TYPO)


def test_a_label_returns_to_the_desk_when_its_product_goes(
    tenant: TenantStore, tmp_path: Path
) -> None:
    bring(tenant, tmp_path, {"clients_20260101.csv": CATALOGUE["clients_20260101.csv"]})
    bring(tenant, tmp_path, SALES)
    products = {"products_20260101.csv": CATALOGUE["products_20260101.csv"]}
    catalogue = bring(tenant, tmp_path, products)
    import_id = str(decide(tenant, SYSTEM, {TYPO: "RIE-21"}))
    released(tenant, import_id)
    take_back(tenant, SYSTEM, TYPO)
    undo(tenant, SYSTEM, import_id)
    assert decide(tenant, SYSTEM, {"Never seen": "RIE-21"}) is None
    undo(tenant, SYSTEM, str(catalogue["import_id"]))
    again = bring(tenant, tmp_path, {"sales_20260401.csv": MORE["sales_20260301.csv"]})
    assert again["totals"]["held"] == 1  # type: ignore[index]
    assert TYPO.lower() in labels_of(tenant)


def test_a_release_that_dies_before_it_is_published_shows_nothing(
    held: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(held)
    import_id = decide(held, SYSTEM, {TYPO: "RIE-21"})

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_files, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            load(held, str(import_id))
    assert state(held) == before
    assert released(held, import_id) == 2


def test_a_tenant_decides_for_itself_alone(store: Store, held: TenantStore, tmp_path: Path) -> None:
    other = new_tenant(store)
    assert count_waiting_rows(other) == 0
    with pytest.raises(NotFound, match="no product"):
        decide(other, SYSTEM, {TYPO: "RIE-21"})
    import_id = str(decide(held, SYSTEM, {TYPO: "RIE-21"}))
    with pytest.raises(NotFound):
        load(other, import_id)
    released(held, import_id)
    bring(other, tmp_path / "other", CATALOGUE)
    assert bring(other, tmp_path / "other", MORE)["totals"]["held"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda store: decide(store, VIEWER, {TYPO: "RIE-21"}),
        lambda store: create_for_label(store, VIEWER, TYPO, propose_product(store, TYPO)),
        lambda store: create_products(store, VIEWER),
        lambda store: create_customers(store, VIEWER),
        lambda store: ignore(store, VIEWER, [TYPO]),
        lambda store: take_back(store, VIEWER, TYPO),
    ],
)
def test_a_viewer_decides_nothing(
    tenant: TenantStore, attempt: Callable[[TenantStore], object]
) -> None:
    with pytest.raises(NotAllowed):
        attempt(tenant)
