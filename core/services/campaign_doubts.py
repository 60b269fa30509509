"""What is known of a campaign's unsure messages: what the last reading brought, when another helps.

A reading of Brevo's events leaves one line in the journal, by whomever it was asked for.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from core.services.campaign_control import find_known
from core.services.live_switch import may_ask_brevo
from core.services.reconcile_campaign import Reconciliation
from core.store.campaign_log import append_logs, find_last_log
from core.store.event_reads import reads_left
from core.store.senders import current_epoch
from core.store.tenant import TenantStore, as_moment

READ = "events_read"
"""The journal's event of a reading."""


@dataclass(frozen=True, kw_only=True)
class LastReading:
    """When the events were read last, and what that brought."""

    at: datetime
    brought: Reconciliation


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """The last reading, None before the first, and how many more the hour permits.

    `may_ask`: this instance may read the events; where it may not, a person is asked instead.
    `is_restored`: a backup was brought back, and the campaign stands still until it is reconciled.
    """

    last: LastReading | None
    reads_left: int
    is_restored: bool
    may_ask: bool


def note_reading(store: TenantStore, campaign_id: str, brought: Reconciliation) -> None:
    """Enter in the journal what a reading of the events has brought."""
    detail = asdict(brought)
    if brought.settles_at is not None:
        detail["settles_at"] = brought.settles_at.isoformat()
    with store.begin() as tx:
        campaign = find_known(tx, campaign_id)
        entry = {"event": READ, "detail": detail}
        append_logs(tx, campaign_id, campaign.mode, store.store.now(), [entry])


def doubts_of(store: TenantStore, campaign_id: str) -> Doubts:
    """Return what is known of a campaign's unsure messages; raise `NotFound`."""
    with store.read() as tx:
        campaign = find_known(tx, campaign_id)
        line = find_last_log(tx, campaign_id, READ)
        last = None
        if line is not None:
            detail = {**line.detail, "settles_at": as_moment(line.detail["settles_at"])}
            last = LastReading(at=line.created_at, brought=Reconciliation(**detail))
        return Doubts(
            last=last,
            reads_left=reads_left(tx, store.store.now()),
            is_restored=campaign.epoch != current_epoch(tx),
            may_ask=may_ask_brevo(store),
        )
