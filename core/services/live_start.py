"""The start of a live send: what must hold before anything is claimed, and what a dead one left."""

from collections.abc import Callable, Sequence
from typing import Protocol

from duckdb import DuckDBPyConnection

from core.errors import CrmError, Refused
from core.i18n import N_
from core.outreach.brevo_records import Template
from core.outreach.brevo_template import fault_of, parse_template_name
from core.outreach.outcomes import PauseReason
from core.outreach.payload import campaign_tag
from core.outreach.protocol import CampaignState, DeliveryState, Mode
from core.outreach.replies import EmailReply, classify_failure
from core.services.accounts import SYSTEM, Role, role_of
from core.services.campaign_claims import Sender, become_sender
from core.services.campaign_control import find_known
from core.services.live_outcomes import RESTARTED, Landing, give_up, pause_sending, record
from core.services.live_switch import sends_live
from core.services.pull_refusals import Watch
from core.store.campaign_log import last_log
from core.store.live_deliveries import Flight, load_flights, planned_addresses
from core.store.senders import current_epoch, raise_epoch
from core.store.tenant import TenantStore
from core.store.watermarks import read_watermark

_ALL = 1_000_000


class Mailer(Protocol):
    """What a send needs of Brevo."""

    def send_email(self, body: bytes, is_in_time: Callable[[], bool]) -> EmailReply:
        """Post one message if it is still in time when its bytes leave.

        Never raises for what the network or Brevo does.
        """

    def refuse_known(self, store: TenantStore, watch: Watch) -> bool:
        """Take over whom Brevo knows must not be written to; raise `CrmError` when it cannot.

        Returns False when `watch` ended it before that.
        """

    def written_to(self, tag: str) -> Sequence[str]:
        """Return to whom the newest messages under a tag went; raise `CrmError` when it cannot."""

    def template(self, template_id: int) -> Template | None:
        """Return a template as it is now, or None; raise `CrmError` when it cannot."""


def begin_live(
    store: TenantStore, con: DuckDBPyConnection, campaign_id: str, mailer: Mailer
) -> tuple[Sender, Sequence[Flight]] | None:
    """Become the sender of a campaign; return it with the claims to be tried again, or None.

    What a dead process had claimed may have left: it is tried again with its own bytes, or
    unconfirmed. The campaign is paused when the instance does not send live, when who confirmed it
    may no longer send, when Brevo or this machine knows more of it than the data, and when the
    template at Brevo is not the one that it was prepared with.
    """
    sender, left = _succeed(store, con, campaign_id)
    if sender.campaign.state != CampaignState.SENDING:
        give_up(sender, left)
        return None
    reason = _reason_to_wait(sender, mailer)
    if reason is not None:
        pause_sending(sender, reason)
        return None
    return sender, _take_up(sender, left)


def leave_claims(store: TenantStore, con: DuckDBPyConnection, campaign_id: str) -> None:
    """Leave in doubt what a dead process had claimed of a campaign that is not being sent."""
    sender, left = _succeed(store, con, campaign_id)
    if sender.campaign.state != CampaignState.SENDING:
        give_up(sender, left)


def _succeed(
    store: TenantStore, con: DuckDBPyConnection, campaign_id: str
) -> tuple[Sender, Sequence[Flight]]:
    """Become the next sender of a campaign; return it with what the one before had claimed."""
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        if campaign.mode != Mode.LIVE:
            raise Refused(N_("This campaign is a dry run: nothing of it is sent."))
        sender = become_sender(store, tx, con, campaign)
        return sender, load_flights(tx, campaign_id, state=DeliveryState.CLAIMED, limit=_ALL)


def may_still_send(sender: Sender) -> bool:
    """Tell whether who confirmed the campaign is still allowed to."""
    user = sender.campaign.confirmed_user
    if user is None or user == SYSTEM.user_id:
        return user is not None
    role = role_of(sender.store.store, user, sender.store.tenant_id)
    return role in (Role.ANALYST, Role.ADMIN)


def _reason_to_wait(sender: Sender, mailer: Mailer) -> PauseReason | None:
    if not sends_live(sender.store):
        return PauseReason.NOT_LIVE
    if not may_still_send(sender):
        return PauseReason.ROLE_LOST
    try:
        if _is_behind(sender, mailer):
            return PauseReason.RESTORED
        return _template_fault(sender, mailer)
    except CrmError:
        return PauseReason.UNREACHABLE


def _template_fault(sender: Sender, mailer: Mailer) -> PauseReason | None:
    """Return what became of the campaign's template at Brevo; asked once, not for each message."""
    template_id = parse_template_name(sender.campaign.template)
    if template_id is None:
        return None
    return fault_of(mailer.template(template_id), sender.campaign.template_sha256)


def _is_behind(sender: Sender, mailer: Mailer) -> bool:
    """Tell whether the data were brought back from a backup; if so, the epoch is raised once."""
    store, campaign = sender.store, sender.campaign
    with store.read() as tx:
        if campaign.epoch != current_epoch(tx):
            return True
        reached = (campaign.epoch, last_log(tx, campaign.campaign_id))
    is_behind = reached < read_watermark(store, campaign.campaign_id)
    if not is_behind:
        written = mailer.written_to(campaign_tag(campaign.campaign_id))
        with store.read() as tx:
            is_behind = bool(planned_addresses(tx, campaign.campaign_id, written))
    if is_behind:
        with store.begin() as tx:
            raise_epoch(tx, store.store.now(), SYSTEM.username)
    return is_behind


def _take_up(sender: Sender, left: Sequence[Flight]) -> list[Flight]:
    if not left:
        return []
    reply = classify_failure(RESTARTED)
    landings = [Landing(flight=flight, reply=reply) for flight in left]
    decisions = record(sender, landings)
    return [
        flight.tried_again()
        for flight, decision in zip(left, decisions, strict=True)
        if decision.after is None
    ]
