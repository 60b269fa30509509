"""The verdict per customer: audit score, gate and the reason in one word."""

from duckdb import DuckDBPyConnection

from core.audit.rules import RULE_CODES
from core.contracts import REASON_LOW_SCORE, REASON_NO_RECOMMENDATION, REASON_OK, Severity
from core.policy import Policy

_REPAIRS_TABLE_SQL = """
CREATE TABLE IF NOT EXISTS repairs (
    customer_no INTEGER,
    product_no INTEGER,
    rule_code VARCHAR,
    replaced_by INTEGER,
    details_json VARCHAR
)
"""

_VERDICTS_SQL = """
CREATE OR REPLACE TABLE verdicts AS
WITH found AS (
    SELECT
        customer_no,
        count(*) FILTER (severity = $error) AS errors,
        count(*) FILTER (severity = $warn) AS warnings,
        min(list_position($codes, rule_code)) FILTER (severity = $error) AS first_error
    FROM issues
    GROUP BY customer_no
),
listed AS (
    SELECT customer_no, arg_min(scenario, rank) AS scenario
    FROM {listed}
    GROUP BY customer_no
),
scored AS (
    SELECT
        who.customer_no,
        found.first_error,
        listed.customer_no IS NOT NULL AS has_items,
        coalesce(listed.scenario, '') AS scenario,
        greatest(
            0,
            100
            - $error_points * coalesce(found.errors, 0)
            - $warning_points * coalesce(found.warnings, 0)
        )::INTEGER AS audit_score
    FROM customer_numbers who
    LEFT JOIN found ON found.customer_no = who.customer_no
    LEFT JOIN listed ON listed.customer_no = who.customer_no
)
SELECT
    customer_no,
    has_items AND first_error IS NULL AND audit_score >= $gate_score AS eligible,
    CASE
        WHEN first_error IS NOT NULL THEN $codes[first_error]
        WHEN NOT has_items THEN $no_recommendation
        WHEN audit_score < $gate_score THEN $low_score
        ELSE $ok
    END AS reason,
    scenario,
    audit_score
FROM scored
ORDER BY customer_no
"""

_LOG_REPAIRS_SQL = """
CREATE OR REPLACE TABLE issues AS
SELECT customer_no, severity, rule_code, product_no, details_json
FROM (
    SELECT * FROM issues
    UNION ALL
    SELECT customer_no, $info, rule_code, product_no, details_json FROM repairs
)
ORDER BY
    customer_no,
    list_position($codes, rule_code),
    product_no NULLS FIRST,
    severity,
    details_json
"""


def decide(con: DuckDBPyConnection, list_table: str, policy: Policy) -> None:
    """Create `verdicts` and append the repairs to `issues` as INFO rows; call it once per list.

    Reads `customer_numbers`, the list that `find_issues` audited, its `issues` and, when there
    is one, `repairs`. One row per customer: `verdicts(customer_no, eligible, reason, scenario,
    audit_score)`.

    audit_score = max(0, 100 - error_points x errors - warning_points x warnings); eligible means
    a list that is not empty, no ERROR, and a score of `gate_score` or more. The reason is the
    first ERROR in the order of the rules, else NO_RECOMMENDATION, else SCORE_BELOW_80, else OK.
    """
    codes = [code.value for code in RULE_CODES]
    con.execute(
        _VERDICTS_SQL.format(listed=list_table), {"codes": codes, **_verdict_values(policy)}
    )
    con.execute(_REPAIRS_TABLE_SQL)
    con.execute(_LOG_REPAIRS_SQL, {"codes": codes, "info": Severity.INFO.value})


def _verdict_values(policy: Policy) -> dict[str, object]:
    return {
        "error": Severity.ERROR.value,
        "warn": Severity.WARN.value,
        "error_points": policy.audit.error_points,
        "warning_points": policy.audit.warning_points,
        "gate_score": policy.audit.gate_score,
        "no_recommendation": REASON_NO_RECOMMENDATION,
        "low_score": REASON_LOW_SCORE,
        "ok": REASON_OK,
    }
