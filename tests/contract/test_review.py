"""Decisions on the lists of a run: what they make of it, what stays, and what is left of a kill."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.contracts import RunVersion
from core.errors import NotAllowed, NotFound, Refused
from core.i18n import translate
from core.policy import parse_policy
from core.services import export_run, review, review_work
from core.services.accounts import SYSTEM, Actor, Role
from core.services.campaign_reports import audience_of, status_of
from core.services.export_run import CSV_NAMES, export_file, write_exports
from core.services.policies import save_policy
from core.services.prepare_campaign import ask_campaign, prepare_asked
from core.services.review import Subject, decide_on, decisions_on, number_meant, withdraw
from core.services.review_desk import decision_page, decisions_about, listed_products
from core.services.review_lists import CHOSEN
from core.services.review_offers import offers_for
from core.services.review_work import apply_decisions
from core.services.run_audience import audience_of_run
from core.services.run_reports import customer_of_run, lowest_scores, qc_of, summary_of
from core.store.identity import new_id
from core.store.reviews import Decision, is_meant
from core.store.run_outputs import RunAt
from core.store.run_reads import VerdictFilter
from core.store.tenant import TenantStore, Transaction
from tests.contract.conftest import NOW, MakeStore, new_tenant
from tests.golden.small_tenant import run_small_tenant, store_row, store_small_tenant

WHY = "Sold to the restaurant"


@pytest.fixture
def run_id(tenant: TenantStore) -> str:
    store_small_tenant(tenant)
    return run_small_tenant(tenant)


def listed(tenant: TenantStore, run_id: str, customer: str) -> list[str]:
    return [item.product_key for item in customer_of_run(tenant, run_id, customer).items]


def exported(tenant: TenantStore, run_id: str, version: RunVersion) -> dict[str, bytes]:
    return {
        name: b"".join(export_file(tenant, run_id, name, version))
        for name in (*CSV_NAMES, "run_summary.json")
    }


def rows_of(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode())))


def decide(
    tenant: TenantStore,
    run_id: str,
    kind: str,
    subject: Subject,
    replacement: str | None = None,
) -> int:
    number = decide_on(tenant, SYSTEM, run_id, kind, subject, note=WHY, replacement=replacement)
    apply_decisions(tenant, run_id)
    return number


def test_a_rejected_item_leaves_and_the_next_candidate_takes_a_place(
    tenant: TenantStore, run_id: str
) -> None:
    before = exported(tenant, run_id, RunVersion.REVIEWED)
    own = listed(tenant, run_id, "A1")
    decide(tenant, run_id, "reject", Subject(customer="A1", product_key="ROS"))
    detail = customer_of_run(tenant, run_id, "A1")
    now = [item.product_key for item in detail.items]
    assert now[:4] == [key for key in own if key != "ROS"]
    assert now[4] not in own
    assert [item.rank for item in detail.items] == [1, 2, 3, 4, 5]
    assert all(item.explain_short and item.reasons for item in detail.items)
    assert detail.items[4].score > 0
    assert exported(tenant, run_id, RunVersion.ORIGINAL) == before
    summary = summary_of(tenant, run_id)
    assert (summary["revision"], summary["review"]) == ("reviewed", 1)
    assert (
        summary["recommendations"]
        == summary_of(tenant, run_id, RunVersion.ORIGINAL)["recommendations"]
    )
    after = exported(tenant, run_id, RunVersion.REVIEWED)
    others = [
        [row for row in rows_of(files, "reco_output.csv") if row["customer_code"] != "A1"]
        for files in (before, after)
    ]
    assert others[0] == others[1]


def test_a_product_is_rejected_everywhere_and_the_decision_taken_back(
    tenant: TenantStore, run_id: str
) -> None:
    before = exported(tenant, run_id, RunVersion.REVIEWED)
    holders = {
        row["customer_code"]
        for row in rows_of(before, "reco_output.csv")
        if row["product_key"] == "ROS"
    }
    everywhere = Subject(product_key="ROS")
    assert number_meant(tenant, run_id, everywhere) == len(holders) == 11
    assert lowest_scores(tenant, run_id, product="ROS").total == 11
    number = decide(tenant, run_id, "reject", everywhere)
    rows = rows_of(exported(tenant, run_id, RunVersion.REVIEWED), "reco_output.csv")
    assert "ROS" not in {row["product_key"] for row in rows}
    assert lowest_scores(tenant, run_id, product="ROS").total == 0
    assert "ROS" not in {product.product_key for product in listed_products(tenant, run_id)}
    withdraw(tenant, SYSTEM, run_id, number)
    apply_decisions(tenant, run_id)
    again = exported(tenant, run_id, RunVersion.REVIEWED)
    for name in CSV_NAMES:
        assert again[name] == before[name]
    assert json.loads(again["run_summary.json"])["review"] == 2
    (decision,) = decisions_on(tenant, run_id)
    assert (decision.note, decision.applied_review, decision.withdrawn_review) == (WHY, 1, 2)
    with pytest.raises(NotFound):
        withdraw(tenant, SYSTEM, run_id, number)


def test_what_is_rejected_everywhere_fills_no_place(tenant: TenantStore, run_id: str) -> None:
    gone = {"ROS", "CRE", "PN"}
    for key in sorted(gone):
        decide_on(tenant, SYSTEM, run_id, "reject", Subject(product_key=key), note=WHY)
    apply_decisions(tenant, run_id)
    rows = rows_of(exported(tenant, run_id, RunVersion.REVIEWED), "reco_output.csv")
    assert not gone & {row["product_key"] for row in rows}


def test_a_replacement_takes_the_place_and_a_second_one_takes_its(
    tenant: TenantStore, run_id: str
) -> None:
    decide(tenant, run_id, "replace", Subject(customer="A1", product_key="ROS"), "PNR")
    assert listed(tenant, run_id, "A1") == ["RIE23", "PNR", "RIEGC", "PN", "CREM"]
    decide(tenant, run_id, "replace", Subject(customer="A1", product_key="PNR"), "RIE22")
    assert listed(tenant, run_id, "A1") == ["RIE23", "RIE22", "RIEGC", "PN", "CREM"]
    detail = customer_of_run(tenant, run_id, "A1")
    chosen = detail.items[1]
    assert (chosen.score, chosen.reasons["ground"]) == (0, "chosen")
    assert chosen.explain_short == translate(tenant.tenant.language, CHOSEN)
    # Another vintage of the first item: the audit judges what a person chose as anything else.
    issues = {(issue.rule_code, issue.product_key) for issue in detail.issues}
    assert ("RECENT_DUPLICATE", "RIE22") in issues
    assert not detail.verdict.eligible


def test_of_two_replacements_that_wait_the_last_one_counts(
    tenant: TenantStore, run_id: str
) -> None:
    own = listed(tenant, run_id, "A1")
    for key in ("PNR", "RIE22"):
        subject = Subject(customer="A1", product_key="ROS")
        decide_on(tenant, SYSTEM, run_id, "replace", subject, note=WHY, replacement=key)
    apply_decisions(tenant, run_id)
    assert listed(tenant, run_id, "A1") == ["RIE22" if key == "ROS" else key for key in own]


def test_a_rejection_after_a_replacement_that_waits_counts(
    tenant: TenantStore, run_id: str
) -> None:
    own, subject = listed(tenant, run_id, "A1"), Subject(customer="A1", product_key="ROS")
    decide_on(tenant, SYSTEM, run_id, "replace", subject, note=WHY, replacement="RIE22")
    decide(tenant, run_id, "reject", subject)
    assert listed(tenant, run_id, "A1") == [*(key for key in own if key != "ROS"), "PNR"]


def test_a_product_that_came_after_the_run_can_be_chosen(tenant: TenantStore, run_id: str) -> None:
    own = listed(tenant, run_id, "A1")
    with tenant.begin() as tx:
        store_row(tx, "product", 2, {"product_key": "NEW", "name": "Sylvaner", "family": "Blanc"})
        tx.execute("UPDATE tenant_head SET seq = 2 WHERE tenant_id = :tenant")
    assert [o.product_key for o in offers_for(tenant, run_id, "A1", "ROS", "sylvaner")] == ["NEW"]
    decide(tenant, run_id, "replace", Subject(customer="A1", product_key="ROS"), "NEW")
    assert listed(tenant, run_id, "A1") == ["NEW" if key == "ROS" else key for key in own]


def test_who_is_rejected_stays_eligible_and_is_not_written_to(
    tenant: TenantStore, run_id: str
) -> None:
    before = audience_of_run(tenant, run_id)
    decide(tenant, run_id, "reject", Subject(customer="B3"))
    verdict = customer_of_run(tenant, run_id, "B3").verdict
    assert (verdict.eligible, verdict.gate_export) == (True, False)
    assert summary_of(tenant, run_id)["rejected"] == 1
    assert audience_of_run(tenant, run_id).recipients == before.recipients - 1
    decide(tenant, run_id, "approve", Subject(customer="B3"))
    assert customer_of_run(tenant, run_id, "B3").verdict.gate_export
    assert audience_of_run(tenant, run_id).recipients == before.recipients


def test_a_campaign_is_prepared_from_the_review_it_was_asked_for(
    tenant: TenantStore, run_id: str
) -> None:
    before = audience_of_run(tenant, run_id)
    campaign_id = ask_campaign(tenant, SYSTEM, run_id, "discovery")
    decide(tenant, run_id, "reject", Subject(customer="B3"))
    prepare_asked(tenant, campaign_id)
    assert audience_of(tenant, campaign_id) == before
    assert status_of(tenant, campaign_id).review_no == 0


def test_a_filter_means_whom_it_showed(tenant: TenantStore, run_id: str) -> None:
    blocked = Subject(customers_like=VerdictFilter(reason="OPTOUT_OR_BOUNCE"))
    eligible = Subject(customers_like=VerdictFilter(reason="OK"), product_key="CRE")
    assert number_meant(tenant, run_id, blocked) == 2
    meant = number_meant(tenant, run_id, eligible)
    decide(tenant, run_id, "reject", eligible)
    rows = rows_of(exported(tenant, run_id, RunVersion.REVIEWED), "reco_output.csv")
    holders = {row["customer_code"] for row in rows if row["product_key"] == "CRE"}
    assert meant == 5
    assert holders == {"C4", "F6", "é5", "C-4"}


def test_the_desk_names_products_and_finds_the_decisions_about_one_customer(
    tenant: TenantStore, run_id: str
) -> None:
    blocked = Subject(customers_like=VerdictFilter(reason="OPTOUT_OR_BOUNCE"))
    decide_on(tenant, SYSTEM, run_id, "reject", blocked, note=WHY)
    own = Subject(customer="A1", product_key="ROS")
    decide_on(tenant, SYSTEM, run_id, "replace", own, note=WHY, replacement="RIE22")
    holding = Subject(product_key="ROS", customers_like=VerdictFilter(product="CRE", reason="OK"))
    decide_on(tenant, SYSTEM, run_id, "reject", holding, note=WHY)
    listed = {product.name: product.customers for product in listed_products(tenant, run_id)}
    assert listed["Gewurztraminer"] == 2
    page = decision_page(tenant, run_id, limit=2)
    assert (page.total, page.waiting) == (3, 3)
    assert [card.decision.customers for card in page.cards] == [5, 1]
    assert page.cards[1].replacement_name == "Riesling 2022"
    (last,) = decision_page(tenant, run_id, limit=2, offset=2).cards
    assert (last.decision.customers, last.product_name) == (2, None)
    about = {who: decisions_about(tenant, run_id, who) for who in ("A1", "C4", "G7", "B3")}
    assert {who: [card.decision.number for card in cards] for who, cards in about.items()} == {
        "A1": [2],
        "C4": [1],
        "G7": [3],
        "B3": [],
    }
    withdraw(tenant, SYSTEM, run_id, 2)
    assert decision_page(tenant, run_id, limit=0).waiting == 2
    assert decisions_about(tenant, run_id, "A1") == ()


@pytest.mark.parametrize(
    "like",
    [
        VerdictFilter(score_from=0, score_to=100),
        VerdictFilter(rule="LOW_DIVERSITY", reason="OK", product="ROS"),
    ],
)
def test_whether_one_customer_is_meant_is_looked_up_by_her(
    make_store: MakeStore, like: VerdictFilter
) -> None:
    """SQLite tells how it searches: an index of the condition leads through half a run."""
    tenant, asked = new_tenant(make_store("sqlite")), []

    class Listening(Transaction):
        def rows(self, sql: str, /, **values: object) -> list[dict[str, Any]]:
            asked.append((sql, values))
            return super().rows(sql, **values)

    moment = {"decided_at": NOW, "decided_by": "dora", "note": WHY}
    decision = Decision(number=1, kind="reject", seen_review=0, customers_like=like, **moment)
    with tenant.read() as tx:
        run = RunAt(run_id=new_id(), review=0)
        is_meant(Listening(tx.connection, tx.tenant_id), run, decision, "A1")
        ((sql, values),) = asked
        plans = [str(step["detail"]) for step in tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)]
    searches = [plan for plan in plans if " USING INDEX " in plan]
    assert searches
    assert [plan for plan in searches if "customer=?" not in plan] == []


def test_figures_are_those_of_the_reviewed_lists(tenant: TenantStore, run_id: str) -> None:
    decide(tenant, run_id, "replace", Subject(customer="A1", product_key="ROS"), "RIE22")
    original = qc_of(tenant, run_id, version=RunVersion.ORIGINAL)
    reviewed = qc_of(tenant, run_id)
    assert reviewed.eligible == original.eligible - 1
    assert {row.rule_code for row in reviewed.issues} - {
        row.rule_code for row in original.issues
    } == {"RECENT_DUPLICATE"}
    lowest = lowest_scores(tenant, run_id, rule="RECENT_DUPLICATE")
    assert [verdict.customer for verdict in lowest.verdicts] == ["A1"]
    assert (
        lowest_scores(tenant, run_id, rule="RECENT_DUPLICATE", version=RunVersion.ORIGINAL).total
        == 0
    )


@pytest.mark.parametrize(
    ("kind", "subject", "replacement", "note", "error"),
    [
        ("reject", Subject(customer="A1", product_key="ROS"), None, " ", Refused),
        ("reject", Subject(customer="A1", product_key="ROS"), None, "x" * 501, Refused),
        ("reject", Subject(customer="nobody"), None, WHY, NotFound),
        ("reject", Subject(customer="A1", product_key="GEW"), None, WHY, Refused),
        ("reject", Subject(product_key="PORT"), None, WHY, Refused),
        ("replace", Subject(customer="A1"), "PNR", WHY, Refused),
        ("replace", Subject(customer="A1", product_key="ROS"), "NONE", WHY, NotFound),
        ("replace", Subject(customer="A1", product_key="ROS"), "ROS", WHY, Refused),
        ("replace", Subject(customer="A1", product_key="ROS"), "PN", WHY, Refused),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    tenant: TenantStore,
    run_id: str,
    kind: str,
    subject: Subject,
    replacement: str | None,
    note: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        decide_on(tenant, SYSTEM, run_id, kind, subject, note=note, replacement=replacement)
    assert decisions_on(tenant, run_id) == ()


def test_who_may_only_read_decides_nothing(tenant: TenantStore, run_id: str) -> None:
    viewer = Actor(user_id="v", username="v", role=Role.VIEWER, language="en")
    with pytest.raises(NotAllowed):
        decide_on(tenant, viewer, run_id, "approve", Subject(customer="A1"), note="")
    with pytest.raises(NotAllowed):
        withdraw(tenant, viewer, run_id, 1)


def test_offers_say_what_they_would_break(tenant: TenantStore, run_id: str) -> None:
    offered = {offer.product_key: offer for offer in offers_for(tenant, run_id, "A1", "ROS")}
    assert offered
    assert not set(offered) & set(listed(tenant, run_id, "A1"))
    assert all(offer.is_candidate and not offer.rules for offer in offered.values())
    (older,) = offers_for(tenant, run_id, "A1", "ROS", "RIESLING 2022")
    assert (older.product_key, older.rules) == ("RIE22", ("RECENT_DUPLICATE",))
    # In the place of its own successor it would be twice in nothing.
    (alone,) = offers_for(tenant, run_id, "A1", "RIE23", "riesling 2022")
    assert alone.rules == ()
    assert [o.name for o in offers_for(tenant, run_id, "A1", "ROS", "gewürz")] == ["Gewurztraminer"]
    assert offers_for(tenant, run_id, "A1", "ROS", "no such wine") == ()
    with pytest.raises(NotFound):
        offers_for(tenant, run_id, "nobody", "ROS")


def test_offers_are_judged_by_the_rules_that_are_switched_on(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    on = {"OUT_OF_STOCK": "WARN", "NOT_IN_CATALOGUE": "ERROR", "NO_CONSENT": "ERROR"}
    save_policy(tenant, SYSTEM, {f"audit.extra.severities.{rule}": on[rule] for rule in on})
    run_id = run_small_tenant(tenant)
    policy = parse_policy(summary_of(tenant, run_id)["policy"])
    offered = offers_for(tenant, run_id, "A1", "ROS")
    assert {offer.worst(policy) for offer in offered} == {None}
    with tenant.begin() as tx:
        sold_out = "UPDATE product SET stock_quantity = 0 WHERE tenant_id = :tenant"
        tx.execute(f"{sold_out} AND product_key = :key", key=offered[0].product_key)
    for search, key, rules, worst in (
        ("", offered[0].product_key, ("OUT_OF_STOCK",), "WARN"),
        ("riesling 2022", "RIE22", ("RECENT_DUPLICATE", "OUT_OF_STOCK"), "ERROR"),
        ("frais de port", "PORT", ("NOT_IN_CATALOGUE",), "ERROR"),
    ):
        offer = offers_for(tenant, run_id, "A1", "ROS", search)[0]
        assert (offer.product_key, offer.rules, offer.worst(policy)) == (key, rules, worst)


def test_to_count_whom_a_decision_means_keeps_no_writer_waiting(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = review.count_customers

    def counting(*arguments: Any) -> int:
        with tenant.begin() as tx:
            tx.execute("UPDATE run SET error = NULL WHERE tenant_id = :tenant")
        return whole(*arguments)

    monkeypatch.setattr(review, "count_customers", counting)
    decide_on(tenant, SYSTEM, run_id, "reject", Subject(product_key="ROS"), note=WHY)
    assert [decision.customers for decision in decisions_on(tenant, run_id)] == [11]


@pytest.mark.parametrize("broken", ["store_review", "fetch_run", "publish_review"])
def test_what_stops_in_the_middle_leaves_the_lists_and_is_done_once_later(
    tenant: TenantStore, run_id: str, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = exported(tenant, run_id, RunVersion.REVIEWED)
    decide_on(tenant, SYSTEM, run_id, "reject", Subject(product_key="ROS"), note=WHY)
    with monkeypatch.context() as patched:
        patched.setattr(f"core.services.review_work.{broken}", _after(broken))
        with pytest.raises(KeyboardInterrupt):
            apply_decisions(tenant, run_id)
    assert exported(tenant, run_id, RunVersion.REVIEWED) == before
    apply_decisions(tenant, run_id)
    once = exported(tenant, run_id, RunVersion.REVIEWED)
    apply_decisions(tenant, run_id)
    assert exported(tenant, run_id, RunVersion.REVIEWED) == once
    assert json.loads(once["run_summary.json"])["review"] == 1
    rows = rows_of(once, "reco_output.csv")
    assert "ROS" not in {row["product_key"] for row in rows}
    assert len({(row["customer_code"], row["rank"]) for row in rows}) == len(rows) == 59
    assert exported(tenant, run_id, RunVersion.ORIGINAL) == before


def test_what_is_decided_meanwhile_is_applied_too(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Subject(customer="B3", product_key="PG")
    whole = review_work.store_review

    def deciding(*arguments: Any) -> None:
        whole(*arguments)
        if len(decisions_on(tenant, run_id)) == 1:
            decide_on(tenant, SYSTEM, run_id, "reject", late, note=WHY)

    monkeypatch.setattr(review_work, "store_review", deciding)
    decide(tenant, run_id, "reject", Subject(customer="A1", product_key="ROS"))
    assert [decision.applied_review for decision in decisions_on(tenant, run_id)] == [2, 1]
    assert "PG" not in listed(tenant, run_id, "B3")


@pytest.mark.parametrize("kind", ["reject", "replace"])
def test_what_is_rejected_everywhere_leaves_the_lists_that_it_comes_into_meanwhile(
    tenant: TenantStore, run_id: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, whole = "GEW" if kind == "replace" else None, review_work.store_review

    def deciding(*arguments: Any) -> None:
        whole(*arguments)
        if len(decisions_on(tenant, run_id)) == 1:
            everywhere = Subject(product_key="PNR")
            decide_on(tenant, SYSTEM, run_id, kind, everywhere, note=WHY, replacement=new)

    monkeypatch.setattr(review_work, "store_review", deciding)
    decide(tenant, run_id, "reject", Subject(customer="A1", product_key="ROS"))
    rows = rows_of(exported(tenant, run_id, RunVersion.REVIEWED), "reco_output.csv")
    assert "PNR" not in {row["product_key"] for row in rows}
    assert ("GEW" in listed(tenant, run_id, "A1")) is (kind == "replace")
    about = decisions_about(tenant, run_id, "A1")
    assert [card.decision.number for card in about] == [2, 1]
    # Made again for another reason, the list is the same.
    withdraw(tenant, SYSTEM, run_id, 1)
    apply_decisions(tenant, run_id)
    assert "PNR" not in listed(tenant, run_id, "A1")


def test_a_second_worker_leaves_the_run_to_the_first_which_looks_again(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = review_work.load_decisions

    def deciding(*arguments: Any) -> list[Decision]:
        found = whole(*arguments)
        if [decision.waits for decision in found] == [False]:
            late = Subject(customer="B3", product_key="PG")
            decide_on(tenant, SYSTEM, run_id, "reject", late, note=WHY)
            assert apply_decisions(tenant, run_id)["review"] == 1
        return found

    monkeypatch.setattr(review_work, "load_decisions", deciding)
    decide(tenant, run_id, "reject", Subject(customer="A1", product_key="ROS"))
    assert [decision.applied_review for decision in decisions_on(tenant, run_id)] == [2, 1]


def test_two_runs_are_reviewed_side_by_side(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, whole = run_small_tenant(tenant), review_work.store_review

    def deciding(*arguments: Any) -> None:
        if arguments[-1].run_id == run_id:
            decide(tenant, other, "reject", Subject(customer="B3"))
        whole(*arguments)

    monkeypatch.setattr(review_work, "store_review", deciding)
    decide(tenant, run_id, "reject", Subject(customer="A1"))
    for run, who in ((run_id, "A1"), (other, "B3")):
        assert summary_of(tenant, run)["review"] == 1
        gates = {c: customer_of_run(tenant, run, c).verdict.gate_export for c in ("A1", "B3")}
        assert gates == {c: c != who for c in ("A1", "B3")}


def test_a_folder_of_files_is_of_one_review(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names, whole = ("next_action_output.csv", "run_summary.json"), export_run.export_file

    def reviewing(*arguments: Any) -> Iterator[bytes]:
        if arguments[2] == names[1] and not decisions_on(tenant, run_id):
            decide(tenant, run_id, "reject", Subject(customer="B3"))
        return whole(*arguments)

    monkeypatch.setattr(export_run, "export_file", reviewing)
    files = {
        path.name: path.read_bytes()
        for path in write_exports(tenant, SYSTEM, run_id, tmp_path, names)
    }
    assert json.loads(files[names[1]])["review"] == 1
    gates = {row["customer_code"]: row["gate_export"] for row in rows_of(files, names[0])}
    assert gates["B3"] == "false"


def test_what_is_withdrawn_while_it_is_applied_is_taken_out_again(
    tenant: TenantStore, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = exported(tenant, run_id, RunVersion.REVIEWED)
    whole = review_work.store_review

    def withdrawing(*arguments: Any) -> None:
        whole(*arguments)
        if decisions_on(tenant, run_id)[0].withdrawn_at is None:
            withdraw(tenant, SYSTEM, run_id, 1)

    monkeypatch.setattr(review_work, "store_review", withdrawing)
    decide(tenant, run_id, "reject", Subject(customer="B3"))
    (decision,) = decisions_on(tenant, run_id)
    assert (decision.applied_review, decision.withdrawn_review) == (1, 2)
    after = exported(tenant, run_id, RunVersion.REVIEWED)
    assert [after[name] for name in CSV_NAMES] == [before[name] for name in CSV_NAMES]


def _after(name: str) -> Callable[..., None]:
    """Return a function that does what `name` does, and then stops as a kill would."""
    whole = getattr(review_work, name)

    def stopping(*arguments: Any, **named: Any) -> None:
        if name != "publish_review":
            whole(*arguments, **named)
        raise KeyboardInterrupt

    return stopping


def test_a_remark_rule_repairs_nothing_and_the_review_keeps_the_repairs_of_the_run(
    tenant: TenantStore,
) -> None:
    store_small_tenant(tenant)
    save_policy(tenant, SYSTEM, {"audit.severities.MISSING_EMAIL": "INFO"})
    run_id = run_small_tenant(tenant)
    before = customer_of_run(tenant, run_id, "C-4").issues
    decide(tenant, run_id, "reject", Subject(customer="C-4", product_key="ROS"))
    assert customer_of_run(tenant, run_id, "C-4").issues == before
