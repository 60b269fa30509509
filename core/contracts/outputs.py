"""The columns of the output files, and the words they use."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class Scenario(StrEnum):
    """Why a product is proposed."""

    REBUY = "rebuy"
    CROSS_SELL = "cross_sell"
    UPSELL = "upsell"
    WINBACK = "winback"
    NURTURE = "nurture"


SCENARIO_TITLES: Mapping[Scenario, str] = {
    Scenario.REBUY: N_("Rebuy"),
    Scenario.CROSS_SELL: N_("Cross-sell"),
    Scenario.UPSELL: N_("Upsell"),
    Scenario.WINBACK: N_("Win-back"),
    Scenario.NURTURE: N_("Nurture"),
}


class RunVersion(StrEnum):
    """The lists of a run as it made them, or as its reviews left them."""

    ORIGINAL = "original"
    REVIEWED = "reviewed"


class Severity(StrEnum):
    """Weight of an audit issue; INFO is not scored."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"


class RuleCode(StrEnum):
    """The audit rules in their published order, which is also the order of `reason`."""

    MISSING_EMAIL = "MISSING_EMAIL"
    OPTOUT_OR_BOUNCE = "OPTOUT_OR_BOUNCE"
    SILENCE_WINDOW = "SILENCE_WINDOW"
    RECENT_DUPLICATE = "RECENT_DUPLICATE"
    UPSELL_NOT_HIGHER = "UPSELL_NOT_HIGHER"
    CROSS_SELL_NOT_NEW = "CROSS_SELL_NOT_NEW"
    LOW_DIVERSITY = "LOW_DIVERSITY"
    SUGAR_MISMATCH = "SUGAR_MISMATCH"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NO_CONSENT = "NO_CONSENT"
    FREQUENCY_CAP = "FREQUENCY_CAP"
    TOO_FEW_ITEMS = "TOO_FEW_ITEMS"
    STALE_PROSPECT = "STALE_PROSPECT"
    NOT_IN_CATALOGUE = "NOT_IN_CATALOGUE"


# How grave a rule is unless a policy says otherwise.
USUAL_SEVERITIES: Mapping[RuleCode, Severity] = {
    **dict.fromkeys(RuleCode, Severity.ERROR),
    RuleCode.CROSS_SELL_NOT_NEW: Severity.WARN,
    RuleCode.LOW_DIVERSITY: Severity.WARN,
    RuleCode.SUGAR_MISMATCH: Severity.WARN,
    RuleCode.TOO_FEW_ITEMS: Severity.WARN,
}
# Rules that are off until a policy switches them on; all others are always on.
EXTRA_RULES = (
    RuleCode.OUT_OF_STOCK,
    RuleCode.NO_CONSENT,
    RuleCode.FREQUENCY_CAP,
    RuleCode.TOO_FEW_ITEMS,
    RuleCode.STALE_PROSPECT,
    RuleCode.NOT_IN_CATALOGUE,
)


REASON_OK = "OK"
REASON_NO_RECOMMENDATION = "NO_RECOMMENDATION"
REASON_LOW_SCORE = "SCORE_BELOW_80"

RECO_OUTPUT = (
    "run_id",
    "customer_code",
    "scenario",
    "rank",
    "product_key",
    "score",
    "explain_short",
    "reasons_json",
)
AUDIT_OUTPUT = (
    "run_id",
    "customer_code",
    "severity",
    "rule_code",
    "product_key",
    "details_json",
)
NEXT_ACTION_OUTPUT = (
    "run_id",
    "customer_code",
    "eligible",
    "reason",
    "scenario",
    "audit_score",
    "gate_export",
)
CALL_LIST = (
    "customer_code",
    "name",
    "phone",
    "segment",
    "value",
    "last_purchase",
    "product_key",
    "product_name",
    "price_ttc",
    "explain_short",
    "also_proposed",
    "why_no_email",
    "run_id",
)
