"""Messages that nobody is sure of, where Brevo may not be asked: after their time a person decides.

An instance that is switched to dry, or has no key, opens no socket. What a webhook has told of a
message settles it all the same; the rest is handed over when two readings would have been made.
"""

from datetime import datetime, timedelta

from core.outreach.outcomes import PROOF_WEBHOOK
from core.outreach.protocol import DeliveryState, check_move
from core.services.campaign_claims import log_entry
from core.services.campaign_control import find_known
from core.services.reconcile_campaign import MISSED_FOR, Reconciliation
from core.services.sent_contacts import note_sent
from core.store.brevo_events import find_proof, prove_sent
from core.store.campaign_log import append_logs
from core.store.deliveries import DeliveryRow
from core.store.doubtful import load_unasked, move_doubtful, newest_unasked
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore, Transaction

EVENTS_AFTER = timedelta(minutes=10)
"""Brevo shows the events of a message some minutes after it was taken."""
HANDED_AFTER = EVENTS_AFTER + MISSED_FOR
NOT_ASKED = "not_asked"

_AT_ONCE = 200  # messages of one transaction, which holds SQLite's write lock


def hand_over(store: TenantStore, campaign_id: str) -> Reconciliation:
    """Settle what webhooks told of, and hand to a person what has waited `HANDED_AFTER`.

    Opens no socket. `settles_at` is when the last of those that still wait is handed over. Raises
    `NotFound`.
    """
    found = to_review = 0
    while states := _hand_over_some(store, campaign_id):
        found += states.count(DeliveryState.SENT)
        to_review += states.count(DeliveryState.REVIEW)
    with store.read() as tx:
        newest = newest_unasked(tx, campaign_id)
    settles_at = None if newest is None else newest + HANDED_AFTER
    return Reconciliation(found=found, to_review=to_review, settles_at=settles_at)


def _hand_over_some(store: TenantStore, campaign_id: str) -> list[DeliveryState]:
    now = store.store.now()
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        hold_campaign(tx, campaign_id)
        rows = load_unasked(tx, campaign_id, now - HANDED_AFTER, _AT_ONCE)
        moved = [_settle(store, tx, campaign_id, row, now) for row in rows]
        append_logs(tx, campaign_id, campaign.mode, now, [entry for _, entry in moved])
    return [state for state, _ in moved]


def _settle(
    store: TenantStore, tx: Transaction, campaign_id: str, row: DeliveryRow, now: datetime
) -> tuple[DeliveryState, dict[str, object]]:
    message_id = find_proof(tx, campaign_id, row.delivery_no)
    if message_id is None:
        after, detail = DeliveryState.REVIEW, {"code": NOT_ASKED}
        check_move(DeliveryState(row.state), after)
        move_doubtful(tx, campaign_id, row, after, error_code=NOT_ASKED)
        return after, log_entry(row, after.lower(), detail)
    after, detail = DeliveryState.SENT, {"proof": PROOF_WEBHOOK, "message_id": message_id}
    check_move(DeliveryState(row.state), after)
    claimed_at = prove_sent(
        tx, campaign_id, row.delivery_no, message_id=message_id, proof=PROOF_WEBHOOK, at=now
    )
    assert claimed_at is not None
    note_sent(store, tx, campaign_id, row, claimed_at)
    return after, log_entry(row, after.lower(), detail)
