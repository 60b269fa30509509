"""What an answer makes of a delivery: the table of the send protocol, pure.

A delivery has one key per claim. While it is unknown whether a try with that key was taken, only
the same bytes with the same key may be tried again, few times and while Brevo surely remembers the
key; after that nobody but an event, a webhook or a person decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from core.i18n import N_
from core.outreach.protocol import DeliveryState
from core.outreach.replies import EmailOutcome, EmailReply

MAX_TRIES = 3
"""Posts with one key."""
REPLAY_AGE = timedelta(minutes=8)
"""After the claim; Brevo forgets a key after 15 minutes at the earliest."""
PROOF_HTTP = "http_201"
PROOF_EVENT = "event"
PROOF_WEBHOOK = "webhook"
PROOF_OPERATOR = "operator"

LEAST_WAIT_SECONDS = 1.0
"""After an answer that names no time, and before a server that cannot be reached is tried again."""


class PauseReason(StrEnum):
    """Why a campaign stands still until somebody lets it go on."""

    BY_HAND = "BY_HAND"
    NEXT_BATCH = "NEXT_BATCH"
    WORK_ENDED = "WORK_ENDED"
    NOT_LIVE = "NOT_LIVE"
    ROLE_LOST = "ROLE_LOST"
    RESTORED = "RESTORED"
    KEY_REFUSED = "KEY_REFUSED"
    NO_CREDIT = "NO_CREDIT"
    FORBIDDEN = "FORBIDDEN"
    UNREACHABLE = "UNREACHABLE"
    UNCLEAR = "UNCLEAR"
    REJECTIONS = "REJECTIONS"
    REFUSALS_UNKNOWN = "REFUSALS_UNKNOWN"
    TEMPLATE_GONE = "TEMPLATE_GONE"
    TEMPLATE_INACTIVE = "TEMPLATE_INACTIVE"
    TEMPLATE_CHANGED = "TEMPLATE_CHANGED"


PAUSE_SENTENCES: Mapping[PauseReason, str] = {
    PauseReason.BY_HAND: N_("Somebody paused it."),
    PauseReason.NEXT_BATCH: N_(
        "A program works on it batch by batch and has not asked for the next one yet."
    ),
    PauseReason.WORK_ENDED: N_(
        "Its work was stopped or given up: the Jobs page says why. Resume to go on."
    ),
    PauseReason.NOT_LIVE: N_(
        "Live sending is switched off here. Set BREVO_DRY_RUN=0, start again, then resume."
    ),
    PauseReason.ROLE_LOST: N_(
        "Who confirmed it may no longer send. Let somebody who may confirm it, then resume."
    ),
    PauseReason.RESTORED: N_(
        "The data are older than what Brevo has sent: a backup was brought back."
        " Reconcile the campaign, then resume."
    ),
    PauseReason.KEY_REFUSED: N_("Brevo refuses the API key. Correct BREVO_API_KEY, then resume."),
    PauseReason.NO_CREDIT: N_("The credit at Brevo is used up. Top it up there, then resume."),
    PauseReason.FORBIDDEN: N_(
        "Brevo does not permit sending with this key. Look at the account there, then resume."
    ),
    PauseReason.UNREACHABLE: N_("Brevo cannot be reached. Look at the network, then resume."),
    PauseReason.UNCLEAR: N_(
        "Brevo gave no clear answer many times in a row. Look at its status page, then resume."
    ),
    PauseReason.REJECTIONS: N_(
        "Brevo rejected many messages in a row. Look at the reason in the journal, then resume."
    ),
    PauseReason.REFUSALS_UNKNOWN: N_(
        "The addresses that Brevo must not write to could not be read. Resume to try again."
    ),
    PauseReason.TEMPLATE_GONE: N_(
        "The template is no longer at Brevo. Cancel this campaign and prepare it with another."
    ),
    PauseReason.TEMPLATE_INACTIVE: N_(
        "The template is no longer active at Brevo. Activate it there, then resume."
    ),
    PauseReason.TEMPLATE_CHANGED: N_(
        "The template was changed at Brevo since this campaign was prepared. Put it back as it was"
        " and resume, or cancel this campaign and prepare it again."
    ),
}

_PAUSE_OF_STATUS = {
    401: PauseReason.KEY_REFUSED,
    402: PauseReason.NO_CREDIT,
    403: PauseReason.FORBIDDEN,
}
_PAUSE_OF_CODE = {
    "unauthorized": PauseReason.KEY_REFUSED,
    "not_enough_credits": PauseReason.NO_CREDIT,
}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a delivery: its next state, or None for the same bytes once more.

    `wait_seconds` is how long nothing may be posted, `pause` why the campaign stops.
    """

    after: DeliveryState | None
    error_code: str | None = None
    proof: str | None = None
    message_id: str | None = None
    pause: PauseReason | None = None
    wait_seconds: float = 0.0


def may_be_posted(age: timedelta) -> bool:
    """Tell whether Brevo surely remembers the key of a claim this old.

    A claim of a moment to come was made before a clock was set back: its age is not known.
    """
    return timedelta(0) <= age < REPLAY_AGE


def decide(reply: EmailReply, *, unclear: int, age: timedelta) -> Decision:
    """Return what `reply` makes of a delivery claimed `age` ago.

    `unclear` counts the earlier tries with this key of which nobody knows whether they were taken.
    """
    if reply.outcome == EmailOutcome.ACCEPTED:
        return Decision(after=DeliveryState.SENT, proof=PROOF_HTTP, message_id=reply.message_id)
    if reply.outcome == EmailOutcome.DUPLICATE:
        return Decision(after=DeliveryState.UNCONFIRMED, error_code=_code(reply))
    if reply.outcome == EmailOutcome.AMBIGUOUS:
        return _try_again(reply, unclear + 1, age)
    if unclear:
        return _after_unclear(reply, unclear, age)
    if reply.outcome == EmailOutcome.REJECTED:
        return Decision(after=DeliveryState.FAILED, error_code=_code(reply))
    # Nothing was taken: it is planned again, for another claim with another key.
    return _halted(DeliveryState.PLANNED, reply)


def _try_again(reply: EmailReply, tries: int, age: timedelta) -> Decision:
    if tries >= MAX_TRIES or not may_be_posted(age):
        return Decision(after=DeliveryState.UNCONFIRMED, error_code=_code(reply))
    return Decision(after=None, error_code=_code(reply))


def _after_unclear(reply: EmailReply, unclear: int, age: timedelta) -> Decision:
    """A clear no to this try says nothing of the one before it."""
    if reply.outcome == EmailOutcome.NOT_BEGUN:
        return _try_again(reply, unclear + 1, age)
    return _halted(DeliveryState.UNCONFIRMED, reply)


def _halted(after: DeliveryState, reply: EmailReply) -> Decision:
    pause, wait = None, 0.0
    if reply.outcome == EmailOutcome.REFUSED:
        pause = _PAUSE_OF_CODE.get(reply.code or "") or _PAUSE_OF_STATUS.get(reply.status or 0)
        pause = pause or PauseReason.FORBIDDEN
    elif reply.outcome == EmailOutcome.LIMITED:
        wait = max(LEAST_WAIT_SECONDS, reply.wait_seconds or 0.0)
    elif reply.outcome == EmailOutcome.NOT_BEGUN:
        wait = LEAST_WAIT_SECONDS
    return Decision(after=after, error_code=_code(reply), pause=pause, wait_seconds=wait)


def _code(reply: EmailReply) -> str:
    return reply.code or reply.detail
