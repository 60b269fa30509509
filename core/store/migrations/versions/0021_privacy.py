"""Erasure of people, how long they are kept, and the wording of their consent."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import row_security

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = (
    "erasure_request",
    "erasure_subject",
    "erased_identity",
    "brevo_erasure",
    "retention_rule",
)


def upgrade(part: str) -> None:
    if part != "data":
        return
    op.add_column("customer", sa.Column("consent_wording", sa.Text(), nullable=True))
    op.add_column("import_file", sa.Column("rewritten_sha256", sa.Text(), nullable=True))
    op.add_column("import_file", sa.Column("rewritten_at", MOMENT, nullable=True))
    _create_requests()
    _create_identities()
    op.create_table(
        "retention_rule",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("prospect_months", sa.Integer(), nullable=False),
        sa.Column("customer_months", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_retention_rule"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in NEW_TABLES:
            for statement in row_security(table):
                op.execute(statement)


def _create_requests() -> None:
    op.create_table(
        "erasure_request",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("request_id", UID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("counts_json", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "request_id", name="pk_erasure_request"),
    )
    op.create_index(
        "ix_erasure_request_tenant_id_created_at", "erasure_request", ["tenant_id", "created_at"]
    )
    op.create_table(
        "erasure_subject",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("request_id", UID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "request_id", "kind", "value", name="pk_erasure_subject"
        ),
    )


def _create_identities() -> None:
    op.create_table(
        "erased_identity",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "digest", name="pk_erased_identity"),
    )
    op.create_table(
        "brevo_erasure",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("erasure_id", UID, nullable=False),
        sa.Column("request_id", UID, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "erasure_id", name="pk_brevo_erasure"),
    )
    op.create_index("ix_brevo_erasure_tenant_id_done_at", "brevo_erasure", ["tenant_id", "done_at"])
