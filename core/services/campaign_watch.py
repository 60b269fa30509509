"""What campaigns wait for without anybody asking: a worker looks every minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.outreach.protocol import CampaignState
from core.services.accounts import SYSTEM
from core.services.brevo_account import open_brevo
from core.services.campaign_control import start_due
from core.services.campaign_doubts import note_reading
from core.services.live_switch import may_ask_brevo
from core.services.reconcile_campaign import MISSED_FOR, Reconciliation, reconcile
from core.services.unasked_doubts import EVENTS_AFTER, HANDED_AFTER, hand_over
from core.store.campaigns import campaigns_in, stranded_campaigns
from core.store.doubtful import unasked_campaigns, unsure_campaigns
from core.store.tenant import TenantStore


@dataclass(frozen=True, kw_only=True)
class DueWork:
    """Campaigns by what they wait for."""

    to_send: Sequence[str]
    to_reconcile: Sequence[str]


def due_work(store: TenantStore) -> DueWork:
    """Return the campaigns that a sender must work on, and those whose events may settle something.

    What is confirmed for a moment that has come is set sending. A sender also ends what a dead one
    had claimed of one that is not being sent. Where Brevo may not be asked, what has waited for its
    events long enough is handed to a person instead.
    """
    start_due(store)
    now = store.store.now()
    with store.read() as tx:
        if may_ask_brevo(store):
            unsure = unsure_campaigns(tx, now - EVENTS_AFTER, now - MISSED_FOR)
        else:
            unsure = unasked_campaigns(tx, now - HANDED_AFTER)
        to_send = [*campaigns_in(tx, CampaignState.SENDING), *stranded_campaigns(tx)]
        return DueWork(to_send=to_send, to_reconcile=unsure)


def settle_doubts(store: TenantStore, campaign_id: str) -> Reconciliation:
    """Ask Brevo what became of a campaign's unsure messages, or a person where it may not be asked.

    Raises what `reconcile` raises.
    """
    if not may_ask_brevo(store):
        return hand_over(store, campaign_id)
    return ask_brevo(store, campaign_id)


def ask_brevo(store: TenantStore, campaign_id: str) -> Reconciliation:
    """Reconcile a campaign with the events of Brevo; raise what `reconcile` raises.

    What the reading brought stands in the journal, for who comes later.
    """
    with open_brevo(store) as brevo:
        brought = reconcile(store, SYSTEM, campaign_id, brevo)
    note_reading(store, campaign_id, brought)
    return brought
