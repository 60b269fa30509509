"""Who is held out of a campaign, and indexes by which its results are counted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.add_column(
        "campaign", sa.Column("holdout_share", sa.Double(), nullable=False, server_default="0")
    )
    op.create_table(
        "campaign_holdout",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("campaign_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "customer", name="pk_campaign_holdout"),
    )
    op.create_index(
        "ix_delivery_tenant_id_campaign_id_customer",
        "delivery",
        ["tenant_id", "campaign_id", "customer"],
    )
    # With the event in it, the events of a campaign are counted from the index alone.
    op.drop_index("ix_brevo_event_tenant_id_campaign_id_delivery_no", "brevo_event")
    op.create_index(
        "ix_brevo_event_tenant_id_campaign_id_delivery_no_event",
        "brevo_event",
        ["tenant_id", "campaign_id", "delivery_no", "event"],
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in row_security("campaign_holdout"):
            op.execute(statement)
