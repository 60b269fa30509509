"""What campaigns wait for without anybody asking: a worker looks every minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.outreach.protocol import CampaignState
from core.services.accounts import SYSTEM
from core.services.brevo_account import open_brevo
from core.services.campaign_control import start_due
from core.services.campaign_doubts import note_reading
from core.services.live_switch import may_ask_brevo
from core.services.reconcile_campaign import MISSED_FOR, Reconciliation, reconcile
from core.store.campaigns import campaigns_in, stranded_campaigns
from core.store.doubtful import unsure_campaigns
from core.store.tenant import TenantStore

_EVENTS_AFTER = timedelta(minutes=10)
"""Brevo shows the events of a message some minutes after it was taken."""


@dataclass(frozen=True, kw_only=True)
class DueWork:
    """Campaigns by what they wait for."""

    to_send: Sequence[str]
    to_reconcile: Sequence[str]


def due_work(store: TenantStore) -> DueWork:
    """Return the campaigns that a sender must work on, and those whose events may settle something.

    What is confirmed for a moment that has come is set sending. A sender also ends what a dead one
    had claimed of one that is not being sent. An instance that sends nothing asks for no events.
    """
    start_due(store)
    now, asks = store.store.now(), may_ask_brevo(store)
    with store.read() as tx:
        unsure = unsure_campaigns(tx, now - _EVENTS_AFTER, now - MISSED_FOR) if asks else []
        stranded = stranded_campaigns(tx, with_live=asks)
        to_send = [*campaigns_in(tx, CampaignState.SENDING), *stranded]
        return DueWork(to_send=to_send, to_reconcile=unsure)


def ask_brevo(store: TenantStore, campaign_id: str) -> Reconciliation:
    """Reconcile a campaign with the events of Brevo; raise what `reconcile` raises.

    What the reading brought stands in the journal, for who comes later.
    """
    with open_brevo(store) as brevo:
        brought = reconcile(store, SYSTEM, campaign_id, brevo)
    note_reading(store, campaign_id, brought)
    return brought
