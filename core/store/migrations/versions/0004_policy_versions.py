"""Policies: a note with each version, previews of unsaved ones, what a run was made from.

Runs that are there have neither basis nor digests, so they are compared by their figures alone.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = ("policy_preview", "cause_trial")


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.add_column("policy", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("run", sa.Column("policy_version", sa.Integer(), nullable=True))
    op.add_column("run", sa.Column("basis_json", sa.Text(), nullable=True))
    op.add_column("next_action_output", sa.Column("list_digest", sa.BigInteger(), nullable=True))
    op.create_table(
        "policy_preview",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("preview_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("policy_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("result_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "preview_id", name="pk_policy_preview"),
    )
    op.create_table(
        "cause_trial",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("trial_id", UID, nullable=False),
        sa.Column("older_id", UID, nullable=False),
        sa.Column("newer_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("result_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "trial_id", name="pk_cause_trial"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)
