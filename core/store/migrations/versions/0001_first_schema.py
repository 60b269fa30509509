"""The first schema: tenants' data under row-level security, and the identity tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from core.store.postgres import identity_grant, row_security

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UID = sa.Text().with_variant(sa.UUID(as_uuid=False), "postgresql")
MOMENT = sa.DateTime(timezone=True)
DATA_TABLES = (
    "audit_output",
    "brevo_logs",
    "campaign",
    "contact_history",
    "customer",
    "delivery",
    "held_row",
    "import_file",
    "import_mapping",
    "imports",
    "next_action_output",
    "policy",
    "product",
    "reco_output",
    "run",
    "sale_line",
    "suppression",
    "tenant_head",
)
IDENTITY_TABLES = (
    "app_user",
    "login_ticket",
    "membership",
    "session",
    "sign_in_attempt",
    "tenant",
    "worker_heartbeat",
)


def upgrade(part: str) -> None:
    create = {"data": _create_data, "identity": _create_identity}[part]
    create()
    if not _on_postgres():
        return
    for table in DATA_TABLES if part == "data" else IDENTITY_TABLES:
        statements = row_security(table) if part == "data" else (identity_grant(table),)
        for statement in statements:
            op.execute(statement)


def _on_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _schema() -> str | None:
    return "identity" if _on_postgres() else None


def _create_data() -> None:
    op.create_table(
        "audit_output",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("issue_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("product_key", sa.Text(), nullable=True),
        sa.Column("details_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "run_id", "customer", "issue_no", name="pk_audit_output"
        ),
    )
    op.create_index(
        "ix_audit_output_tenant_id_run_id_rule_code",
        "audit_output",
        ["tenant_id", "run_id", "rule_code"],
        unique=False,
    )
    op.create_table(
        "brevo_logs",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("campaign_id", UID, nullable=False),
        sa.Column("log_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_no", sa.Integer(), nullable=True),
        sa.Column("batch_no", sa.Integer(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("detail_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", "log_no", name="pk_brevo_logs"),
    )
    op.create_table(
        "campaign",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("campaign_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_sha256", sa.Text(), nullable=False),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("audience_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "campaign_id", name="pk_campaign"),
    )
    op.create_index(
        "ix_campaign_tenant_id_run_id", "campaign", ["tenant_id", "run_id"], unique=False
    )
    op.create_table(
        "contact_history",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=True),
        sa.Column("contact_date", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "event_key", "from_seq", name="pk_contact_history"),
    )
    op.create_index(
        "ix_contact_history_tenant_id_customer",
        "contact_history",
        ["tenant_id", "customer"],
        unique=False,
    )
    op.create_index(
        "ix_contact_history_tenant_id_email_norm",
        "contact_history",
        ["tenant_id", "email_norm"],
        unique=False,
    )
    op.create_table(
        "customer",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_consent", sa.Boolean(), nullable=True),
        sa.Column("email_opt_out", sa.Boolean(), nullable=True),
        sa.Column("consent_source", sa.Text(), nullable=True),
        sa.Column("consent_date", sa.Date(), nullable=True),
        sa.Column("budget_band", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("customer_type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Date(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "customer", "from_seq", name="pk_customer"),
    )
    op.create_index(
        "ix_customer_tenant_id_email_norm", "customer", ["tenant_id", "email_norm"], unique=False
    )
    op.create_table(
        "delivery",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("campaign_id", UID, nullable=False),
        sa.Column("email_norm", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("delivery_no", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.Integer(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", UID, nullable=True),
        sa.Column("key_no", sa.Integer(), nullable=False),
        sa.Column("ambiguous", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("not_after", MOMENT, nullable=False),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "tenant_id", "campaign_id", "email_norm", "mode", name="pk_delivery"
        ),
    )
    op.create_index(
        "ix_delivery_tenant_id_campaign_id_state_delivery_no",
        "delivery",
        ["tenant_id", "campaign_id", "state", "delivery_no"],
        unique=False,
    )
    op.create_table(
        "held_row",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("import_id", UID, nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("row_json", sa.Text(), nullable=False),
        sa.Column("released_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "file_no", "line", name="pk_held_row"),
    )
    op.create_table(
        "import_file",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("import_id", UID, nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("exported_at", MOMENT, nullable=True),
        sa.Column("mapping_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", "file_no", name="pk_import_file"),
    )
    op.create_index(
        "ix_import_file_tenant_id_sha256", "import_file", ["tenant_id", "sha256"], unique=False
    )
    op.create_table(
        "import_mapping",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mapping_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "kind", "fingerprint", "version", name="pk_import_mapping"
        ),
    )
    op.create_table(
        "imports",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("import_id", UID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=True),
        sa.Column("report_json", sa.Text(), nullable=True),
        sa.Column("opt_outs_confirmed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "import_id", name="pk_imports"),
    )
    op.create_index(
        "ix_imports_tenant_id_created_at", "imports", ["tenant_id", "created_at"], unique=False
    )
    op.create_table(
        "next_action_output",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("audit_score", sa.Integer(), nullable=False),
        sa.Column("gate_export", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("value_cents", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "customer", name="pk_next_action_output"),
    )
    op.create_index(
        "ix_next_action_output_tenant_id_run_id_audit_score_customer",
        "next_action_output",
        ["tenant_id", "run_id", "audit_score", "customer"],
        unique=False,
    )
    op.create_table(
        "policy",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy_json", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "version", name="pk_policy"),
    )
    op.create_table(
        "product",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("product_key", sa.Text(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("family", sa.Text(), nullable=True),
        sa.Column("sub_family", sa.Text(), nullable=True),
        sa.Column("grape", sa.Text(), nullable=True),
        sa.Column("sweetness", sa.Text(), nullable=True),
        sa.Column("price_cents", sa.BigInteger(), nullable=True),
        sa.Column("margin", sa.Double(), nullable=True),
        sa.Column("premium_tier", sa.Text(), nullable=True),
        sa.Column("price_band", sa.Text(), nullable=True),
        sa.Column("vintage", sa.BigInteger(), nullable=True),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("volume_ml", sa.BigInteger(), nullable=True),
        sa.Column("units_per_pack", sa.BigInteger(), nullable=True),
        sa.Column("stock_quantity", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=True),
        sa.Column("is_recommendable", sa.Boolean(), nullable=True),
        sa.Column("season_tags", sa.Text(), nullable=True),
        sa.Column("aroma_fruit", sa.Double(), nullable=True),
        sa.Column("aroma_floral", sa.Double(), nullable=True),
        sa.Column("aroma_spice", sa.Double(), nullable=True),
        sa.Column("aroma_mineral", sa.Double(), nullable=True),
        sa.Column("aroma_acidity", sa.Double(), nullable=True),
        sa.Column("aroma_body", sa.Double(), nullable=True),
        sa.Column("aroma_tannin", sa.Double(), nullable=True),
        sa.Column("popularity_score", sa.Double(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "product_key", "from_seq", name="pk_product"),
    )
    op.create_table(
        "reco_output",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("product_key", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("explain_short", sa.Text(), nullable=False),
        sa.Column("reasons_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "customer", "rank", name="pk_reco_output"),
    )
    op.create_table(
        "run",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("run_id", UID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("policy_json", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("summary_json", sa.Text(), nullable=True),
        sa.Column("qc_json", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", name="pk_run"),
    )
    op.create_index("ix_run_tenant_id_created_at", "run", ["tenant_id", "created_at"], unique=False)
    op.create_table(
        "sale_line",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("line_key", sa.Text(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("product_key", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("sale_date", sa.Date(), nullable=False),
        sa.Column("line_no", sa.Text(), nullable=True),
        sa.Column("document_status", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("is_gift", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "line_key", "from_seq", name="pk_sale_line"),
    )
    op.create_index(
        "ix_sale_line_tenant_id_customer_sale_date",
        "sale_line",
        ["tenant_id", "customer", "sale_date"],
        unique=False,
    )
    op.create_table(
        "suppression",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("suppression_id", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("import_id", UID, nullable=True),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "suppression_id", name="pk_suppression"),
    )
    op.create_index(
        "ix_suppression_tenant_id_customer", "suppression", ["tenant_id", "customer"], unique=False
    )
    op.create_index(
        "ix_suppression_tenant_id_email_norm",
        "suppression",
        ["tenant_id", "email_norm"],
        unique=False,
    )
    op.create_table(
        "tenant_head",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant_head"),
    )


def _create_identity() -> None:

    op.create_table(
        "app_user",
        sa.Column("user_id", UID, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_app_user"),
        sa.UniqueConstraint("username", name="uq_app_user_username"),
        schema=_schema(),
    )
    op.create_table(
        "login_ticket",
        sa.Column("ticket_sha256", sa.Text(), nullable=False),
        sa.Column("user_id", UID, nullable=False),
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("ticket_sha256", name="pk_login_ticket"),
        schema=_schema(),
    )
    op.create_table(
        "membership",
        sa.Column("user_id", UID, nullable=False),
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "tenant_id", name="pk_membership"),
        schema=_schema(),
    )
    op.create_table(
        "session",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("user_id", UID, nullable=False),
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_session"),
        schema=_schema(),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt_id", UID, nullable=False),
        sa.Column("username_sha256", sa.Text(), nullable=False),
        sa.Column("client_sha256", sa.Text(), nullable=False),
        sa.Column("tried_at", MOMENT, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_sign_in_attempt"),
        schema=_schema(),
    )
    op.create_index(
        "ix_sign_in_attempt_client_sha256_tried_at",
        "sign_in_attempt",
        ["client_sha256", "tried_at"],
        unique=False,
        schema=_schema(),
    )
    op.create_index(
        "ix_sign_in_attempt_username_sha256_tried_at",
        "sign_in_attempt",
        ["username_sha256", "tried_at"],
        unique=False,
        schema=_schema(),
    )
    op.create_table(
        "tenant",
        sa.Column("tenant_id", UID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("demo_as_of", sa.Date(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_tenant"),
        sa.UniqueConstraint("key", name="uq_tenant_key"),
        schema=_schema(),
    )
    op.create_table(
        "worker_heartbeat",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name="pk_worker_heartbeat"),
        schema=_schema(),
    )
