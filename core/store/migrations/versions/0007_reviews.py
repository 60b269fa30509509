"""Reviews: decisions on a run's lists, and rows that count from one review until another.

The rows of the runs that are there count in every review; they have no reserve of candidates.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
KEYS = {
    "reco_output": ["tenant_id", "run_id", "customer", "rank"],
    "audit_output": ["tenant_id", "run_id", "customer", "issue_no"],
    "next_action_output": ["tenant_id", "run_id", "customer"],
}
NEW_TABLES = ("run_reserve", "review_decision")


def upgrade(part: str) -> None:
    if part != "data":
        return
    for table, key in KEYS.items():
        _date_rows(table, [*key, "since_review"])
    op.add_column("run", sa.Column("review_no", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("run", sa.Column("review_summary_json", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("review_qc_json", sa.Text(), nullable=True))
    op.add_column(
        "campaign", sa.Column("review_no", sa.Integer(), nullable=False, server_default="0")
    )
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)


def _date_rows(table: str, key: Sequence[str]) -> None:
    """Add from and until which review a row counts, the first of them to the key."""
    name = f"pk_{table}"
    with op.batch_alter_table(table) as batch:
        batch.add_column(
            sa.Column("since_review", sa.Integer(), nullable=False, server_default="0")
        )
        batch.add_column(sa.Column("until_review", sa.Integer(), nullable=True))
        batch.drop_constraint(name, type_="primary")
        batch.create_primary_key(name, list(key))


def _create_tables() -> None:
    op.create_table(
        "run_reserve",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("candidates_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "customer", name="pk_run_reserve"),
    )
    op.create_table(
        "review_decision",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("decision_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen_review", sa.Integer(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("product_key", sa.Text(), nullable=True),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("filter_json", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("applied_review", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_review", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "decision_no", name="pk_review_decision"),
    )
