"""Shards of runs that are under way, and what they are worked out from."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0029"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.create_table(
        "run_part",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("part_no", sa.Integer(), nullable=False),
        sa.Column("chunk_no", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "part_no", "chunk_no", name="pk_run_part"),
    )
    op.create_table(
        "run_shard",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("shard_no", sa.Integer(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("figures_json", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "shard_no", name="pk_run_shard"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # It is compressed already: Postgres would try again, and read it as a whole.
        op.execute("ALTER TABLE run_part ALTER COLUMN content SET STORAGE EXTERNAL")
        for table in ("run_part", "run_shard"):
            for statement in row_security(table):
                op.execute(statement)
