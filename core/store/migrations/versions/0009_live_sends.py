"""Live sends: who confirmed a campaign and who sends it, and restores that hold it back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = ("send_epoch", "event_read")


def upgrade(part: str) -> None:
    if part != "data":
        return
    for name in ("sender_no", "epoch"):
        op.add_column("campaign", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("campaign", sa.Column("confirmed_recipients", sa.Integer(), nullable=True))
    op.add_column("campaign", sa.Column("confirmed_by", sa.Text(), nullable=True))
    op.add_column("campaign", sa.Column("confirmed_user", sa.Text(), nullable=True))
    op.add_column("campaign", sa.Column("confirmed_at", MOMENT, nullable=True))
    op.add_column("delivery", sa.Column("missed_at", MOMENT, nullable=True))
    op.create_index("ix_delivery_tenant_id_email_norm", "delivery", ["tenant_id", "email_norm"])
    op.create_table(
        "send_epoch",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_send_epoch"),
    )
    op.create_table(
        "event_read",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("read_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "read_no", name="pk_event_read"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)
