"""Backtests on real stores: created with valid options, kept, and apart from other tenants'."""

from dataclasses import replace
from datetime import date, timedelta
from threading import Timer

import numpy as np
import pytest

from core.errors import Busy, NotAllowed, NotFound, Refused
from core.services import backtest as service
from core.services.accounts import SYSTEM, Role
from core.services.backtest import (
    LAST_BASKET,
    ROLLING,
    create_backtest,
    execute_backtest,
)
from core.services.backtest_cards import backtest_of, is_under_way, list_backtests
from core.services.backtest_words import report_lines, verdict_sentences
from core.store.backtests import settle_backtest
from core.store.locks import exclusive
from core.store.runs import RunStatus
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.golden.small_tenant import store_row

NOWHERE = "00000000-0000-4000-8000-000000000000"
END = date(2026, 2, 20)


def fill(tenant: TenantStore, seed: int, customers: int = 40) -> None:
    """Put in customers who buy two favourites each month, with something else each time."""
    rng = np.random.default_rng(seed)
    with tenant.begin() as tx:
        for product in range(12):
            store_row(
                tx, "product", 1, {"product_key": f"P{product:02}", "name": f"Wine {product}"}
            )
        for number in range(customers):
            code = f"C{number:03}"
            store_row(tx, "customer", 1, {"customer": code})
            own = rng.choice(12, 2, replace=False)
            for at, ago in enumerate(range(int(rng.integers(0, 30)), 380, 30)):
                bought = {f"P{item:02}" for item in (*own, rng.integers(12))}
                for product in sorted(bought):
                    document = f"{code}-{at}"
                    row = {
                        "line_key": f"{document}-{product}",
                        "document_id": document,
                        "product_key": product,
                        "customer": code,
                        "quantity_milli": 1000,
                        "amount_cents": 1200,
                        "sale_date": END - timedelta(days=ago),
                    }
                    store_row(tx, "sale_line", 1, row)
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")


@pytest.fixture(scope="module")
def filled(store: Store) -> TenantStore:
    tenant = new_tenant(store)
    fill(tenant, seed=1)
    return tenant


def report_of(tenant: TenantStore, **options: object) -> dict:
    return execute_backtest(tenant, create_backtest(tenant, SYSTEM, **options))


@pytest.mark.parametrize(
    "options",
    [
        {"protocol": "sideways"},
        {"k": 0},
        {"k": 101},
        {"window_days": 0},
        {"window_days": 366},
        {"dates": 25},
        {"as_of": date(2026, 3, 3)},
        {"as_of": "soon"},
    ],
)
def test_unusable_options_are_refused_and_leave_nothing(tenant: TenantStore, options: dict) -> None:
    with pytest.raises(Refused):
        create_backtest(tenant, SYSTEM, **options)
    assert list_backtests(tenant) == []


def test_a_viewer_creates_none(tenant: TenantStore) -> None:
    with pytest.raises(NotAllowed):
        create_backtest(tenant, replace(SYSTEM, role=Role.VIEWER))


def test_a_rolling_backtest_is_kept_with_its_report(filled: TenantStore) -> None:
    told: list[tuple[str, int, int]] = []
    backtest_id = create_backtest(filled, SYSTEM, protocol=ROLLING, k=3)
    report = execute_backtest(filled, backtest_id, lambda *step: told.append(step))
    assert [one["as_of"] for one in report["dates"]] == ["2025-08-24", "2025-11-22"]
    assert all(one["customers"] == 40 for one in report["dates"])
    assert (report["customers"], report["occasions"]) == (40, 80)
    systems = {one["system"]: one for one in report["systems"]}
    assert systems["recommender"]["recall"] > systems["popularity"]["recall"]
    assert sum(one["named"] for one in report["scenarios"]) > 0
    assert told == [(service.READ, 0, 2), (service.LOOK_BACK, 0, 2), (service.LOOK_BACK, 1, 2)]
    card = backtest_of(filled, backtest_id)
    assert (card.status, card.report, card.error) == (RunStatus.DONE, report, None)
    assert backtest_id in [one.backtest_id for one in list_backtests(filled)]
    assert execute_backtest(filled, backtest_id) == report


def test_the_last_basket_of_each_customer_is_foretold(filled: TenantStore) -> None:
    report = report_of(filled, protocol=LAST_BASKET, k=3)
    assert (report["customers"], report["occasions"]) == (40, 40)
    assert [one["system"] for one in report["systems"]] == [
        "recommender", "popularity", "p_top_freq", "gp_top_freq", "last_basket",
    ]  # fmt: skip
    assert report["scenarios"] == []


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("protocol", [ROLLING, LAST_BASKET])
def test_the_report_reads_as_text(filled: TenantStore, protocol: str, language: str) -> None:
    report = report_of(filled, protocol=protocol, k=3)
    lines = report_lines(report, language)
    assert lines[:2] == verdict_sentences(report, language)
    assert len(lines) == 3 + 1 + len(report["systems"]) + len(report["scenarios"])
    assert not any("%(" in line for line in lines)


def test_tenants_never_see_each_other(store: Store, filled: TenantStore) -> None:
    before = report_of(filled)
    other = new_tenant(store)
    fill(other, seed=2, customers=60)
    assert report_of(other)["customers"] == 60
    assert report_of(filled) == before
    backtest_id = create_backtest(filled, SYSTEM)
    for read in (backtest_of, execute_backtest):
        with pytest.raises(NotFound):
            read(other, backtest_id)
    assert backtest_id not in [one.backtest_id for one in list_backtests(other)]


def test_same_data_same_report_on_every_store(every_store: dict[str, Store]) -> None:
    reports = []
    for one in every_store.values():
        tenant = new_tenant(one, "twin")
        fill(tenant, seed=3)
        reports.append([report_of(tenant, protocol=protocol) for protocol in service.PROTOCOLS])
    assert reports[0] == reports[1] == reports[2]


def test_an_empty_tenant_is_told_that_there_are_no_sales(tenant: TenantStore) -> None:
    for protocol in service.PROTOCOLS:
        report = report_of(tenant, protocol=protocol)
        assert report["verdict"] == "not_enough_data"
        assert report_lines(report, "en")[0] == (
            "Not enough data: there are no sales of known customers."
        )


def test_a_failed_one_keeps_a_sentence_and_can_be_started_again(
    filled: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("C001 <anne@cave.example.fr>")

    backtest_id = create_backtest(filled, SYSTEM)
    with monkeypatch.context() as patched:
        patched.setattr(service, "conclude", fail)
        with pytest.raises(RuntimeError):
            execute_backtest(filled, backtest_id)
    card = backtest_of(filled, backtest_id)
    assert card.status is RunStatus.FAILED
    assert "unexpected error" in card.error_sentence("en")
    assert "erreur inattendue" in card.error_sentence("fr")
    assert "anne" not in str(card.error)
    assert execute_backtest(filled, backtest_id)["customers"] == 40
    assert backtest_of(filled, backtest_id).error is None
    assert list((filled.folder / "work").glob("*")) == []


def test_two_of_a_tenant_are_not_worked_out_at_once(filled: TenantStore) -> None:
    backtest_id = create_backtest(filled, SYSTEM)
    assert not is_under_way(filled)
    with exclusive(filled, "backtest", "busy"):
        assert is_under_way(filled)
        with pytest.raises(Busy):
            execute_backtest(filled, backtest_id)
    assert not is_under_way(filled)
    assert backtest_of(filled, backtest_id).status is RunStatus.QUEUED


def test_an_error_kept_by_an_earlier_version_is_still_said(tenant: TenantStore) -> None:
    backtest_id = create_backtest(tenant, SYSTEM)
    with tenant.begin() as tx:
        settle_backtest(tx, backtest_id, RunStatus.FAILED, error="It stopped at 100 %.")
    assert backtest_of(tenant, backtest_id).error_sentence("en") == "It stopped at 100 %."


def test_whoever_looks_does_not_keep_a_backtest_from_starting(filled: TenantStore) -> None:
    backtest_id = create_backtest(filled, SYSTEM)
    look = exclusive(filled, "backtest", "busy")
    look.__enter__()
    Timer(0.1, look.__exit__, (None, None, None)).start()
    assert execute_backtest(filled, backtest_id)["customers"] == 40


@pytest.mark.parametrize("backtest_id", [NOWHERE, "not-an-id", "", NOWHERE.replace("-", "")])
def test_an_unknown_one_is_not_found(tenant: TenantStore, backtest_id: str) -> None:
    with pytest.raises(NotFound):
        backtest_of(tenant, backtest_id)
