"""The titles under which codes appear on a page, in the language of the person who looks."""

from collections.abc import Mapping

from core.contracts import (
    FILE_KIND_TITLES,
    SCENARIO_TITLES,
    FileKind,
    Scenario,
    Severity,
)
from core.i18n import N_
from core.ingest.report import Bucket
from core.outreach.audience import LOSS_SENTENCES
from core.outreach.protocol import CampaignState, Mode
from core.policy import STATE_TITLES
from core.reco.backtest.verdict import Verdict
from core.services.backtest import LAST_BASKET, ROLLING
from core.services.backtest_words import SYSTEM_TITLES
from core.services.policy_words import RULE_CHOICES
from core.services.run_words import REASON_TITLES, SEGMENT_TITLES
from core.store.runs import RunStatus
from ui.i18n import NO_VALUE, _

_SEVERITIES: Mapping[str, str] = {
    Severity.ERROR: N_("Error"),
    Severity.WARN: N_("Warning"),
    Severity.INFO: N_("Repaired"),
}
_BUCKETS: Mapping[str, str] = {
    Bucket.LOADED: N_("Loaded"),
    Bucket.UNCHANGED: N_("Unchanged"),
    Bucket.MERGED: N_("Merged"),
    Bucket.DUPLICATE: N_("Duplicate"),
    Bucket.HELD: N_("Held"),
    Bucket.REJECTED: N_("Rejected"),
}
_RUN_STATES: Mapping[str, str] = {
    RunStatus.QUEUED: N_("Waiting"),
    RunStatus.RUNNING: N_("Running"),
    RunStatus.DONE: N_("Done"),
    RunStatus.FAILED: N_("Failed"),
}
_IMPORT_STATES: Mapping[str, str] = {
    "received": N_("Received"),
    "asking": N_("Waits for an answer"),
    "planned": N_("Ready to load"),
    "loaded": N_("Completed"),
    "discarded": N_("Given up"),
    "undone": N_("Undone"),
}
_CAMPAIGN_STATES: Mapping[str, str] = {
    CampaignState.PREPARING: N_("In preparation"),
    CampaignState.PREPARED: N_("Prepared"),
    CampaignState.SENDING: N_("Under way"),
    CampaignState.PAUSED: N_("Paused"),
    CampaignState.SENT: N_("Done"),
    CampaignState.CANCELLED: N_("Cancelled"),
}
_SUMS: Mapping[str, str] = {
    "sent": N_("sent out"),
    "failed": N_("failed"),
    "suppressed": N_("suppressed"),
    "review": N_("to review"),
    "cancelled": N_("cancelled"),
    "unconfirmed": N_("not confirmed"),
    "pending": N_("to come"),
    "shared": N_("sharing an address"),
}
_CONTACTS: Mapping[str, str] = {
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "open": N_("opened"),
    "click": N_("clicked"),
    "soft_bounce": N_("bounced for now"),
    "hard_bounce": N_("bounced for good"),
    "unsubscribe": N_("unsubscribed"),
    "complaint": N_("complained"),
    "dry_run": N_("dry run"),
}
_MODES: Mapping[str, str] = {Mode.DRY: N_("Dry run"), Mode.LIVE: N_("Live")}
_SUPPRESSIONS: Mapping[str, str] = {
    "opt_out": N_("Opted out"),
    "unsubscribe": N_("Unsubscribed"),
    "complaint": N_("Complained"),
    "hard_bounce": N_("Bounced for good"),
    "blocked": N_("Blocked at Brevo"),
    "manual": N_("Entered by hand"),
}
_SOURCES: Mapping[str, str] = {
    "import": N_("A file"),
    "unsubscribe_link": N_("The link in a message"),
    "brevo_webhook": N_("Told by Brevo"),
    "brevo_blocked": N_("Brevo's own list"),
}
_PROTOCOLS: Mapping[str, str] = {
    ROLLING: N_("What was bought after dates of the past"),
    LAST_BASKET: N_("The last basket of each customer"),
}
_VERDICTS: Mapping[str, str] = {
    Verdict.BETTER: N_("Better"),
    Verdict.WORSE: N_("Worse"),
    Verdict.NO_DIFFERENCE: N_("No difference seen"),
    Verdict.NOT_ENOUGH: N_("Not enough data"),
}


def protocol_title(protocol: str) -> str:
    """Return what a backtest of this protocol foretells."""
    return _(_PROTOCOLS[protocol])


def verdict_title(verdict: str) -> str:
    """Return the verdict of a backtest in two or three words."""
    return _(_VERDICTS[verdict])


def system_title(system: str) -> str:
    """Return what a backtest compares: the recommender, a baseline."""
    return _(SYSTEM_TITLES[system])


def scenario_title(scenario: str) -> str:
    """Return the title of a scenario, a dash for none."""
    return _(SCENARIO_TITLES[Scenario(scenario)]) if scenario else NO_VALUE


def severity_title(severity: str) -> str:
    """Return the title of a severity."""
    return _(_SEVERITIES[severity])


def severity_choice(severity: str) -> str:
    """Return the title of what a rule may be: of INFO nothing is repaired, and some may be off."""
    return _(RULE_CHOICES[severity])


def reason_title(code: str) -> str:
    """Return the title of a rule or of a verdict's reason; an unknown code stays itself."""
    return _(REASON_TITLES.get(code, code))


def loss_title(code: str) -> str:
    """Return why somebody of a run is not written to."""
    return _(LOSS_SENTENCES[code]) if code in LOSS_SENTENCES else reason_title(code)


def bucket_title(bucket: str) -> str:
    """Return the title of what became of a row of a file."""
    return _(_BUCKETS[bucket])


def state_title(state: str) -> str:
    """Return the title of a customer's state."""
    return _(STATE_TITLES.get(state, state))


def segment_title(segment: str) -> str:
    """Return the title of a segment."""
    return _(SEGMENT_TITLES.get(segment, segment))


def run_state_title(status: str) -> str:
    """Return the title of a run's status."""
    return _(_RUN_STATES[status])


def import_state_title(status: str) -> str:
    """Return the title of an import's status."""
    return _(_IMPORT_STATES.get(status, status))


def campaign_state_title(state: str) -> str:
    """Return the title of a campaign's state."""
    return _(_CAMPAIGN_STATES.get(state, state))


def kind_title(kind: str | None) -> str:
    """Return the title of a kind of file, a dash while it is not known."""
    return _(FILE_KIND_TITLES[FileKind(kind)]) if kind else NO_VALUE


def sum_title(name: str, mode: str) -> str:
    """Return the title of one of a campaign's sums, in small letters."""
    return _("worked through") if (name, mode) == ("sent", Mode.DRY) else _(_SUMS[name])


def mode_title(mode: str) -> str:
    """Return whether a campaign is rehearsed or sent."""
    return _(_MODES[mode])


def suppression_title(reason: str) -> str:
    """Return why somebody must not be written to."""
    return _(_SUPPRESSIONS.get(reason, reason))


def source_title(source: str) -> str:
    """Return who told that somebody must not be written to."""
    return _(_SOURCES.get(source, source))


def contact_title(status: str) -> str:
    """Return what happened to a message, in small letters."""
    return _(_CONTACTS.get(status, status))
