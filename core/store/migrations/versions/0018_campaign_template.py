"""What a template kept at Brevo said when a campaign was prepared with it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade(part: str) -> None:
    if part == "data":
        op.add_column("campaign", sa.Column("template_json", sa.Text(), nullable=True))
