"""Calls of programs that a killed process had begun, and how far a campaign is let go."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")


def upgrade(part: str) -> None:
    if part == "data":
        op.add_column("api_reply", sa.Column("call_id", UID, nullable=True))
        op.add_column("api_reply", sa.Column("begun_json", sa.Text(), nullable=True))
        op.add_column("campaign", sa.Column("last_batch", sa.Integer(), nullable=True))
