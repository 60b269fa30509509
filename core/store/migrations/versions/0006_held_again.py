"""Held rows know the import that holds their line again, so that the desk counts a line once."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part == "data":
        op.add_column("held_row", sa.Column("again_seq", sa.BigInteger(), nullable=True))
