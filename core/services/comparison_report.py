"""A comparison of runs for the command line: as lines, and as one JSON object."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.contracts import SCENARIO_TITLES, Scenario
from core.i18n import N_, translate
from core.services.comparison_records import CustomerDifference, ListItem, RunComparison
from core.services.comparison_words import cause_lines, difference_lines

_COUNTS = N_(
    "Customers in both runs: %(changed)s changed, %(unchanged)s unchanged. Lists changed: %(list)s."
    " Newly eligible: %(gained)s, no longer eligible: %(lost)s. Only in the first: %(only_before)s,"
    " only in the second: %(only_after)s."
)


def comparison_lines(
    comparison: RunComparison, customers: Sequence[CustomerDifference], language: str
) -> list[str]:
    """Return what differs, the counts, and each of `customers` with her lists and the causes."""
    return [
        *difference_lines(comparison, language),
        translate(language, _COUNTS, **comparison.counts),
        *(line for c in customers for line in _customer_lines(comparison, c, language)),
    ]


def comparison_data(
    comparison: RunComparison, customers: Sequence[CustomerDifference], language: str
) -> dict[str, Any]:
    """Return the comparison JSON-ready; docs/cli.md names the keys."""
    return {
        "before": comparison.older.run_id,
        "after": comparison.newer.run_id,
        "causes": list(comparison.causes),
        "policy_changes": {c.field: [c.before, c.after] for c in comparison.policy_changes},
        "tables": list(comparison.tables),
        "counts": dict(comparison.counts),
        "transitions": [asdict(transition) for transition in comparison.transitions],
        "scenarios": {name: list(pair) for name, pair in comparison.scenarios.items()},
        "customers": [
            {**asdict(c), "causes": cause_lines(comparison, c, language)} for c in customers
        ],
    }


def _customer_lines(
    comparison: RunComparison, customer: CustomerDifference, language: str
) -> list[str]:
    verdict = f"{customer.reason_before or '–'} → {customer.reason_after or '–'}"
    causes = cause_lines(comparison, customer, language)
    lists = [f"  - {_list_line(customer.before, language)}"]
    if customer.is_list_changed:
        lists.append(f"  + {_list_line(customer.after, language)}")
    return [f"{customer.customer}: {verdict}", *lists, *(f"  {cause}" for cause in causes)]


def _list_line(items: Sequence[ListItem], language: str) -> str:
    titles = [translate(language, SCENARIO_TITLES[Scenario(item.scenario)]) for item in items]
    parts = [f"{i.product_key} ({t})" for i, t in zip(items, titles, strict=True)]
    return ", ".join(parts) or "–"
