"""Send a campaign, live or dry, as it was prepared."""

from core.outreach.protocol import Mode
from core.services.brevo_account import open_brevo
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.progress import Progress, no_progress
from core.services.send_dry import send_dry
from core.services.send_live import send_live
from core.store.tenant import TenantStore


def send(store: TenantStore, campaign_id: str, progress: Progress = no_progress) -> CampaignStatus:
    """Work through a campaign in the mode it was prepared for; return its sums.

    Raises `NotFound`, and `Busy` while another process works on it.
    """
    if status_of(store, campaign_id).mode == Mode.DRY:
        return send_dry(store, campaign_id, progress)
    with open_brevo(store) as brevo:
        return send_live(store, campaign_id, brevo, progress)
