"""A company may demand a second factor of everybody; failed sign-ins are counted for its trail."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COUNTS = ("passwords", "codes", "refused")


def upgrade(part: str) -> None:
    if part != "identity":
        return
    on_postgres = op.get_bind().dialect.name == "postgresql"
    schema = "identity" if on_postgres else None
    op.add_column(
        "tenant",
        sa.Column("demands_factor", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema=schema,
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("username_sha256", sa.Text(), nullable=False),
        sa.Column("window_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("username_sha256", "window_at", name="pk_sign_in_failure"),
        schema=schema,
    )
    op.create_index("ix_sign_in_failure_window_at", "sign_in_failure", ["window_at"], schema=schema)
    if on_postgres:
        op.execute(identity_grant("sign_in_failure"))
