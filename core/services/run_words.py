"""The titles of verdicts and segments, as pages and files say them."""

from collections.abc import Mapping

from core.contracts import REASON_LOW_SCORE, REASON_NO_RECOMMENDATION, REASON_OK, RuleCode
from core.i18n import N_
from core.policy import CustomerState
from core.reco.segments import SEGMENTS

REASON_TITLES: Mapping[str, str] = {
    REASON_OK: N_("Is eligible"),
    RuleCode.MISSING_EMAIL: N_("No usable address"),
    RuleCode.OPTOUT_OR_BOUNCE: N_("Opted out or bounced"),
    RuleCode.SILENCE_WINDOW: N_("Within the silence window"),
    RuleCode.RECENT_DUPLICATE: N_("Sent or bought lately"),
    RuleCode.UPSELL_NOT_HIGHER: N_("Step up not dearer"),
    RuleCode.CROSS_SELL_NOT_NEW: N_("Discovery known already"),
    RuleCode.LOW_DIVERSITY: N_("Too much of one family"),
    RuleCode.SUGAR_MISMATCH: N_("Unusual sweetness"),
    RuleCode.OUT_OF_STOCK: N_("Sold out or not active"),
    RuleCode.NO_CONSENT: N_("No consent recorded"),
    RuleCode.FREQUENCY_CAP: N_("E-mailed as often as the cap allows"),
    RuleCode.TOO_FEW_ITEMS: N_("Too few items"),
    RuleCode.STALE_PROSPECT: N_("Silent for too long"),
    RuleCode.NOT_IN_CATALOGUE: N_("Not in the catalogue"),
    REASON_NO_RECOMMENDATION: N_("Nothing to recommend"),
    REASON_LOW_SCORE: N_("Score below the gate"),
}
SEGMENT_TITLES: Mapping[str, str] = {
    **{segment.name: segment.title for segment in SEGMENTS},
    CustomerState.PROSPECT: N_("Prospects"),
}
