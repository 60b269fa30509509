"""Send a campaign, live or dry, as it was prepared."""

import duckdb

from core.outreach.outcomes import PauseReason
from core.outreach.protocol import Mode
from core.services.brevo_account import open_brevo
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.live_outcomes import pause_campaign
from core.services.live_start import leave_claims
from core.services.live_switch import sends_live
from core.services.prepare_campaign import BUSY, lock_name
from core.services.progress import Progress, no_progress
from core.services.send_dry import send_dry
from core.services.send_live import send_live
from core.store import locks
from core.store.tenant import TenantStore


def send(store: TenantStore, campaign_id: str, progress: Progress = no_progress) -> CampaignStatus:
    """Work through a campaign in the mode it was prepared for; return its sums.

    A live one is paused where the instance does not send live, for it would be asked for again and
    again, and what a dead process had claimed of it is left in doubt. Raises `NotFound`, and `Busy`
    while another process works on it.
    """
    if status_of(store, campaign_id).mode == Mode.DRY:
        return send_dry(store, campaign_id, progress)
    if not sends_live(store):
        pause_campaign(store, campaign_id, PauseReason.NOT_LIVE)
        with locks.exclusive(store, lock_name(campaign_id), BUSY), duckdb.connect() as con:
            leave_claims(store, con, campaign_id)
        return status_of(store, campaign_id)
    with open_brevo(store) as brevo:
        return send_live(store, campaign_id, brevo, progress)
