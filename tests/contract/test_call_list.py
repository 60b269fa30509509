"""Who may be telephoned instead of being written to: each condition at its boundary."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from python_calamine import load_workbook

from core.contracts import CALL_LIST, RunVersion
from core.policy import Policy
from core.services.accounts import SYSTEM
from core.services.call_list import call_rows, number_of_calls
from core.services.csv_cells import unescape
from core.services.export_run import export_card, export_file
from core.services.review import Subject, decide_on, withdraw
from core.services.review_work import apply_decisions
from core.store.identity import new_id
from core.store.run_outputs import RunAt
from core.store.runs import Run, RunStatus, finish_run, insert_run
from core.store.tenant import Store, TenantStore, Transaction
from tests.contract.conftest import NOW, new_tenant
from tests.golden.small_tenant import run_small_tenant, store_row, store_small_tenant

AS_OF = date(2026, 3, 1)
BLANK = ("ERROR", "MISSING_EMAIL", {"address": "blank"})
DISCOVERY = ("WARN", "CROSS_SELL_NOT_NEW", {})
TASTE = ("WARN", "SUGAR_MISMATCH", {})
MIXED = ("WARN", "LOW_DIVERSITY", {})

Case = Mapping[str, Any]


def suppressed(*causes: str, severity: str = "ERROR") -> tuple[str, str, dict[str, object]]:
    return (severity, "OPTOUT_OR_BOUNCE", {"causes": sorted(causes)})


def contact(status: str, days_ago: int = 400, channel: str | None = None) -> dict[str, object]:
    day = AS_OF - timedelta(days=days_ago)
    return {"status": status, "contact_date": day, "channel": channel}


# What differs from a customer who is on the list: an active one without address, who consents.
ON: dict[str, Case] = {
    "blank": {},
    "malformed": {"issues": [("ERROR", "MISSING_EMAIL", {"address": "malformed"})]},
    "opt-out": {"issues": [suppressed("opt_out", "unsubscribe")]},
    "bounces": {"issues": [suppressed("hard_bounce", "soft_bounces")]},
    "both": {"issues": [BLANK, suppressed("hard_bounce")]},
    "two warnings": {"issues": [BLANK, DISCOVERY, TASTE]},
    "opt-out as a warning": {
        "issues": [BLANK, suppressed("opt_out", severity="WARN"), DISCOVERY, TASTE]
    },
    "a repair": {"issues": [BLANK, DISCOVERY, TASTE, ("INFO", "RECENT_DUPLICATE", {})]},
    "six digits": {"phone": "12.34.56"},
    "no revenue": {"state": "lost", "value_cents": 0},
    "more returned": {"value_cents": -5},
    "silent": {"contacts": [contact("sent", 14), contact("delivered", 14, "sms")]},
    "opened": {"contacts": [contact("open", 1)]},
    "unsubscribed": {"contacts": [contact("unsubscribe"), contact("unsubscribe", 1, "E-Mail")]},
    "unsubscribed by link": {"suppressions": [{"reason": "unsubscribe"}]},
    "taken back": {"suppressions": [{"reason": "manual", "lifted_at": NOW}]},
}
OFF: dict[str, Case] = {
    "no consent": {"phone_consent": False},
    "unknown consent": {"phone_consent": None},
    "no number": {"phone": None},
    "empty number": {"phone": "  "},
    "five digits": {"phone": "12 345"},
    "prospect": {"state": "prospect"},
    "empty list": {"products": []},
    "three warnings": {"issues": [BLANK, DISCOVERY, TASTE, MIXED]},
    "other error": {"issues": [BLANK, ("ERROR", "RECENT_DUPLICATE", {})]},
    "silence": {"issues": [BLANK, ("ERROR", "SILENCE_WINDOW", {})]},
    "eligible": {"issues": [DISCOVERY], "reason": "OK"},
    "complaint": {"issues": [suppressed("complaint", "opt_out")]},
    "by hand": {"issues": [suppressed("manual")]},
    "unknown cause": {"issues": [suppressed("suppressed")]},
    "complaint as a remark": {"issues": [BLANK, suppressed("complaint", severity="INFO")]},
    "telephoned": {"contacts": [contact("sent", 13, "telephone")]},
    "telephoned since": {"contacts": [contact("delivered", -3, "telephone")]},
    "refused by telephone": {"contacts": [contact("unsubscribe", 400, "telephone")]},
    "complained since": {"contacts": [contact("complaint", -3)]},
    "complained at the address": {
        "email_norm": "x@cave.example.fr",
        "contacts": [{**contact("complaint"), "customer": None, "email_norm": "x@cave.example.fr"}],
    },
    "suppressed since": {"suppressions": [{"reason": "manual"}]},
    "gone": {"to_seq": 1},
}


def store_run(tenant: TenantStore, cases: Mapping[str, Case]) -> str:
    """Store a finished run of these customers, as if it had been computed."""
    run_id = new_id()
    run = Run(
        run_id=run_id,
        status=RunStatus.RUNNING,
        as_of=AS_OF,
        policy_json=Policy().canonical_json(),
        created_at=NOW,
        created_by="anna",
    )
    summary = json.dumps({"as_of": AS_OF.isoformat(), "policy": Policy().model_dump(mode="json")})
    with tenant.begin() as tx:
        insert_run(tx, run)
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
        for key, name in (("RIE", "Riesling"), ("CRE", "Crémant"), ("PN", None)):
            store_row(tx, "product", 1, {"product_key": key, "name": name, "price_cents": 1250})
        for customer, case in cases.items():
            _store_customer(tx, run_id, customer, case)
    finish_run(tenant, run_id, finished_at=NOW, summary_json=summary, qc_json="{}", basis_json="{}")
    return run_id


def _store_customer(tx: Transaction, run_id: str, customer: str, case: Case) -> None:
    person = {"name": "Anne", "phone": "06 12 34 56 78", "phone_consent": True, "email_norm": None}
    person = {name: case.get(name, value) for name, value in person.items()}
    gone = {"to_seq": case["to_seq"]} if "to_seq" in case else {}
    store_row(tx, "customer", 1, {"customer": customer, **person, **gone})
    issues = case.get("issues", [BLANK])
    verdict = {
        "eligible": False,
        "gate_export": False,
        "reason": case.get("reason", issues[0][1]),
        "scenario": "rebuy",
        "audit_score": 60,
        "state": case.get("state", "active"),
        "segment": "loyal",
        "value_cents": case.get("value_cents", 10_000),
    }
    _insert(tx, "next_action_output", run_id, customer, verdict)
    for number, (severity, rule, details) in enumerate(issues, 1):
        issue = {"issue_no": number, "severity": severity, "rule_code": rule, "product_key": None}
        _insert(
            tx, "audit_output", run_id, customer, {**issue, "details_json": json.dumps(details)}
        )
    for rank, key in enumerate(case.get("products", ["RIE", "PN"]), 1):
        item = {"rank": rank, "scenario": "rebuy", "product_key": key, "score": 0.5}
        words = {"explain_short": f"Because of {key}.", "reasons_json": "{}"}
        _insert(tx, "reco_output", run_id, customer, {**item, **words})
    for number, event in enumerate(case.get("contacts", [])):
        row = {"customer": customer, "email_norm": None, **event}
        store_row(tx, "contact_history", 1, {"event_key": f"{customer} {number}", **row})
    for kept in case.get("suppressions", []):
        row = {"customer": customer, "source": "import", "since": AS_OF, **kept}
        _insert_plain(tx, "suppression", {"suppression_id": customer, **row})


def _insert(tx: Transaction, table: str, run_id: str, customer: str, row: Case) -> None:
    _insert_plain(tx, table, {"run_id": run_id, "customer": customer, **row})


def _insert_plain(tx: Transaction, table: str, row: Case) -> None:
    marks = ", ".join(f":{name}" for name in row)
    tx.execute(
        f"INSERT INTO {table} (tenant_id, {', '.join(row)}) VALUES (:tenant, {marks})", **row
    )


def listed(
    tenant: TenantStore, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> Iterator[dict[str, str]]:
    review = 0 if version is RunVersion.ORIGINAL else 10
    for rows in call_rows(tenant, RunAt(run_id=run_id, review=review)):
        for row in rows:
            yield dict(zip(CALL_LIST, row, strict=True))


def test_each_condition_keeps_or_leaves_out(tenant: TenantStore) -> None:
    run_id = store_run(tenant, {**ON, **OFF})
    assert {row["customer_code"] for row in listed(tenant, run_id)} == set(ON)
    assert number_of_calls(tenant, run_id) == len(ON)


def test_a_row_says_whom_to_call_about_what_and_why(tenant: TenantStore) -> None:
    case = {
        "issues": [BLANK, suppressed("opt_out", "unsubscribe")],
        "products": ["RIE", "CRE", "PN", "RIE"],
        "value_cents": 123_405,
    }
    run_id = store_run(tenant, {"A1": case})
    with tenant.begin() as tx:
        for number, (day, milli) in enumerate([(9, 1000), (5, 2000), (2, -1000), (-1, 1000)]):
            line = {"line_key": str(number), "document_id": str(number), "product_key": "RIE"}
            when = {"sale_date": AS_OF - timedelta(days=day), "customer": "A1"}
            figures = {"quantity_milli": milli, "amount_cents": milli}
            store_row(tx, "sale_line", 1, {**line, **when, **figures})
    (row,) = listed(tenant, run_id)
    assert row == {
        "customer_code": "A1",
        "name": "Anne",
        "phone": "06 12 34 56 78",
        "segment": "Clients fidèles",
        "value": "1234.05",
        "last_purchase": "2026-02-24",
        "product_key": "RIE",
        "product_name": "Riesling",
        "price_ttc": "12.50",
        "explain_short": "Because of RIE.",
        "also_proposed": "Crémant / PN",
        "why_no_email": "Pas d’adresse e-mail. Ne veut pas d’e-mails.",
        "run_id": run_id,
    }


def test_the_files_hold_the_rows_and_no_formula(tenant: TenantStore) -> None:
    case = {"name": '=HYPERLINK("x")', "phone": "+33 6 12 34 56 78"}
    run_id = store_run(tenant, {"A1": case, "B2": {"phone": "+33612345678"}})
    text = b"".join(export_file(tenant, run_id, "call_list.csv")).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == CALL_LIST
    assert [row[1:3] for row in rows] == [
        ['\'=HYPERLINK("x")', "'+33 6 12 34 56 78"],
        ["Anne", "+33612345678"],
    ]
    workbook = load_workbook(io.BytesIO(b"".join(export_file(tenant, run_id, "call_list.xlsx"))))
    cells = workbook.get_sheet_by_index(0).to_python()
    assert cells == [header, *([unescape(cell) for cell in row] for row in rows)]
    assert export_card(tenant, run_id, "call_list.csv").rows == 2


@pytest.mark.postgres
def test_the_dearest_comes_first_then_by_bytes(every_store: dict[str, Store]) -> None:
    values = {"é": 500, "B": 500, "a": 500, "low": -100, "high": 90_000}
    for store in every_store.values():
        tenant = new_tenant(store)
        run_id = store_run(tenant, {code: {"value_cents": cents} for code, cents in values.items()})
        codes = [row["customer_code"] for row in listed(tenant, run_id)]
        assert codes == ["high", "B", "a", "é", "low"]


def test_a_real_run_gives_the_list_and_a_review_takes_from_it(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE customer SET phone = '06 12 34 56 78', phone_consent = TRUE"
            " WHERE tenant_id = :tenant AND customer <> 'F6'"
        )
    run_id = run_small_tenant(tenant)
    before = [row["customer_code"] for row in listed(tenant, run_id)]
    assert before == ["C-4", "C4"]
    number = decide_on(
        tenant, SYSTEM, run_id, "reject", Subject(customer="C4"), note="Calls us herself"
    )
    assert [row["customer_code"] for row in listed(tenant, run_id)] == before
    apply_decisions(tenant, run_id)
    assert [row["customer_code"] for row in listed(tenant, run_id)] == ["C-4"]
    original = listed(tenant, run_id, RunVersion.ORIGINAL)
    assert [row["customer_code"] for row in original] == before
    withdraw(tenant, SYSTEM, run_id, number)
    apply_decisions(tenant, run_id)
    assert number_of_calls(tenant, run_id) == 2
