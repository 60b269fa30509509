"""What the Campaigns page and the command line show of campaigns."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.errors import NotFound
from core.i18n import N_
from core.outreach.audience import Audience, Loss, Step, parse_audience
from core.outreach.brevo_template import fill, has_placeholders, missing_params
from core.outreach.payload import PARAMS
from core.outreach.protocol import compute_sums
from core.store import campaign_journal, campaign_log, campaigns, deliveries
from core.store.campaigns import CampaignRow
from core.store.runs import find_run
from core.store.tenant import TenantStore, Transaction

PREVIEWS = 5
NO_CAMPAIGN = N_("There is no such campaign.")


@dataclass(frozen=True, kw_only=True)
class CampaignStatus:
    """A campaign's sums: planned is the sum of all that follow it, difference 0.

    `review_no` is the review of the run whose lists it writes, 0 for the run's own. `held_out` are
    customers whom it could write to and does not: they are not planned.
    """

    campaign_id: str
    run_id: str
    review_no: int
    template: str
    batch_size: int
    mode: str
    state: str
    planned: int
    sent: int
    failed: int
    suppressed: int
    shared: int
    review: int
    cancelled: int
    unconfirmed: int
    pending: int
    pause_reason: str | None = None
    start_at: datetime | None = None
    held_out: int = 0
    holdout_share: float = 0.0

    @property
    def difference(self) -> int:
        """How many are planned and not accounted for: 0, or somebody is lost."""
        return self.planned - self.accounted

    @property
    def accounted(self) -> int:
        """The sum of everything that became of the planned."""
        return (
            self.sent
            + self.failed
            + self.suppressed
            + self.shared
            + self.review
            + self.cancelled
            + self.unconfirmed
            + self.pending
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form, the difference included."""
        start_at = None if self.start_at is None else self.start_at.isoformat()
        return {**asdict(self), "start_at": start_at, "difference": self.difference}


@dataclass(frozen=True, kw_only=True)
class CampaignCard:
    """One line of the list of campaigns."""

    status: CampaignStatus
    created_at: datetime
    created_by: str
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One message as its recipient would see it; `state` is that of its delivery.

    Of a template at Brevo `params` are what it is given, `html` is what simple placeholders give,
    and `missing` are params that it does not use though it should. Subject and HTML are None where
    it was not looked at, the subject also when only Brevo can render it. Else `params` is None.
    """

    delivery_no: int
    batch_no: int
    customer: str
    email: str
    state: str
    subject: str | None
    html: str | None
    text: str | None
    payload: Mapping[str, Any]
    params: Mapping[str, Any] | None = None
    missing: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class LossPage:
    """A page of the customers lost for one reason, and how many there are in all."""

    customers: tuple[str, ...]
    total: int


def status_of(store: TenantStore, campaign_id: str) -> CampaignStatus:
    """Return the sums of a campaign as they stand; raise `NotFound`."""
    with store.read() as tx:
        return _status(tx, _found(tx, campaign_id))


def list_campaigns(
    store: TenantStore, *, limit: int = 50, offset: int = 0, run_id: str | None = None
) -> list[CampaignCard]:
    """Return the campaigns, newest first, of one run or of all."""
    with store.read() as tx:
        rows = campaigns.load_campaigns(tx, limit=limit, offset=offset, run_id=run_id)
        return [
            CampaignCard(
                status=_status(tx, row),
                created_at=row.created_at,
                created_by=row.created_by,
                finished_at=row.finished_at,
            )
            for row in rows
        ]


def _status(tx: Transaction, campaign: CampaignRow) -> CampaignStatus:
    journal = campaign_journal.load_journal(tx, campaign.campaign_id)
    return CampaignStatus(
        campaign_id=campaign.campaign_id,
        run_id=campaign.run_id,
        review_no=campaign.review_no,
        template=campaign.template,
        batch_size=campaign.batch_size,
        mode=campaign.mode,
        state=campaign.state,
        pause_reason=campaign.pause_reason,
        start_at=campaign.start_at,
        planned=journal.planned,
        shared=journal.shared,
        held_out=journal.held_out,
        holdout_share=campaign.holdout_share,
        **compute_sums(journal.states),
    )


def number_of_campaigns(store: TenantStore) -> int:
    """Return how many campaigns there are."""
    with store.read() as tx:
        return campaigns.count_campaigns(tx)


def cards_among(store: TenantStore, campaign_ids: Sequence[str]) -> list[CampaignRow]:
    """Return those of the ids that are campaigns; an id of somebody else's finds none."""
    with store.read() as tx:
        found = [campaigns.find_campaign(tx, campaign_id) for campaign_id in campaign_ids]
    return [campaign for campaign in found if campaign is not None]


def audience_of(store: TenantStore, campaign_id: str) -> Audience:
    """Return the funnel that was frozen with a campaign; raise `NotFound`."""
    with store.read() as tx:
        _found(tx, campaign_id)
        return parse_audience(campaign_journal.load_audience(tx, campaign_id))


def losses_of(
    audience: Audience, step: Step, reason: str, *, limit: int = 50, offset: int = 0
) -> LossPage:
    """Return a page of the customers whom a step of the funnel lost for `reason`."""
    none = Loss(step=step, reason=reason, customers=())
    found = next((x for x in audience.losses if (x.step, x.reason) == (step, reason)), none)
    return LossPage(customers=found.customers[offset : offset + limit], total=len(found.customers))


def previews(store: TenantStore, campaign_id: str, n: int = PREVIEWS) -> list[Preview]:
    """Return the first `n` messages as they were frozen; raise `NotFound`."""
    with store.read() as tx:
        _found(tx, campaign_id)
        rows = deliveries.load_deliveries(tx, campaign_id, limit=n)
        template = campaign_journal.load_template(tx, campaign_id)
    return [_preview(row, template) for row in rows]


def _preview(row: deliveries.DeliveryRow, template: Mapping[str, str] | None) -> Preview:
    payload = json.loads(row.payload)
    return Preview(
        delivery_no=row.delivery_no,
        batch_no=row.batch_no,
        customer=row.customer,
        email=row.email_norm,
        state=row.state,
        payload=payload,
        **(_filled(payload[PARAMS], template) if PARAMS in payload else _written(payload)),
    )


def _written(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "subject": payload["subject"],
        "html": payload["htmlContent"],
        "text": payload["textContent"],
    }


def _filled(params: Mapping[str, Any], template: Mapping[str, str] | None) -> dict[str, Any]:
    """Return a message of Brevo's as far as it can be filled here."""
    unseen = {"subject": None, "html": None, "text": None, "params": params}
    if template is None:
        return unseen
    subject = fill(template["subject"], params, is_html=False)
    return {
        **unseen,
        "subject": None if has_placeholders(subject) else subject,
        "html": fill(template["html"], params, is_html=True),
        "missing": missing_params(template["html"], params),
    }


def logs_of(
    store: TenantStore, campaign_id: str, limit: int = 50, offset: int = 0
) -> list[campaign_log.LogEntry]:
    """Return a page of a campaign's journal, newest line first; raise `NotFound`."""
    with store.read() as tx:
        _found(tx, campaign_id)
        return campaign_log.load_logs(tx, campaign_id, limit=limit, offset=offset)


def journal_of_run(
    store: TenantStore, run_id: str, *, limit: int = 50, offset: int = 0
) -> tuple[list[tuple[str, campaign_log.LogEntry]], int]:
    """Return a page of (campaign, line) of all campaigns of a run, newest first, and how many.

    Raises `NotFound` for a run that is not there.
    """
    with store.read() as tx:
        if find_run(tx, run_id) is None:
            raise NotFound(N_("There is no such run."))
        found = campaign_log.load_run_logs(tx, run_id, limit=limit, offset=offset)
        return found, campaign_log.count_run_logs(tx, run_id)


def number_of_logs(store: TenantStore, campaign_id: str) -> int:
    """Return how many lines a campaign's journal has; raise `NotFound`."""
    with store.read() as tx:
        _found(tx, campaign_id)
        return campaign_log.count_logs(tx, campaign_id)


def _found(tx: Transaction, campaign_id: str) -> CampaignRow:
    campaign = campaigns.find_campaign(tx, campaign_id)
    if campaign is None:
        raise NotFound(NO_CAMPAIGN)
    return campaign
