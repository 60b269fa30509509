"""What pages read of runs agrees with what the runs found."""

import json
from typing import Any

import pytest

from core.contracts import Severity
from core.errors import NotFound
from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.policies import save_policy
from core.services.run_reports import (
    customer_of_run,
    gating_history,
    list_runs,
    lowest_scores,
    number_of_runs,
    qc_of,
    run_of,
    sample_customers,
    summary_of,
)
from core.store.run_outputs import RunAt
from core.store.run_reads import VerdictFilter, page_sql
from core.store.runs import RunStatus, load_qc_json
from core.store.tenant import Store, TenantStore
from tests.contract.conftest import new_tenant
from tests.golden.small_tenant import AS_OF, run_small_tenant, store_small_tenant

CUSTOMERS = 12


@pytest.fixture(scope="module")
def finished(store: Store) -> tuple[TenantStore, str]:
    tenant = new_tenant(store)
    store_small_tenant(tenant)
    return tenant, run_small_tenant(tenant)


def test_quality_figures_add_up(finished: tuple[TenantStore, str]) -> None:
    quality, summary = qc_of(*finished), run_of(*finished).summary
    for counts in (quality.score_bins, quality.segments, quality.states):
        assert sum(part.customers for part in counts) == CUSTOMERS
        assert sum(part.eligible for part in counts) == quality.eligible
    assert sum(part.customers for part in quality.reasons) == CUSTOMERS
    assert sum(part.items for part in quality.scenario_mix) == summary["recommendations"]
    assert {(found.rule_code, found.severity): found.issues for found in quality.issues} == {
        (rule, severity): issues
        for rule, by_severity in summary["rule_counts"].items()
        for severity, issues in by_severity.items()
        if issues
    }


def test_repairs_are_told_from_what_stands(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    run_id = run_small_tenant(tenant)
    assert not any(found.is_repair for found in qc_of(tenant, run_id).issues)
    logged = {"rule_code": "RECENT_DUPLICATE", "severity": "INFO", "issues": 7, "customers": 5}
    with tenant.begin() as tx:
        qc = json.loads(load_qc_json(tx, RunAt(run_id=run_id, review=0)))
        qc["issues"].append(logged)
        tx.execute(
            "UPDATE run SET qc_json = :qc WHERE tenant_id = :tenant AND run_id = :run_id",
            qc=json.dumps(qc),
            run_id=run_id,
        )
    (repair,) = [found for found in qc_of(tenant, run_id).issues if found.is_repair]
    assert (repair.rule_code, repair.severity, repair.issues) == ("RECENT_DUPLICATE", "INFO", 7)


def test_what_a_policy_makes_a_remark_is_no_repair(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE customer SET consent_date = :day"
            " WHERE tenant_id = :tenant AND customer IN ('A1', 'a2')",
            day=AS_OF,
        )
    remarks = {"severities.MISSING_EMAIL": "INFO", "extra.severities.NO_CONSENT": "INFO"}
    save_policy(tenant, SYSTEM, {f"audit.{name}": value for name, value in remarks.items()})
    run_id = run_small_tenant(tenant)
    issues = [i for i in qc_of(tenant, run_id).issues if i.severity == "INFO"]
    assert [(i.rule_code, i.customers, i.is_repair) for i in issues] == [
        ("MISSING_EMAIL", 1, False),
        ("NO_CONSENT", CUSTOMERS - 2, False),
    ]
    counted = summary_of(tenant, run_id)["rule_counts"]
    assert counted["NO_CONSENT"] == {"ERROR": 0, "WARN": 0, "INFO": CUSTOMERS - 2}
    assert "OUT_OF_STOCK" not in counted


def test_lowest_scores_come_first_then_by_bytes(finished: tuple[TenantStore, str]) -> None:
    page = lowest_scores(*finished)
    order = [(verdict.audit_score, verdict.customer.encode()) for verdict in page.verdicts]
    assert order == sorted(order)
    assert page.total == len(order) == CUSTOMERS


def test_pages_of_scores_follow_one_another(finished: tuple[TenantStore, str]) -> None:
    whole = lowest_scores(*finished, limit=100).verdicts
    pages = [lowest_scores(*finished, limit=5, offset=offset) for offset in (0, 5, 10)]
    assert sum((page.verdicts for page in pages), ()) == whole
    assert {page.total for page in pages} == {CUSTOMERS}


def test_filters_keep_what_they_name_and_count_it(finished: tuple[TenantStore, str]) -> None:
    whole = lowest_scores(*finished).verdicts
    lists = {v.customer: customer_of_run(*finished, v.customer).items for v in whole}
    holders = {who for who, items in lists.items() if "CRE" in {i.product_key for i in items}}
    rules = {rule for verdict in whole for rule in verdict.rules}
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({}, {v.customer for v in whole}),
        ({"rule": "UPSELL_NOT_HIGHER"}, set()),
        *(({"rule": rule}, {v.customer for v in whole if rule in v.rules}) for rule in rules),
        *(
            ({"reason": reason}, {v.customer for v in whole if v.reason == reason})
            for reason in ("OK", "MISSING_EMAIL", "SCORE_BELOW_80")
        ),
        *(
            (
                {"score_from": low, "score_to": high},
                {v.customer for v in whole if low <= v.audit_score <= high},
            )
            for low, high in ((60, 69), (60, 90), (65, 100), (100, 100), (50, 59))
        ),
        ({"reason": "OK", "score_from": 60, "score_to": 69}, set()),
        ({"product": "CRE"}, holders),
        (
            {"product": "CRE", "reason": "OK"},
            {v.customer for v in whole if v.reason == "OK"} & holders,
        ),
        ({"product": "CR"}, set()),
        ({"product": "CR", "reason": "OK"}, set()),
    ]
    for wanted, customers in expected:
        kept = lowest_scores(*finished, limit=100, **wanted)
        assert {v.customer for v in kept.verdicts} == customers, wanted
        assert kept.total == len(customers), wanted


def test_a_product_is_found_in_lists_of_earlier_schemas(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    run_id = run_small_tenant(tenant)
    asked: dict[str, Any] = {"product": "CRE", "reason": "OK"}
    holders = lowest_scores(tenant, run_id, **asked)
    with tenant.begin() as tx:
        tx.execute("UPDATE next_action_output SET listed = NULL WHERE tenant_id = :tenant")
    assert holders.total
    assert lowest_scores(tenant, run_id, **asked) == holders


def test_a_page_is_found_in_the_index_alone(finished: tuple[TenantStore, str]) -> None:
    with finished[0].read() as tx:
        if tx.is_sqlite:
            wanted = VerdictFilter(reason="OK", score_from=80)
            sql, values = page_sql(tx, wanted)
            values |= {"run_id": finished[1], "review": 0, "head": 1, "limit": 5, "offset": 5}
            plan = [row["detail"] for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)]
            assert any("COVERING INDEX ix_next_action_output_page" in step for step in plan)
        else:
            found = tx.scalar(
                "SELECT pg_get_indexdef('ix_next_action_output_page'::regclass) WHERE :tenant <> ''"
            )
            assert 'customer COLLATE "C"' in found


def test_a_customer_without_address_blocks_herself_alone(
    finished: tuple[TenantStore, str],
) -> None:
    reasons = {v.customer: v.reason for v in lowest_scores(*finished).verdicts}
    assert [who for who, reason in reasons.items() if reason == "MISSING_EMAIL"] == ["C-4"]
    assert reasons["C4"] == reasons["F6"] == "OPTOUT_OR_BOUNCE"
    assert reasons["é5"] == "SILENCE_WINDOW"
    assert reasons["A1"] == "OK"


def test_a_customer_is_shown_with_what_the_run_rests_on(
    finished: tuple[TenantStore, str],
) -> None:
    detail = customer_of_run(*finished, "=H8")
    assert detail.verdict.name == "Inès Formula"
    assert detail.email == "ines@cave.example.fr"
    assert [item.rank for item in detail.items] == list(range(1, len(detail.items) + 1))
    assert all(item.explain_short and item.reasons for item in detail.items)
    assert [(p.month, p.family, p.quantity_milli, p.amount_cents) for p in detail.purchases] == [
        ("2024-12", "Blanc", 6000, 7800),
        ("2024-12", "Bulles", 1000, 2400),
        ("2025-01", "Blanc", -2000, -2600),
    ]


def test_a_customer_is_shown_with_her_taste(finished: tuple[TenantStore, str]) -> None:
    taste = {(one.trait, one.value): one for one in customer_of_run(*finished, "=H8").taste}
    assert taste["family", "Blanc"].share == pytest.approx(5200 / 7600)
    assert taste["family", "Bulles"].share == pytest.approx(2400 / 7600)
    assert taste["family", "Blanc"].confidence == pytest.approx(1 / 3)


def test_later_purchases_and_contacts_are_not_shown(finished: tuple[TenantStore, str]) -> None:
    months = {part.month for part in customer_of_run(*finished, "B3").purchases}
    assert months == {"2025-01"}
    contacts = customer_of_run(*finished, "é5").contacts
    assert [(c.contact_date.isoformat(), c.status) for c in contacts if c.contact_date] == [
        ("2025-02-22", "delivered")
    ]


def test_issues_are_told_in_words(finished: tuple[TenantStore, str]) -> None:
    issue = next(
        issue
        for issue in customer_of_run(*finished, "C-4", language="en").issues
        if issue.rule_code == "MISSING_EMAIL"
    )
    assert issue.severity == Severity.ERROR
    assert issue.sentence
    assert issue.remedy


def test_an_unknown_customer_is_not_found(finished: tuple[TenantStore, str]) -> None:
    with pytest.raises(NotFound):
        customer_of_run(*finished, "nobody")


@pytest.mark.parametrize(("n", "expected"), [(5, 5), (12, 12), (50, 12), (0, 0)])
def test_a_sample_is_spread_and_repeatable(
    finished: tuple[TenantStore, str], n: int, expected: int
) -> None:
    sample = [verdict.customer for verdict in sample_customers(*finished, n)]
    assert len(set(sample)) == len(sample) == expected
    assert sample == sorted(sample, key=str.encode)
    assert sample == [verdict.customer for verdict in sample_customers(*finished, n)]


def test_warnings_are_told_in_the_readers_language(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    run_id = create_run(tenant, SYSTEM, as_of="2026-02-28")
    execute(tenant, run_id)
    detail = run_of(tenant, run_id, language="en")
    assert [warning["code"] for warning in detail.summary["warnings"]] == ["SALES_ARE_OLD"]
    assert "1 April 2025, is 333 days before" in detail.warnings[0]
    assert "1er avril 2025" in run_of(tenant, run_id, language="fr").warnings[0]


def test_lists_of_runs_show_every_state_newest_first(tenant: TenantStore) -> None:
    done = run_small_tenant(tenant)
    queued = create_run(tenant, SYSTEM, as_of=AS_OF)
    cards = {card.run_id: card for card in list_runs(tenant)}
    assert set(cards) == {done, queued}
    assert cards[queued].status is RunStatus.QUEUED
    assert cards[queued].customers is None
    assert cards[done].customers == 0
    assert number_of_runs(tenant) == 2
    assert len(list_runs(tenant, limit=1, offset=1)) == 1
    assert [point.run_id for point in gating_history(tenant)] == [done]
