"""A company may demand a second factor of everybody."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part != "identity":
        return
    schema = "identity" if op.get_bind().dialect.name == "postgresql" else None
    op.add_column(
        "tenant",
        sa.Column("demands_factor", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema=schema,
    )
