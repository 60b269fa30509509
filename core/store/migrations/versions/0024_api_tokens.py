"""Tokens of the HTTP API, and the replies that a program may ask for once more."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant, row_security

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade(part: str) -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if part == "identity":
        _make_tokens("identity" if on_postgres else None)
        if on_postgres:
            op.execute(identity_grant("api_token"))
    elif part == "data":
        _make_replies()
        if on_postgres:
            for statement in row_security("api_reply"):
                op.execute(statement)


def _make_tokens(schema: str | None) -> None:
    op.create_table(
        "api_token",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("token_id", UID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_api_token"),
        sa.UniqueConstraint("tenant_id", "token_id", name="uq_api_token_tenant_id_token_id"),
        schema=schema,
    )


def _make_replies() -> None:
    op.create_table(
        "api_reply",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("key_sha256", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("body_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "key_sha256", name="pk_api_reply"),
    )
