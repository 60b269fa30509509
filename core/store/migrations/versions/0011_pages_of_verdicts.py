"""Pages of verdicts, read from one index; verdicts know the products of their lists.

The index holds what a page is ordered and mostly filtered by, customers by their bytes, so that the
ten thousandth page reads no table. Rows of earlier runs know no products: their lists are read.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "next_action_output"


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.add_column(TABLE, sa.Column("listed", sa.Text(), nullable=True))
    op.drop_index("ix_next_action_output_tenant_id_run_id_audit_score_customer", TABLE)
    collation = ' COLLATE "C"' if op.get_bind().dialect.name == "postgresql" else ""
    by_bytes = sa.text(f"customer{collation}")
    columns: list[str | sa.TextClause] = ["tenant_id", "run_id", "audit_score", by_bytes]
    op.create_index(
        "ix_next_action_output_page", TABLE, [*columns, "reason", "since_review", "until_review"]
    )
