"""What a run says of all customers together, for the page Insights."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0031"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_table(
        "run_insight",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("figures_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "name", name="pk_run_insight"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in row_security("run_insight"):
            op.execute(statement)
