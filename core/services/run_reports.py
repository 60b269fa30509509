"""What the Runs, QC and Exports pages show of runs; only finished runs have figures."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from core.audit.rules import RULES, Rule
from core.contracts import RunVersion, Severity
from core.errors import NotFound
from core.formats import format_date, format_number
from core.i18n import N_, SOURCE_LANGUAGE, translate
from core.services.customer_parts import contacts_of, items_of, tastes_of
from core.services.run_records import (
    CustomerDetail,
    GatingPoint,
    GroupCount,
    Issue,
    Item,
    Purchases,
    Quality,
    ReasonCount,
    RuleCount,
    RunCard,
    RunDetail,
    ScenarioCount,
    ScoreBin,
    Verdict,
    VerdictPage,
)
from core.services.run_summary import RUN_WARNINGS
from core.services.verdict_counts import count_customers
from core.store import run_reads
from core.store.run_outputs import RunAt
from core.store.run_reads import Row, VerdictFilter
from core.store.runs import Run, count_runs, find_run, load_qc_json, load_runs
from core.store.tenant import TenantStore, Transaction

_RULES: Mapping[str, Rule] = {rule.code.value: rule for rule in RULES}


def list_runs(
    store: TenantStore, *, limit: int = 50, offset: int = 0, done_only: bool = False
) -> tuple[RunCard, ...]:
    """Return runs, the newest first: in every state, or finished ones only."""
    with store.read() as tx:
        runs = load_runs(tx, limit=limit, offset=offset, done_only=done_only)
    return tuple(card_of(run) for run in runs)


def number_of_runs(store: TenantStore) -> int:
    """Return how many runs there are in every state, for the paging of `list_runs`."""
    with store.read() as tx:
        return count_runs(tx)


def run_of(
    store: TenantStore,
    run_id: str,
    *,
    version: RunVersion = RunVersion.REVIEWED,
    language: str = SOURCE_LANGUAGE,
) -> RunDetail:
    """Return one run in whatever state; raise `NotFound`."""
    with store.read() as tx:
        run = find_run(tx, run_id)
    if run is None:
        raise NotFound(N_("There is no such run."))
    summary = summary_in(run, version)
    warnings = tuple(_warning(found, language) for found in summary.get("warnings", ()))
    return RunDetail(card=card_of(run), summary=summary, warnings=warnings)


def summary_of(
    store: TenantStore, run_id: str, version: RunVersion = RunVersion.REVIEWED
) -> dict[str, Any]:
    """Return the summary of a finished run, as exported; raise `NotFound`."""
    with store.read() as tx:
        return summary_in(finished_run(tx, run_id), version)


def qc_of(
    store: TenantStore,
    run_id: str,
    *,
    version: RunVersion = RunVersion.REVIEWED,
    language: str = SOURCE_LANGUAGE,
) -> Quality:
    """Return the quality figures of a finished run; raise `NotFound`."""
    with store.read() as tx:
        run = finished_run(tx, run_id)
        summary = summary_in(run, version)
        qc = json.loads(load_qc_json(tx, run.at(version)))
    return Quality(
        customers=summary["customers"],
        eligible=summary["eligible"],
        gating_rate=summary["gating_rate"],
        gate_export=summary["gate_export"],
        score_bins=tuple(ScoreBin(**row) for row in qc["score_bins"]),
        issues=tuple(
            RuleCount(**row, **_words(row, language), is_repair=_is_repair(row, summary))
            for row in qc["issues"]
        ),
        reasons=tuple(ReasonCount(**row) for row in qc["reasons"]),
        scenario_mix=tuple(ScenarioCount(**row) for row in qc["scenario_mix"]),
        segments=tuple(GroupCount(**row) for row in qc["segments"]),
        states=tuple(GroupCount(**row) for row in qc["states"]),
    )


def lowest_scores(
    store: TenantStore,
    run_id: str,
    *,
    limit: int = 20,
    offset: int = 0,
    rule: str | None = None,
    reason: str | None = None,
    score_from: int | None = None,
    score_to: int | None = None,
    product: str | None = None,
    version: RunVersion = RunVersion.REVIEWED,
    total: int | None = None,
) -> VerdictPage:
    """Return a page of customers, the lowest audit score first; bounds are inclusive.

    `rule` keeps those with an issue of that rule, `reason` those of that verdict, `product` those
    whose list holds it; `total` is given where it is known from another page. Raises `NotFound`
    unless the run is finished.
    """
    wanted = VerdictFilter(
        rule=rule, reason=reason, score_from=score_from, score_to=score_to, product=product
    )
    with store.read() as tx:
        run = finished_run(tx, run_id)
        if total is None:
            total = count_customers(tx, run, wanted, version)
        lists = run.at(version)
        rows = run_reads.load_lowest_scores(tx, lists, wanted, limit=limit, offset=offset)
        return VerdictPage(verdicts=_verdicts(tx, lists, rows), total=total)


def sample_customers(store: TenantStore, run_id: str, n: int = 20) -> tuple[Verdict, ...]:
    """Return `n` customers spread evenly over the run as reviewed, the same ones each time."""
    with store.read() as tx:
        run = finished_run(tx, run_id).at(RunVersion.REVIEWED)
        return _verdicts(tx, run, run_reads.load_sample(tx, run, n))


def customer_of_run(
    store: TenantStore,
    run_id: str,
    customer: str,
    *,
    version: RunVersion = RunVersion.REVIEWED,
    language: str = SOURCE_LANGUAGE,
) -> CustomerDetail:
    """Return what the run says of one customer, sentences in `language`; raise `NotFound`.

    Purchases and contacts are those up to the as-of date in the tenant's present data.
    """
    with store.read() as tx:
        run = finished_run(tx, run_id)
        lists = run.at(version)
        found = run_reads.find_verdict(tx, lists, customer)
        if found is None:
            raise NotFound(N_("This customer is not in the run."))
        items = items_of(tx, lists, customer)
        return CustomerDetail(
            verdict=_verdicts(tx, lists, [found])[0],
            email=found["email"],
            language=found["language"],
            customer_type=found["customer_type"],
            items=items,
            issues=tuple(
                _issue(row, language) for row in run_reads.load_issues(tx, lists, customer)
            ),
            purchases=tuple(
                Purchases(**row) for row in run_reads.load_purchases(tx, customer, run.as_of)
            ),
            contacts=contacts_of(tx, customer, found["email_norm"], run.as_of),
            taste=tastes_of(tx, customer, run.as_of),
            product_names=run_reads.load_product_names(tx, _named(items)),
        )


def gating_history(
    store: TenantStore, *, limit: int = 100, up_to: str | None = None
) -> tuple[GatingPoint, ...]:
    """Return the gating rates of the last finished runs, the oldest first.

    `up_to` is the last of them; raises `NotFound` unless it is finished.
    """
    with store.read() as tx:
        last = None if up_to is None else finished_run(tx, up_to)
        runs = load_runs(tx, limit=limit, done_only=True, up_to=last)
    return tuple(_gating_point(run) for run in reversed(runs))


def finished_run(tx: Transaction, run_id: str) -> Run:
    """Return a finished run; raise `NotFound`."""
    run = find_run(tx, run_id)
    if run is None or run.summary_json is None:
        raise NotFound(N_("There is no finished run of this id."))
    return run


def summary_in(run: Run, version: RunVersion = RunVersion.REVIEWED) -> dict[str, Any]:
    """Return the summary that a run keeps, empty until it is finished."""
    summary: dict[str, Any] = json.loads(run.summary_of(version) or "{}")
    return summary


def _warning(found: Mapping[str, Any], language: str) -> str:
    return translate(
        language,
        RUN_WARNINGS[found["code"]],
        **{name: _as_read(value, language) for name, value in found["values"].items()},
    )


def _as_read(value: int | str, language: str) -> str:
    if isinstance(value, int):
        return format_number(value, language)
    return format_date(date.fromisoformat(value), language)


def card_of(run: Run) -> RunCard:
    """Return how a run stands in a list."""
    summary = summary_in(run)
    return RunCard(
        run_id=run.run_id,
        status=run.status,
        as_of=run.as_of,
        created_at=run.created_at,
        created_by=run.created_by,
        finished_at=run.finished_at,
        error=run.error,
        customers=summary.get("customers"),
        eligible=summary.get("eligible"),
        gating_rate=summary.get("gating_rate"),
        recommendations=summary.get("recommendations"),
        scenario_counts=summary.get("scenario_counts", {}),
        seconds=sum(summary["timings"].values()) if "timings" in summary else None,
        policy_version=run.policy_version,
        review_no=run.review_no,
    )


def _gating_point(run: Run) -> GatingPoint:
    summary = summary_in(run)
    return GatingPoint(
        run_id=run.run_id,
        as_of=run.as_of,
        created_at=run.created_at,
        customers=summary["customers"],
        eligible=summary["eligible"],
        gating_rate=summary["gating_rate"],
    )


def _verdicts(tx: Transaction, run: RunAt, rows: Sequence[Row]) -> tuple[Verdict, ...]:
    rules = run_reads.load_rules(tx, run, [row["customer"] for row in rows])
    return tuple(_verdict(row, rules[row["customer"]]) for row in rows)


def full_name(person: Mapping[str, Any]) -> str:
    """Return the name of a person, put together where it came in parts; empty without any."""
    parts = (person["first_name"], person["last_name"])
    return person["name"] or " ".join(part for part in parts if part)


def _verdict(row: Row, rules: Sequence[str]) -> Verdict:
    return Verdict(
        customer=row["customer"],
        name=full_name(row),
        eligible=bool(row["eligible"]),
        gate_export=bool(row["gate_export"]),
        reason=row["reason"],
        scenario=row["scenario"],
        audit_score=row["audit_score"],
        state=row["state"],
        segment=row["segment"],
        value_cents=row["value_cents"],
        rules=tuple(rules),
    )


def _named(items: Sequence[Item]) -> list[str]:
    """Return the keys of the products that the evidence of the items names."""
    named = set[str]()
    for item in items:
        evidence = item.reasons.get("evidence", {})
        named.update(evidence.get("neighbours", ()))
        named.update(key for key in (evidence.get("bought_key"),) if key)
    return sorted(named)


def _issue(row: Row, language: str) -> Issue:
    values = {name: value for name, value in row.items() if name != "details_json"}
    return Issue(**values, **_words(row, language), details=json.loads(row["details_json"]))


def _is_repair(row: Row, summary: Mapping[str, Any]) -> bool:
    """Tell repairs from remarks: a rule whose issues are remarks repairs nothing."""
    audit = summary["policy"]["audit"]
    of_rules = {**audit["severities"], **audit.get("extra", {}).get("severities", {})}
    return bool(row["severity"] == Severity.INFO != of_rules.get(row["rule_code"]))


def _words(row: Row, language: str) -> dict[str, Any]:
    rule = _RULES[row["rule_code"]]
    return {
        "sentence": translate(language, rule.sentence),
        "remedy": translate(language, rule.remedy),
    }
