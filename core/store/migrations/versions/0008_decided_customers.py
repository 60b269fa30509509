"""Decisions of a review keep how many customers they meant."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part == "data":
        op.add_column("review_decision", sa.Column("customers", sa.Integer(), nullable=True))
