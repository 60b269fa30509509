"""Events that Brevo tells, and the secrets of the addresses under which it tells them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant, row_security

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    create = {"data": _create_events, "identity": _create_secrets}[part]
    create()
    if not _on_postgres():
        return
    statements = {
        "data": row_security("brevo_event"),
        "identity": (identity_grant("webhook_secret"),),
    }
    for statement in statements[part]:
        op.execute(statement)


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _create_events() -> None:
    op.create_table(
        "brevo_event",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("campaign_id", UID, nullable=True),
        sa.Column("delivery_no", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "event_key", name="pk_brevo_event"),
    )
    op.create_index(
        "ix_brevo_event_tenant_id_campaign_id_delivery_no",
        "brevo_event",
        ["tenant_id", "campaign_id", "delivery_no"],
        unique=False,
    )


def _create_secrets() -> None:
    schema = "identity" if _on_postgres() else None
    op.create_table(
        "webhook_secret",
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("secret_sha256", name="pk_webhook_secret"),
        schema=schema,
    )
    op.create_index(
        "ix_webhook_secret_tenant_id", "webhook_secret", ["tenant_id"], unique=False, schema=schema
    )
