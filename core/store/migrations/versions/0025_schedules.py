"""What a company lets do by itself at set times, and each time it was done."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant, row_security

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if part == "identity":
        _make_schedules("identity" if on_postgres else None)
        if on_postgres:
            op.execute(identity_grant("schedule"))
    elif part == "data":
        _make_occurrences()
        if on_postgres:
            for statement in row_security("occurrence"):
                op.execute(statement)


def _make_schedules(schema: str | None) -> None:
    op.create_table(
        "schedule",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("schedule_id", UID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("weekdays", sa.Text(), nullable=False),
        sa.Column("at_time", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("user_id", UID, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "schedule_id", name="pk_schedule"),
        schema=schema,
    )
    op.create_index("ix_schedule_next_at", "schedule", ["next_at"], schema=schema)


def _make_occurrences() -> None:
    op.create_table(
        "occurrence",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("occurrence_id", UID, nullable=False),
        sa.Column("schedule_id", UID, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("plan_json", sa.Text(), nullable=False),
        sa.Column("report_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "occurrence_id", name="pk_occurrence"),
    )
