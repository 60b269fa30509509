"""The audit trail: entries that the app can add and read, and no more."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import append_only, row_security

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_table(
        "audit_trail",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("details_json", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number", name="pk_audit_trail"),
    )
    op.create_index(
        "ix_audit_trail_tenant_id_action_number", "audit_trail", ["tenant_id", "action", "number"]
    )
    op.create_table(
        "audit_trail_head",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_audit_trail_head"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("audit_trail", "audit_trail_head"):
            for statement in row_security(table):
                op.execute(statement)
        op.execute(append_only("audit_trail"))
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_trail_no_{verb.lower()} BEFORE {verb} ON audit_trail"
            " BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END"
        )
