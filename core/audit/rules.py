"""The registry of audit rules, in their published order, and the audit of a finished list."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from duckdb import DuckDBPyConnection

from core.audit.catalogue_rules import not_in_catalogue, out_of_stock
from core.audit.consent_rules import no_consent, stale_prospect
from core.audit.customer_rules import (
    frequency_cap,
    missing_email,
    optout_or_bounce,
    silence_window,
)
from core.audit.list_rules import (
    cross_sell_not_new,
    low_diversity,
    recent_duplicate,
    sugar_mismatch,
    too_few_items,
    upsell_not_higher,
)
from core.audit.scope import Query, Scope, load_items
from core.contracts import RuleCode, Severity
from core.i18n import N_
from core.policy import AuditPolicy, Policy


class Level(StrEnum):
    """What a rule judges; an item that fails can be replaced."""

    CUSTOMER = "customer"
    ITEM = "item"
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One audit rule: its code, what it judges, its query and what the analyst reads.

    `once_per_customer` keeps the failure of the first rank alone.
    """

    code: RuleCode
    level: Level
    query: Callable[[Scope], Query]
    sentence: str
    remedy: str
    once_per_customer: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        code=RuleCode.MISSING_EMAIL,
        level=Level.CUSTOMER,
        query=missing_email,
        sentence=N_("The e-mail address is blank or malformed."),
        remedy=N_("Complete or correct the address in the clients file and import it again."),
    ),
    Rule(
        code=RuleCode.OPTOUT_OR_BOUNCE,
        level=Level.CUSTOMER,
        query=optout_or_bounce,
        sentence=N_("The customer or the address must not be written to: opt-out or bounces."),
        remedy=N_("Leave this person out; after a bounce, ask for another address."),
    ),
    Rule(
        code=RuleCode.SILENCE_WINDOW,
        level=Level.CUSTOMER,
        query=silence_window,
        sentence=N_("The customer or the address was written to within the silence window."),
        remedy=N_("Wait until the window has passed, or shorten it when launching the run."),
    ),
    Rule(
        code=RuleCode.RECENT_DUPLICATE,
        level=Level.ITEM,
        query=recent_duplicate,
        sentence=N_(
            "The product, or another vintage of it, is twice in the list, or was sent or bought "
            "lately."
        ),
        remedy=N_("Replace the item by another product."),
    ),
    Rule(
        code=RuleCode.UPSELL_NOT_HIGHER,
        level=Level.ITEM,
        query=upsell_not_higher,
        sentence=N_(
            "The product proposed as a step up is not above what this customer pays in the "
            "family, or a price is unknown."
        ),
        remedy=N_("Replace the item by a dearer one, or complete the prices in the catalogue."),
    ),
    Rule(
        code=RuleCode.CROSS_SELL_NOT_NEW,
        level=Level.ITEM,
        query=cross_sell_not_new,
        sentence=N_("The product proposed as a discovery was bought before."),
        remedy=N_("Replace the item by a product this customer does not know."),
    ),
    Rule(
        code=RuleCode.LOW_DIVERSITY,
        level=Level.LIST,
        query=low_diversity,
        sentence=N_("Too many items of the list are of one family."),
        remedy=N_("Replace one of them by a product of another family."),
    ),
    Rule(
        code=RuleCode.SUGAR_MISMATCH,
        level=Level.ITEM,
        query=sugar_mismatch,
        sentence=N_("This customer hardly buys this sweetness in the family."),
        remedy=N_("Replace the item by one of the usual sweetness."),
        once_per_customer=True,
    ),
    Rule(
        code=RuleCode.OUT_OF_STOCK,
        level=Level.ITEM,
        query=out_of_stock,
        sentence=N_("The product is sold out, or not active any more."),
        remedy=N_("Replace the item, or correct stock and state in the catalogue."),
    ),
    Rule(
        code=RuleCode.NO_CONSENT,
        level=Level.CUSTOMER,
        query=no_consent,
        sentence=N_("No consent is recorded up to the as-of date."),
        remedy=N_("Ask for it, and complete its date and source in the clients file."),
    ),
    Rule(
        code=RuleCode.FREQUENCY_CAP,
        level=Level.CUSTOMER,
        query=frequency_cap,
        sentence=N_("The customer or the address was sent as many e-mails as the cap allows."),
        remedy=N_("Wait until fewer lie within the days of the cap, or raise it."),
    ),
    Rule(
        code=RuleCode.TOO_FEW_ITEMS,
        level=Level.LIST,
        query=too_few_items,
        sentence=N_("The list has fewer items than the policy wants."),
        remedy=N_("Add products; the log of repairs says what was dropped."),
    ),
    Rule(
        code=RuleCode.STALE_PROSPECT,
        level=Level.CUSTOMER,
        query=stale_prospect,
        sentence=N_(
            "This person last bought, clicked or consented too long ago, or never as far as is"
            " known."
        ),
        remedy=N_("Leave this person out; erase the record unless it must be kept."),
    ),
    Rule(
        code=RuleCode.NOT_IN_CATALOGUE,
        level=Level.ITEM,
        query=not_in_catalogue,
        sentence=N_("The item is not in the catalogue, or is not to be recommended."),
        remedy=N_("Replace the item, or complete the catalogue."),
    ),
)

RULE_CODES: tuple[RuleCode, ...] = tuple(rule.code for rule in RULES)

_FAILURES_SQL = """
CREATE OR REPLACE TEMP TABLE {failures} (
    customer_no INTEGER,
    rank INTEGER,
    product_no INTEGER,
    rule_code VARCHAR,
    details_json VARCHAR
)
"""

_ADD_FAILURES_SQL = """
INSERT INTO {failures}
SELECT customer_no, rank, product_no, $rule_code, details_json
FROM ({query})
"""

_ADD_CUSTOMERS_SQL = """
INSERT INTO {failures}
SELECT customer_no, NULL, NULL, $rule_code, details_json
FROM ({query})
JOIN customer_numbers USING (customer)
"""

# One issue per customer, rule and product: of a product listed twice the later rank speaks; of a
# rule that speaks once per customer, the first.
_ISSUES_SQL = """
CREATE OR REPLACE TABLE {issues} AS
SELECT
    customer_no,
    $severities[list_position($codes, rule_code)] AS severity,
    rule_code,
    product_no,
    details_json
FROM {failures}
QUALIFY row_number() OVER (
    PARTITION BY
        customer_no,
        rule_code,
        CASE WHEN NOT list_contains($once_codes, rule_code) THEN product_no END
    ORDER BY CASE WHEN list_contains($once_codes, rule_code) THEN rank ELSE -rank END
) = 1
ORDER BY customer_no, list_position($codes, rule_code), product_no NULLS FIRST
"""


def active_rules(policy: AuditPolicy) -> tuple[Rule, ...]:
    """Return the rules that `policy` has switched on, in their order."""
    return tuple(rule for rule in RULES if policy.severity_of(rule.code) is not None)


def counting_rules(policy: AuditPolicy, level: Level) -> list[Rule]:
    """Return the rules of `level` whose issues lower the score: those that are repaired."""
    return [
        rule
        for rule in active_rules(policy)
        if rule.level == level and policy.severity_of(rule.code) != Severity.INFO
    ]


def find_issues(
    con: DuckDBPyConnection,
    list_table: str,
    as_of: date,
    policy: Policy,
    judged: str | None = None,
) -> None:
    """Audit `list_table` and create `issues`.

    Reads the list's columns customer_no, rank, product_no, scenario, the facts, the dataset
    tables and `deliverable`; where `judged` names what `judge_customers` found of these customers,
    neither contacts nor addresses. `issues(customer_no, severity, rule_code, product_no,
    details_json)` is ordered by customer, rule and product, with at most one row for each of the
    three; product_no is NULL where the customer or the whole list fails.
    """
    load_items(con, list_table, "audit_items")
    scope = Scope(items="audit_items", as_of=as_of, policy=policy.audit)
    rules = [
        rule
        for rule in active_rules(policy.audit)
        if judged is None or rule.level is not Level.CUSTOMER
    ]
    collect_failures(con, rules, scope, "audit_failures")
    if judged is not None:
        con.execute(f"INSERT INTO audit_failures FROM {judged}")
    write_issues(con, "audit_failures", "issues", policy.audit)
    for table in ("audit_items", "audit_failures"):
        con.execute(f"DROP TABLE {table}")


def judge_customers(con: DuckDBPyConnection, failures: str, as_of: date, policy: Policy) -> None:
    """Create `failures` like `collect_failures`, by the rules on the customer alone.

    They read no list: who is judged apart from her contacts is judged by them before.
    """
    rules = [rule for rule in active_rules(policy.audit) if rule.level is Level.CUSTOMER]
    scope = Scope(items="", as_of=as_of, policy=policy.audit)
    collect_failures(con, rules, scope, failures)


def collect_failures(
    con: DuckDBPyConnection, rules: Iterable[Rule], scope: Scope, failures: str
) -> None:
    """Create `failures(customer_no, rank, product_no, rule_code, details_json)`, unordered.

    Every failing item has its row, also where the issue is told only once.
    """
    con.execute(_FAILURES_SQL.format(failures=failures))
    for rule in rules:
        query = rule.query(scope)
        add = _ADD_CUSTOMERS_SQL if rule.level == Level.CUSTOMER else _ADD_FAILURES_SQL
        con.execute(
            add.format(failures=failures, query=query.sql),
            {**query.values, "rule_code": rule.code.value},
        )


def write_issues(con: DuckDBPyConnection, failures: str, issues: str, policy: AuditPolicy) -> None:
    """Create the table `issues` from `failures`, with the policy's severities."""
    severities = {rule.code: policy.severity_of(rule.code) for rule in RULES}
    con.execute(
        _ISSUES_SQL.format(failures=failures, issues=issues),
        {
            "codes": list(severities),
            "severities": list(severities.values()),
            "once_codes": [rule.code.value for rule in RULES if rule.once_per_customer],
        },
    )
