"""Contacts pushed to Brevo, and how far its lists of who must not be written to are read."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0013"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = ("contact_push", "contact_pull")


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_table(
        "contact_push",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("email_norm", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("pushed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "email_norm", name="pk_contact_push"),
    )
    op.create_table(
        "contact_pull",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=True),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("next_offset", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "source", name="pk_contact_pull"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)
