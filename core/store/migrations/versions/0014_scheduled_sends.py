"""Scheduled sends: a campaign that is confirmed for a moment to come."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part == "data":
        op.add_column("campaign", sa.Column("start_at", sa.DateTime(timezone=True), nullable=True))
