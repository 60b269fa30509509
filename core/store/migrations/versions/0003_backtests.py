"""Backtests: what was asked for and what was found, per tenant."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_table(
        "backtest",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("backtest_id", UID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("options_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("report_json", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "backtest_id", name="pk_backtest"),
    )
    op.create_index("ix_backtest_tenant_id_created_at", "backtest", ["tenant_id", "created_at"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in row_security("backtest"):
            op.execute(statement)
