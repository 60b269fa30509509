"""What a run says about itself: `run_summary.json` and the figures of the QC page.

Everything is counted by DuckDB over the tables of core.reco and core.audit; shares are rounded
to 6 digits and lists are in a fixed order, so the same data give the same bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from duckdb import DuckDBPyConnection

from core import __version__
from core.audit.rules import active_rules
from core.contracts import (
    REASON_LOW_SCORE,
    REASON_NO_RECOMMENDATION,
    REASON_OK,
    RuleCode,
    RunVersion,
    Scenario,
    Severity,
)
from core.counts import count_rows
from core.i18n import N_, translate
from core.policy import Policy
from core.reco.features import rfm_cut_points
from core.store.runs import Run

SALES_ARE_OLD_AFTER_DAYS = 14
QUANTILES: Mapping[str, float] = {
    "min": 0.0,
    "p05": 0.05,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p95": 0.95,
    "max": 1.0,
}
REASONS = (
    REASON_OK,
    *(code.value for code in RuleCode),
    REASON_NO_RECOMMENDATION,
    REASON_LOW_SCORE,
)

RUN_WARNINGS: Mapping[str, str] = {
    "NO_CUSTOMERS": N_("There are no customers. Import a clients file."),
    "NO_PRODUCTS": N_("There are no products. Import a products file."),
    "NO_SALES": N_("There are no sales up to the as-of date. Import a sales file."),
    "SALES_ARE_OLD": N_(
        "The last sale, of %(last_sale)s, is %(days)s days before the as-of date."
        " Import newer sales, or choose an earlier date."
    ),
    "LATER_SALES_IGNORED": N_("Sale lines later than the as-of date were left out: %(lines)s."),
}

_DATASET_FIGURES = """
SELECT
    (SELECT count(*) FROM customers) AS customers,
    (SELECT count(*) FROM products) AS products,
    max(sale_date) FILTER (sale_date <= $as_of) AS last_sale,
    count(*) FILTER (sale_date > $as_of) AS later_lines
FROM sale_lines
"""

_VERDICT_FIGURES = """
SELECT
    count(*) AS customers,
    count(*) FILTER (eligible) AS eligible,
    quantile_disc(audit_score, $quantiles) AS quantiles
FROM verdicts
"""

_EXPORTED = """
SELECT
    count(*) FILTER (eligible AND NOT gate_export) AS rejected,
    coalesce(bool_or(gate_export), FALSE) AS gate_export
FROM verdicts
"""

_SCENARIO_COUNTS = "SELECT scenario, count(*) AS items FROM repaired_list GROUP BY scenario"

_RULE_COUNTS = """
SELECT rule_code, severity, count(*) AS issues, count(DISTINCT customer_no) AS customers
FROM issues
GROUP BY rule_code, severity
ORDER BY
    list_position($codes, rule_code),
    list_position($severities, severity)
"""

_SCORE_BINS = """
SELECT
    audit_score // 10 * 10 AS score_from,
    count(*) AS customers,
    count(*) FILTER (eligible) AS eligible
FROM verdicts
GROUP BY score_from
ORDER BY score_from
"""

_REASON_COUNTS = """
SELECT reason, count(*) AS customers
FROM verdicts
GROUP BY reason
ORDER BY list_position($reasons, reason)
"""

_SCENARIO_MIX = """
SELECT segment, scenario, count(*) AS items, count(DISTINCT customer_no) AS customers
FROM repaired_list
JOIN customer_facts USING (customer_no)
GROUP BY segment, scenario
ORDER BY segment, list_position($scenarios, scenario)
"""

_PRODUCT_COUNTS = """
SELECT product_key, count(DISTINCT customer_no) AS customers
FROM repaired_list
JOIN product_numbers USING (product_no)
GROUP BY product_key
ORDER BY product_key
"""

_GROUPS = """
SELECT
    {field} AS name,
    count(*) AS customers,
    count(*) FILTER (eligible) AS eligible,
    sum(monetary_cents)::BIGINT AS value_cents
FROM verdicts
JOIN customer_facts USING (customer_no)
GROUP BY {field}
ORDER BY {field}
"""


def canonical_json(data: object) -> str:
    """Return `data` as JSON with sorted keys, the form in which figures are stored."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def compute_summary(
    con: DuckDBPyConnection, run: Run, policy: Policy, tenant_key: str, dataset_hash: str
) -> dict[str, Any]:
    """Return `run_summary.json` but for `timings`; docs/outputs.md explains every key."""
    return {
        **compute_heading(con, run, policy, tenant_key, dataset_hash),
        "repairs": count_rows(con, "repairs"),
        **_figures(con, active_codes(policy)),
    }


def compute_heading(
    con: DuckDBPyConnection, run: Run, policy: Policy, tenant_key: str, dataset_hash: str
) -> dict[str, Any]:
    """Return what `run_summary.json` says before any list is made."""
    return {
        "run_id": run.run_id,
        "tenant": tenant_key,
        "as_of": run.as_of.isoformat(),
        "dataset_hash": dataset_hash,
        "policy": policy.model_dump(mode="json"),
        "policy_sha256": policy.sha256(),
        "code_version": __version__,
        "revision": RunVersion.ORIGINAL.value,
        "review": 0,
        "rfm_cut_points": {
            score: [asdict(point) for point in points]
            for score, points in rfm_cut_points(con).items()
        },
        "warnings": _warnings(con, run.as_of),
    }


def active_codes(policy: Policy) -> list[str]:
    """Return the codes of the rules that are switched on, in their order."""
    return [rule.code.value for rule in active_rules(policy.audit)]


def compute_reviewed(
    con: DuckDBPyConnection, original: Mapping[str, Any], review: int
) -> dict[str, Any]:
    """Return `run_summary.json` of the run as the review of this number left it.

    `original` is the run's own summary; the tables are those of `review_rows.fetch_run`.
    """
    revision = {"revision": RunVersion.REVIEWED.value, "review": review}
    exported = fetch_records(con, _EXPORTED)[0]
    return {**original, **revision, **_figures(con, original["rule_counts"]), **exported}


def compute_qc(con: DuckDBPyConnection) -> dict[str, Any]:
    """Return the figures of the QC page: score bins, issues, reasons, mix, products, groups."""
    codes = {"codes": list(RuleCode), "severities": list(Severity)}
    return {
        "score_bins": fetch_records(con, _SCORE_BINS),
        "issues": fetch_records(con, _RULE_COUNTS, **codes),
        "reasons": fetch_records(con, _REASON_COUNTS, reasons=list(REASONS)),
        "scenario_mix": fetch_records(con, _SCENARIO_MIX, scenarios=list(Scenario)),
        "products": fetch_records(con, _PRODUCT_COUNTS),
        "segments": fetch_records(con, _GROUPS.format(field="segment")),
        "states": fetch_records(con, _GROUPS.format(field="state")),
    }


def _figures(con: DuckDBPyConnection, rules: Iterable[str]) -> dict[str, Any]:
    """Return what is counted of lists, issues of `rules` and verdicts."""
    return {
        **count_lists(con, rules),
        **verdict_figures(con),
    }


def count_lists(con: DuckDBPyConnection, rules: Iterable[str]) -> dict[str, Any]:
    """Return how many recommendations there are, by scenario, and issues by rule and severity."""
    return {
        "scenario_counts": _scenario_counts(con),
        "rule_counts": _rule_counts(con, rules),
        "recommendations": count_rows(con, "repaired_list"),
    }


def verdict_figures(con: DuckDBPyConnection) -> dict[str, Any]:
    """Return what is counted of the table `verdicts`, with the quantiles of its scores."""
    found = fetch_records(con, _VERDICT_FIGURES, quantiles=list(QUANTILES.values()))[0]
    customers, eligible = found["customers"], found["eligible"]
    blocked = customers - eligible
    quantiles = found["quantiles"] or [None] * len(QUANTILES)
    return {
        "customers": customers,
        "eligible": eligible,
        "gating_rate": round(blocked / customers, 6) if customers else 0.0,
        "rejected": 0,
        "gate_export": eligible > 0,
        "audit_score_quantiles": dict(zip(QUANTILES, quantiles, strict=True)),
    }


def _scenario_counts(con: DuckDBPyConnection) -> dict[str, int]:
    found = {row["scenario"]: row["items"] for row in fetch_records(con, _SCENARIO_COUNTS)}
    return {scenario.value: found.get(scenario.value, 0) for scenario in Scenario}


def _rule_counts(con: DuckDBPyConnection, rules: Iterable[str]) -> dict[str, dict[str, int]]:
    counts = {rule: {severity.value: 0 for severity in Severity} for rule in rules}
    rows = fetch_records(con, _RULE_COUNTS, codes=list(RuleCode), severities=list(Severity))
    for row in rows:
        counts[row["rule_code"]][row["severity"]] = row["issues"]
    return counts


def _warnings(con: DuckDBPyConnection, as_of: date) -> list[dict[str, Any]]:
    found = fetch_records(con, _DATASET_FIGURES, as_of=as_of)[0]
    last_sale: date | None = found["last_sale"]
    warnings = []
    if not found["customers"]:
        warnings.append(_warning("NO_CUSTOMERS"))
    if not found["products"]:
        warnings.append(_warning("NO_PRODUCTS"))
    if last_sale is None:
        warnings.append(_warning("NO_SALES"))
    elif (days := (as_of - last_sale).days) > SALES_ARE_OLD_AFTER_DAYS:
        warnings.append(_warning("SALES_ARE_OLD", last_sale=last_sale.isoformat(), days=days))
    if found["later_lines"]:
        warnings.append(_warning("LATER_SALES_IGNORED", lines=found["later_lines"]))
    return warnings


def _warning(code: str, **values: object) -> dict[str, Any]:
    sentence = translate("en", RUN_WARNINGS[code], **values)
    return {"code": code, "sentence": sentence, "values": values}


def fetch_records(con: DuckDBPyConnection, sql: str, **values: object) -> list[dict[str, Any]]:
    """Return the rows of `sql` as dictionaries."""
    result = con.execute(sql, values)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
