"""What the numbers of a policy mean, in the analyst's words: titles, units, explanations.

Every value of a policy has a dotted name: `top_n`, `audit.gate_score`, `weights.rebuy.due`,
`quotas.active.rebuy`, `audit.severities.LOW_DIVERSITY`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.contracts import Severity
from core.i18n import N_


class Group(StrEnum):
    """The parts of a policy, in the order in which they are shown."""

    LISTS = "lists"
    STATES = "states"
    CHOICE = "choice"
    QUOTAS = "quotas"
    WEIGHTS = "weights"
    AUDIT = "audit"
    SEVERITIES = "severities"
    EXTRA = "extra"


GROUP_TITLES: Mapping[Group, str] = {
    Group.LISTS: N_("Lists"),
    Group.STATES: N_("Customer states"),
    Group.CHOICE: N_("Choice of products"),
    Group.QUOTAS: N_("Places by state"),
    Group.WEIGHTS: N_("Weights"),
    Group.AUDIT: N_("Audit"),
    Group.SEVERITIES: N_("Severities"),
    Group.EXTRA: N_("Further rules"),
}
GROUP_QUESTIONS: Mapping[Group, str] = {
    Group.LISTS: N_("How long is a list, and how mixed?"),
    Group.STATES: N_("When is a customer new, lapsed or lost?"),
    Group.CHOICE: N_("Which products may be proposed?"),
    Group.QUOTAS: N_(
        "How many places of a list does each scenario get, by the customer’s state? What is left"
        " over goes to the best of any scenario."
    ),
    Group.WEIGHTS: N_(
        "What counts when products of one scenario are compared? Weights are relative: only their"
        " shares of the sum matter."
    ),
    Group.AUDIT: N_("What blocks a customer, and from which score on is she written to?"),
    Group.SEVERITIES: N_(
        "How grave is a finding? An error blocks the customer, a warning costs points, a note is"
        " only shown."
    ),
    Group.EXTRA: N_(
        "What else shall the audit look at? Each rule is off until you choose how grave its finding"
        " is."
    ),
}

DAYS, MONTHS, ITEMS, PRODUCTS = N_("days"), N_("months"), N_("products"), N_("neighbours")
SHARE, TIMES, POINTS, BOUNCES, MESSAGES = (
    N_("share, 1 is all"),
    N_("times"),
    N_("points out of 100"),
    N_("bounces"),
    N_("e-mails"),
)


@dataclass(frozen=True, kw_only=True)
class Words:
    """Title, unit and explanation of one value, as gettext source strings."""

    group: Group
    title: str
    unit: str
    explanation: str


def _words(group: Group, unit: str, title: str, explanation: str) -> Words:
    return Words(group=group, title=title, unit=unit, explanation=explanation)


WORDS: Mapping[str, Words] = {
    "top_n": _words(
        Group.LISTS, ITEMS, N_("Length of a list"),
        N_("How many products each customer is proposed. A run can ask for another number."),
    ),
    "min_items": _words(
        Group.LISTS, ITEMS, N_("Least length of a list"),
        N_("A list that would be shorter is filled with popular products."),
    ),
    "pool_size": _words(
        Group.LISTS, ITEMS, N_("Candidates kept in reserve"),
        N_("From these an item that fails the audit is replaced. At least the length of a list."),
    ),
    "max_family_share": _words(
        Group.LISTS, SHARE, N_("Most of one family"),
        N_("What share of a list one family may take while products of others are left."),
    ),
    "new_days": _words(
        Group.STATES, DAYS, N_("New for"),
        N_("A customer with one purchase is new for so long."),
    ),
    "winback_days": _words(
        Group.STATES, DAYS, N_("Lapsed after"),
        N_("Silent for longer than this, and than her own habit allows, a customer is lapsed."),
    ),
    "usual_gap_factor": _words(
        Group.STATES, TIMES, N_("Patience with a habit"),
        N_("Nobody is lapsed before so many times her usual gap between purchases has passed."),
    ),
    "lost_days": _words(
        Group.STATES, DAYS, N_("Lost after"),
        N_("Silent for longer than this, a customer is lost. Later than lapsed."),
    ),
    "rfm_months": _words(
        Group.STATES, MONTHS, N_("Period of segments and revenue"),
        N_("Purchases of so many months count for frequency, revenue and segment."),
    ),
    "rebuy_silence_days": _words(
        Group.CHOICE, DAYS, N_("No rebuy within"),
        N_("What was bought within these days is not proposed again."),
    ),
    "neighbours": _words(
        Group.CHOICE, PRODUCTS, N_("Neighbours of a product"),
        N_("How many products that are bought by the same people count as going with one."),
    ),
    "affinity_shrinkage": _words(
        Group.CHOICE, "", N_("Caution with few buyers"),
        N_("The higher, the less two products with few common buyers count as neighbours."),
    ),
    "price_reach": _words(
        Group.CHOICE, TIMES, N_("Price in reach"),
        N_("A discovery costs at most so many times what the customer pays per bottle."),
    ),
    "upsell_min_step": _words(
        Group.CHOICE, SHARE, N_("Least step up"),
        N_("An upsell is dearer by at least this: 0.1 is 10 % above what the customer pays."),
    ),
    "upsell_max_step": _words(
        Group.CHOICE, SHARE, N_("Greatest step up"),
        N_("An upsell is dearer by at most this. Above the least step."),
    ),
    "min_season_fit": _words(
        Group.CHOICE, SHARE, N_("Least fit to the season"),
        N_(
            "A product further out of its season than this is not proposed; 0 proposes all. What"
            " has no season counts as 0.5: above that, only what is in season is proposed."
        ),
    ),
    "audit.error_points": _words(
        Group.AUDIT, POINTS, N_("Cost of an error"),
        N_("Each error takes so many points from the audit score of 100."),
    ),
    "audit.warning_points": _words(
        Group.AUDIT, POINTS, N_("Cost of a warning"),
        N_("Each warning takes so many points from the audit score of 100."),
    ),
    "audit.gate_score": _words(
        Group.AUDIT, POINTS, N_("Gate"),
        N_("From this audit score on a customer without errors may be written to."),
    ),
    "audit.silence_window_days": _words(
        Group.AUDIT, DAYS, N_("Silence window"),
        N_("Who was written to within these days is not written to. A run can ask for another."),
    ),
    "audit.recent_days": _words(
        Group.AUDIT, DAYS, N_("Sent or bought lately"),
        N_("A product sent or bought within these days is a repeated proposal."),
    ),
    "audit.soft_bounces_in_a_row": _words(
        Group.AUDIT, BOUNCES, N_("Soft bounces in a row"),
        N_("So many messages that came back for now, one after another, count as undeliverable."),
    ),
    "audit.diversity_min_items": _words(
        Group.AUDIT, ITEMS, N_("Diversity is judged from"),
        N_("Shorter lists are never too much of one family."),
    ),
    "audit.diversity_max_share": _words(
        Group.AUDIT, SHARE, N_("Most of one family, audited"),
        N_("A list with a greater share of one family gets a finding."),
    ),
    "audit.sugar_min_share": _words(
        Group.AUDIT, SHARE, N_("Usual sweetness from"),
        N_("A sweetness that makes less of what is bought in the family counts as unusual."),
    ),
    "audit.extra.cap_messages": _words(
        Group.EXTRA, MESSAGES, N_("Cap on e-mails"),
        N_("FREQUENCY_CAP: who was sent so many, or whose address was, is sent no further one."),
    ),
    "audit.extra.cap_days": _words(
        Group.EXTRA, DAYS, N_("Days of the cap"),
        N_("FREQUENCY_CAP: e-mails of these last days count."),
    ),
    "audit.extra.fewest_items": _words(
        Group.EXTRA, ITEMS, N_("Fewest items, audited"),
        N_("TOO_FEW_ITEMS: a shorter list gets a finding; an empty one is blocked anyhow."),
    ),
    "audit.extra.silent_months": _words(
        Group.EXTRA, MONTHS, N_("Stale after"),
        N_(
            "STALE_PROSPECT: so long after the last purchase, click, consent or creation of the"
            " record. Opens and what you sent do not count."
        ),
    ),
}  # fmt: skip

COMPONENTS: Mapping[str, str] = {
    "affinity": N_("Affinity"),
    "due": N_("Due"),
    "popularity": N_("Popularity"),
    "price_fit": N_("Price fit"),
    "family_fit": N_("Family fit"),
    "season": N_("Season"),
    "margin": N_("Margin"),
}
COMPONENT_WORDS: Mapping[str, str] = {
    "affinity": N_("How likely she buys it next, by her own purchases and those of others."),
    "due": N_("How far the time until the next purchase has run."),
    "popularity": N_("How many customers buy it."),
    "price_fit": N_("How near its price is to what she pays."),
    "family_fit": N_("How much of its family and sweetness she buys."),
    "season": N_("Whether it is bought at this time of the year."),
    "margin": N_("What it leaves to you."),
}
WEIGHT_TITLE = N_("Weight of %(component)s in %(scenario)s")
QUOTA_TITLE = N_("Places for %(scenario)s, customer %(state)s")
SEVERITY_TITLE = N_("Severity of %(rule)s")
SEVERITY_CHOICES: Mapping[str, str] = {
    Severity.ERROR: N_("Error"),
    Severity.WARN: N_("Warning"),
    Severity.INFO: N_("Remark"),
}
OFF = "OFF"
RULE_CHOICES: Mapping[str, str] = {OFF: N_("Off"), **SEVERITY_CHOICES}
RULE_TITLE = N_("Rule %(rule)s")
USUALLY: Mapping[str, str] = {
    Severity.ERROR: N_("usually an error"),
    Severity.WARN: N_("usually a warning"),
}
