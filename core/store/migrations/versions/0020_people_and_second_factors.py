"""Several people and companies to an account: initial passwords, second factors, invitations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
_MADE = ("login_ticket", "invitation", "second_factor", "recovery_code", "known_client")


def upgrade(part: str) -> None:
    if part != "identity":
        return
    on_postgres = op.get_bind().dialect.name == "postgresql"
    schema = "identity" if on_postgres else None
    _extend(schema)
    _remake_tickets(schema)
    _make_invitations(schema)
    _make_factors(schema)
    if on_postgres:
        for table in _MADE:
            op.execute(identity_grant(table))


def _extend(schema: str | None) -> None:
    op.add_column(
        "app_user",
        sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()),
        schema=schema,
    )
    op.add_column("membership", sa.Column("deactivated_at", MOMENT), schema=schema)
    op.create_index("ix_membership_tenant_id", "membership", ["tenant_id"], schema=schema)
    op.create_index("ix_session_user_id", "session", ["user_id"], schema=schema)


def _remake_tickets(schema: str | None) -> None:
    """A ticket lives for a minute: those under way are lost, and asked for again."""
    op.drop_table("login_ticket", schema=schema)
    op.create_table(
        "login_ticket",
        sa.Column("ticket_sha256", sa.Text(), nullable=False),
        sa.Column("user_id", UID, nullable=False),
        sa.Column("tenant_id", UID, nullable=True),
        sa.Column("code_passed", sa.Boolean(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("ticket_sha256", name="pk_login_ticket"),
        schema=schema,
    )
    op.create_index("ix_login_ticket_user_id", "login_ticket", ["user_id"], schema=schema)


def _make_invitations(schema: str | None) -> None:
    op.create_table(
        "invitation",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "username", name="pk_invitation"),
        schema=schema,
    )
    op.create_index("ix_invitation_username", "invitation", ["username"], schema=schema)


def _make_factors(schema: str | None) -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", UID, nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factor"),
        schema=schema,
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", UID, nullable=False),
        sa.Column("code_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "code_sha256", name="pk_recovery_code"),
        schema=schema,
    )
    op.create_table(
        "known_client",
        sa.Column("username_sha256", sa.Text(), nullable=False),
        sa.Column("client_sha256", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("username_sha256", "client_sha256", name="pk_known_client"),
        schema=schema,
    )
