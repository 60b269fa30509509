"""The contact that a live message leaves once it is known to have been sent, by whatever proof."""

from datetime import datetime

from core.services.addressee_checks import local_day
from core.store.deliveries import DeliveryRow, store_contacts
from core.store.tenant import TenantStore, Transaction
from core.store.wishes import CHANNEL

_SENT = "sent"


def note_sent(
    store: TenantStore, tx: Transaction, campaign_id: str, row: DeliveryRow, at: datetime
) -> None:
    """Enter the contact of a message that was sent, on the tenant's day of `at`."""
    day = local_day(store, at)
    store_contacts(tx, campaign_id, [row], status=_SENT, channel=CHANNEL, day=day)
