"""Change-sets: decided labels, totals by month, imports that go on from another."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = ("month_total", "product_alias")
VERSIONED_TABLES = ("contact_history", "customer", "product", "sale_line")


def upgrade(part: str) -> None:
    if part != "data":
        return
    _add_columns()
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)
        # With room beside it a superseded row keeps its page, and no index is touched.
        for table in VERSIONED_TABLES:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 90)")


def _add_columns() -> None:
    op.add_column("tenant_head", sa.Column("staged_seq", sa.BigInteger(), nullable=True))
    op.add_column("imports", sa.Column("origin", sa.Text(), nullable=False, server_default="files"))
    op.add_column("imports", sa.Column("parent_id", UID, nullable=True))
    op.add_column(
        "import_file",
        sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("held_row", sa.Column("subject_norm", sa.Text(), nullable=True))
    op.add_column("held_row", sa.Column("amount_cents", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_held_row_tenant_id_code_subject_norm", "held_row", ["tenant_id", "code", "subject_norm"]
    )


def _create_tables() -> None:
    op.create_table(
        "product_alias",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("label_norm", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("product_key", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("import_id", UID, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "label_norm", name="pk_product_alias"),
    )
    op.create_table(
        "month_total",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "seq", "kind", "month", name="pk_month_total"),
    )
