"""A live campaign that is sent in the test's process, and what its customers bought since."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from core.outreach.protocol import Mode
from core.services import prepare_campaign
from core.services.campaign_control import confirm_live
from core.services.campaign_reports import status_of
from core.services.prepare_campaign import prepare
from core.services.send_live import send_live
from core.store.tenant import Store, TenantStore
from tests.contract.campaign_data import ANALYST, NOW, Person, fill_run
from tests.contract.live_data import Clock, FakeBrevo, go_live

SENT_ON = NOW.date()


def send_at_once(store: Store, clock: Clock, patch: pytest.MonkeyPatch) -> None:
    """Let an instance send live on the test's clock, in batches of any size."""
    go_live(store, patch, clock, brevo_in_flight=16)
    patch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)


def prepare_held_out(
    tenant: TenantStore, persons: Sequence[Person], share: float, run_id: str | None = None
) -> str:
    """Prepare and confirm a live campaign that holds a share of these people out."""
    run_id = fill_run(tenant, persons, run_id=run_id)
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", mode=Mode.LIVE, holdout_share=share)
    confirm_live(tenant, ANALYST, campaign_id, status_of(tenant, campaign_id).pending)
    return campaign_id


def send_all(tenant: TenantStore, campaign_id: str, clock: Clock) -> None:
    """Send what is planned to a Brevo that takes everything."""
    send_live(tenant, campaign_id, FakeBrevo(clock=clock), sleep=clock.sleep)


def held_out_of(tenant: TenantStore, campaign_id: str) -> dict[str, str]:
    """Return the segment of each customer held out of a campaign."""
    with tenant.read() as tx:
        rows = tx.rows(
            "SELECT customer, segment FROM campaign_holdout"
            " WHERE tenant_id = :tenant AND campaign_id = :id",
            id=campaign_id,
        )
    return {row["customer"]: row["segment"] for row in rows}


def sell(
    tenant: TenantStore,
    customer: str,
    cents: int,
    *,
    document: str | None = None,
    days: int = 1,
    units: int = 1,
    status: str | None = None,
    to_seq: int | None = None,
) -> None:
    """Enter a sale line so many days after the campaign was sent; negative units are a return."""
    with tenant.begin() as tx:
        tx.execute(
            "INSERT INTO sale_line (tenant_id, line_key, from_seq, to_seq, file_id, document_id,"
            " product_key, customer, quantity_milli, amount_cents, sale_date, document_status)"
            " VALUES (:tenant, :key, 0, :to_seq, 0, :document, 'RIE', :customer, :quantity,"
            " :cents, :day, :status)",
            key=str(uuid.uuid4()),
            to_seq=to_seq,
            document=document or str(uuid.uuid4()),
            customer=customer,
            quantity=1000 * units,
            cents=cents,
            day=SENT_ON + timedelta(days=days),
            status=status,
        )


def export_sales(
    tenant: TenantStore, exported_at: datetime, as_of: date, status: str = "loaded"
) -> None:
    """Enter an import of a file of sales in the ledger."""
    import_id = str(uuid.uuid4())
    with tenant.begin() as tx:
        tx.execute(
            "INSERT INTO imports (tenant_id, import_id, status, as_of, created_at, created_by)"
            " VALUES (:tenant, :id, :status, :as_of, :at, 'test')",
            id=import_id,
            status=status,
            as_of=as_of,
            at=exported_at,
        )
        tx.execute(
            "INSERT INTO import_file (tenant_id, import_id, file_no, name, kind, sha256, bytes,"
            " exported_at) VALUES (:tenant, :id, 1, 'sales.csv', 'sales', '', 1, :at)",
            id=import_id,
            at=exported_at,
        )
