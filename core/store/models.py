"""Tables of the tenants' data.

Every key of the tenants' data begins with `tenant_id`; what is read before a tenant is known
stands in `identity_models`.

Rows that an import writes are versioned: a row is visible at the tenant's head `h` when
`from_seq <= h and (to_seq is null or to_seq > h)`. A load writes its rows in chunks under the
next sequence number, invisible until one small transaction moves the head.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)
from sqlalchemy.types import TypeEngine

from core.contracts import CLIENT_COLUMNS, PRODUCT_COLUMNS, ColumnType
from core.contracts import Column as ContractColumn
from core.store.identity_models import NAMING, Moment, Uid

data_metadata = MetaData(naming_convention=NAMING)

_TYPES: dict[ColumnType, type[TypeEngine[Any]]] = {
    ColumnType.BOOLEAN: Boolean,
    ColumnType.INTEGER: BigInteger,
    ColumnType.DECIMAL: Double,
    ColumnType.MONEY: BigInteger,
    ColumnType.QUANTITY: BigInteger,
    ColumnType.VOLUME: BigInteger,
    ColumnType.DATE: Date,
}


def _tenant() -> Column[str]:
    return Column("tenant_id", Uid, primary_key=True)


def _of(parent: str, key: str) -> ForeignKeyConstraint:
    """Return the key that ties a row to a parent of its own tenant."""
    columns = ("tenant_id", key)
    return ForeignKeyConstraint(
        columns, [f"{parent}.{column}" for column in columns], ondelete="CASCADE"
    )


def _versions() -> list[Column[object]]:
    return [
        Column("from_seq", BigInteger, primary_key=True, autoincrement=False),
        Column("to_seq", BigInteger),
        Column("file_id", BigInteger, nullable=False),
    ]


def _counted_reviews() -> list[Column[object]]:
    """From and until which review of its run a row counts; 0 is the original."""
    return [
        Column(
            "since_review",
            Integer,
            primary_key=True,
            autoincrement=False,
            nullable=False,
            server_default="0",
        ),
        Column("until_review", Integer),
    ]


def _addressed() -> Index:
    """Return the index of addresses; on Postgres of their bytes, for beginnings to be found."""
    ops = {"email_norm": "text_pattern_ops"}
    return Index(None, "tenant_id", "email_norm", postgresql_ops=ops)


# Computed by the database from the name and the telephone number, for a search to find them.
FOUND_BY = (
    "name_lowered",
    "name_folded",
    "name_second",
    "name_third",
    "name_last",
    "phone_end",
)


def _found_by(column: str) -> Index:
    """Return the index by which customers are found by a beginning."""
    ops = {column: "text_pattern_ops"}
    return Index(f"ix_customer_{column}", "tenant_id", column, postgresql_ops=ops)


def _fields(columns: tuple[ContractColumn, ...], key: str) -> list[Column[object]]:
    return [Column(c.field, _TYPES.get(c.type, Text)()) for c in columns if c.field != key]


tenant_head = Table(
    "tenant_head",
    data_metadata,
    _tenant(),
    Column("seq", BigInteger, nullable=False),
    # The number of a load that has begun to stage and has not been published.
    Column("staged_seq", BigInteger),
)

imports = Table(
    "imports",
    data_metadata,
    _tenant(),
    Column("import_id", Uid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("seq", BigInteger),
    Column("as_of", Date, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("loaded_at", Moment),
    Column("report_json", Text),
    Column("opt_outs_confirmed_by", Text),
    Column("origin", Text, nullable=False, server_default="files"),
    Column("parent_id", Uid),
    Index(None, "tenant_id", "created_at"),
)

import_file = Table(
    "import_file",
    data_metadata,
    _tenant(),
    Column("import_id", Uid, primary_key=True),
    Column("file_no", Integer, primary_key=True),
    Column("file_id", BigInteger),
    Column("name", Text, nullable=False),
    Column("kind", Text),
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("exported_at", Moment),
    Column("mapping_json", Text),
    Column("left_out", Boolean, nullable=False, server_default=false()),
    # Of the original as an erasure left it: `sha256` stays that of the bytes that were received.
    Column("rewritten_sha256", Text),
    Column("rewritten_at", Moment),
    Index(None, "tenant_id", "sha256"),
    _of("imports", "import_id"),
)

import_mapping = Table(
    "import_mapping",
    data_metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("mapping_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
)

held_row = Table(
    "held_row",
    data_metadata,
    _tenant(),
    Column("import_id", Uid, primary_key=True),
    Column("file_no", Integer, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("subject", Text),
    Column("subject_norm", Text),
    Column("amount_cents", BigInteger),
    Column("row_json", Text, nullable=False),
    Column("released_seq", BigInteger),
    # Of the load after which a newer file says the same sale line or contact event.
    Column("again_seq", BigInteger),
    Index(None, "tenant_id", "code", "subject_norm"),
    _of("imports", "import_id"),
)

product_alias = Table(
    "product_alias",
    data_metadata,
    _tenant(),
    Column("label_norm", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("product_key", Text),
    Column("decided_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    # The decision counts while this import is loaded; without one it counts at once.
    Column("import_id", Uid),
)

month_total = Table(
    "month_total",
    data_metadata,
    _tenant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("amount_cents", BigInteger),
)

customer = Table(
    "customer",
    data_metadata,
    _tenant(),
    Column("customer", Text, primary_key=True),
    *_versions(),
    *_fields(CLIENT_COLUMNS, "customer"),
    Column("email_norm", Text),
    *(Column(name, Text) for name in FOUND_BY),
    _addressed(),
    *(_found_by(name) for name in (*FOUND_BY[1:], "postal_code")),
    Index(
        "ix_customer_code",
        "tenant_id",
        "customer",
        postgresql_ops={"customer": "text_pattern_ops"},
    ),
)

product = Table(
    "product",
    data_metadata,
    _tenant(),
    Column("product_key", Text, primary_key=True),
    *_versions(),
    *_fields(PRODUCT_COLUMNS, "product_key"),
)

sale_line = Table(
    "sale_line",
    data_metadata,
    _tenant(),
    Column("line_key", Text, primary_key=True),
    *_versions(),
    Column("document_id", Text, nullable=False),
    Column("product_key", Text, nullable=False),
    Column("customer", Text),
    Column("quantity_milli", BigInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("sale_date", Date, nullable=False),
    Column("line_no", Text),
    Column("document_status", Text),
    Column("currency", Text),
    Column("channel", Text),
    Column("is_gift", Boolean),
    Index(None, "tenant_id", "customer", "sale_date"),
)

contact_history = Table(
    "contact_history",
    data_metadata,
    _tenant(),
    Column("event_key", Text, primary_key=True),
    *_versions(),
    Column("customer", Text),
    Column("email_norm", Text),
    Column("contact_date", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("channel", Text),
    Column("campaign", Text),
    Index(None, "tenant_id", "customer"),
    _addressed(),
)

suppression = Table(
    "suppression",
    data_metadata,
    _tenant(),
    Column("suppression_id", Text, primary_key=True),
    Column("customer", Text),
    Column("email_norm", Text),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("import_id", Uid),
    Column("lifted_at", Moment),
    Column("lifted_by", Text),
    Column("lifted_reason", Text),
    Index(None, "tenant_id", "customer"),
    _addressed(),
    Index("ix_suppression_page", "tenant_id", "since", "suppression_id", "import_id"),
)

policy = Table(
    "policy",
    data_metadata,
    _tenant(),
    Column("version", Integer, primary_key=True),
    Column("policy_json", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

policy_preview = Table(
    "policy_preview",
    data_metadata,
    _tenant(),
    Column("preview_id", Uid, primary_key=True),
    Column("run_id", Uid, nullable=False),
    Column("policy_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("result_json", Text),
)

run = Table(
    "run",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("policy_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("finished_at", Moment),
    Column("summary_json", Text),
    Column("qc_json", Text),
    Column("error", Text),
    # The version the policy came from, None for the defaults; its own options are put in.
    Column("policy_version", Integer),
    # What the run was computed from (`core.store.run_basis`), None in runs of earlier schemas.
    Column("basis_json", Text),
    # The review that counts, 0 before the first, with its own figures.
    Column("review_no", Integer, nullable=False, server_default="0"),
    Column("review_summary_json", Text),
    Column("review_qc_json", Text),
    Index(None, "tenant_id", "created_at"),
)

backtest = Table(
    "backtest",
    data_metadata,
    _tenant(),
    Column("backtest_id", Uid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("options_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("finished_at", Moment),
    Column("report_json", Text),
    Column("error", Text),
    Index(None, "tenant_id", "created_at"),
)
# A question why a customer changed between two runs; each person has one at a time.
cause_trial = Table(
    "cause_trial",
    data_metadata,
    _tenant(),
    Column("trial_id", Uid, primary_key=True),
    Column("older_id", Uid, nullable=False),
    Column("newer_id", Uid, nullable=False),
    Column("customer", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("result_json", Text),
)

reco_output = Table(
    "reco_output",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("scenario", Text, nullable=False),
    Column("product_key", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("explain_short", Text, nullable=False),
    Column("reasons_json", Text, nullable=False),
    *_counted_reviews(),
)

audit_output = Table(
    "audit_output",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("issue_no", Integer, primary_key=True, autoincrement=False),
    Column("severity", Text, nullable=False),
    Column("rule_code", Text, nullable=False),
    Column("product_key", Text),
    Column("details_json", Text, nullable=False),
    *_counted_reviews(),
    Index(None, "tenant_id", "run_id", "rule_code"),
)

next_action_output = Table(
    "next_action_output",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("eligible", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("audit_score", Integer, nullable=False),
    Column("gate_export", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("value_cents", BigInteger, nullable=False),
    # Equal for equal lists (rank, scenario, product), so that runs are compared row by row.
    Column("list_digest", BigInteger),
    # The keys of the list's products, each between two U+001F: a filter by product reads no
    # lists. None in rows of earlier schemas.
    Column("listed", Text),
    *_counted_reviews(),
    # All that a page is ordered and mostly filtered by; on Postgres customers by their bytes.
    Index(
        "ix_next_action_output_page",
        "tenant_id",
        "run_id",
        "audit_score",
        "customer",
        "reason",
        "since_review",
        "until_review",
    ),
)

# What the run says of each product that was sold; the lists in it are JSON.
product_figure = Table(
    "product_figure",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("product_key", Text, primary_key=True),
    Column("units_milli", BigInteger, nullable=False),
    Column("revenue_cents", BigInteger, nullable=False),
    Column("buyers", BigInteger, nullable=False),
    Column("repeat_buyers", BigInteger, nullable=False),
    Column("last_sale", Date),
    Column("gap_days", Integer),
    Column("due_customers", BigInteger, nullable=False),
    Column("months_json", Text, nullable=False),
    Column("gaps_json", Text, nullable=False),
    Column("neighbours_json", Text, nullable=False),
    Column("demand_json", Text, nullable=False),
    # Whether the expected demand is that of the year before, or the pace of late.
    Column("is_of_last_year", Boolean, nullable=False),
)

# The first who are due for a product.
product_due = Table(
    "product_due",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("product_key", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("customer", Text, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
)

# What the run says of all customers together, as JSON under a name.
run_insight = Table(
    "run_insight",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("figures_json", Text, nullable=False),
)

# What each list can be mended from: [product, scenario, score] of the candidates behind it.
run_reserve = Table(
    "run_reserve",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("candidates_json", Text, nullable=False),
)

# What the shards of a run under way are worked out from: part 0 all of them, part n shard n.
run_part = Table(
    "run_part",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("part_no", Integer, primary_key=True, autoincrement=False),
    Column("chunk_no", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

run_shard = Table(
    "run_shard",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("shard_no", Integer, primary_key=True, autoincrement=False),
    Column("customers", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("done_at", Moment),
    Column("figures_json", Text),
    Column("error", Text),
)

review_decision = Table(
    "review_decision",
    data_metadata,
    _tenant(),
    Column("run_id", Uid, primary_key=True),
    Column("decision_no", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    # The review whose lists were looked at: a filter means the customers it showed.
    Column("seen_review", Integer, nullable=False),
    Column("customer", Text),
    Column("product_key", Text),
    Column("replacement", Text),
    Column("filter_json", Text, nullable=False),
    # Whom it meant when it was made; None in decisions of earlier schemas.
    Column("customers", Integer),
    Column("note", Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("applied_review", Integer),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", Text),
    Column("withdrawn_review", Integer),
)

campaign = Table(
    "campaign",
    data_metadata,
    _tenant(),
    Column("campaign_id", Uid, primary_key=True),
    Column("run_id", Uid, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_sha256", Text, nullable=False),
    Column("batch_size", Integer, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("audience_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("finished_at", Moment),
    Column("pause_reason", Text),
    # The review of the run whose lists it sends.
    Column("review_no", Integer, nullable=False, server_default="0"),
    # Which sender works on it: an earlier one that wakes up again claims nothing more.
    Column("sender_no", Integer, nullable=False, server_default="0"),
    # The restores it knows of; behind `send_epoch` it stands still until it is reconciled.
    Column("epoch", Integer, nullable=False, server_default="0"),
    # Who typed the number of recipients, and which number.
    Column("confirmed_recipients", Integer),
    Column("confirmed_by", Text),
    Column("confirmed_user", Text),
    Column("confirmed_at", Moment),
    # When it begins, None for at once.
    Column("start_at", Moment),
    # Which share of whom it could write to it does not, to measure what it does.
    Column("holdout_share", Double, nullable=False, server_default="0"),
    # What its template at Brevo said then, None for a built-in one or where Brevo was not asked.
    Column("template_json", Text),
    # The batch up to which a program lets it go, None for all of them.
    Column("last_batch", Integer),
    Index(None, "tenant_id", "run_id"),
)

# Who could be written to and is not, to measure what the campaign does.
campaign_holdout = Table(
    "campaign_holdout",
    data_metadata,
    _tenant(),
    Column("campaign_id", Uid, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("segment", Text, nullable=False),
    _of("campaign", "campaign_id"),
)

delivery = Table(
    "delivery",
    data_metadata,
    _tenant(),
    Column("campaign_id", Uid, primary_key=True),
    Column("email_norm", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("delivery_no", Integer, nullable=False),
    Column("batch_no", Integer, nullable=False),
    Column("customer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("key", Uid),
    Column("key_no", Integer, nullable=False),
    Column("ambiguous", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("payload_sha256", Text, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("claimed_at", Moment),
    Column("message_id", Text),
    Column("proof", Text),
    Column("error_code", Text),
    # When the events were first read without finding it.
    Column("missed_at", Moment),
    Index(None, "tenant_id", "campaign_id", "state", "delivery_no"),
    Index(None, "tenant_id", "campaign_id", "delivery_no"),
    Index(None, "tenant_id", "campaign_id", "batch_no", "delivery_no"),
    Index(None, "tenant_id", "campaign_id", "customer"),
    Index(None, "tenant_id", "customer"),
    Index(None, "tenant_id", "email_norm"),
    _of("campaign", "campaign_id"),
)

brevo_logs = Table(
    "brevo_logs",
    data_metadata,
    _tenant(),
    Column("campaign_id", Uid, primary_key=True),
    Column("log_no", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery_no", Integer),
    Column("batch_no", Integer),
    Column("mode", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("detail_json", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "tenant_id", "campaign_id", "delivery_no", "log_no"),
    _of("campaign", "campaign_id"),
)

# How often the tenant's data were brought back from a backup.
send_epoch = Table(
    "send_epoch",
    data_metadata,
    _tenant(),
    Column("epoch", Integer, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("raised_by", Text, nullable=False),
)

# Readings of Brevo's events, which it allows few of in an hour.
event_read = Table(
    "event_read",
    data_metadata,
    _tenant(),
    Column("read_no", BigInteger, primary_key=True, autoincrement=False),
    Column("read_at", Moment, nullable=False),
)

# What Brevo told of a message, once each; without a delivery it speaks of the address alone.
brevo_event = Table(
    "brevo_event",
    data_metadata,
    _tenant(),
    Column("event_key", Text, primary_key=True),
    Column("campaign_id", Uid),
    Column("delivery_no", Integer),
    Column("message_id", Text),
    Column("email_norm", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Index(None, "tenant_id", "campaign_id", "delivery_no", "event"),
)

# The attributes that Brevo has accepted for an address, as a digest.
contact_push = Table(
    "contact_push",
    data_metadata,
    _tenant(),
    Column("email_norm", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("pushed_at", Moment, nullable=False),
)

# The last walk through a list at Brevo; `next_offset` is None once it has come to the end.
contact_pull = Table(
    "contact_pull",
    data_metadata,
    _tenant(),
    Column("source", Text, primary_key=True),
    Column("since", Moment),
    Column("begun_at", Moment, nullable=False),
    Column("next_offset", Integer),
)

# One asking for the erasure of a person or of many; what it did in counts.
erasure_request = Table(
    "erasure_request",
    data_metadata,
    _tenant(),
    Column("request_id", Uid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("counts_json", Text, nullable=False),
    # What opaque codes are made with; gone once the work is done, and with it the way back.
    Column("salt", Text),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("finished_at", Moment),
    Index(None, "tenant_id", "created_at"),
)

# Whom a request that is not done erases: customer codes and addresses, removed at its end.
erasure_subject = Table(
    "erasure_subject",
    data_metadata,
    _tenant(),
    Column("request_id", Uid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
)

# Who was erased, as a keyed hash: files that bring them again are refused row by row.
erased_identity = Table(
    "erased_identity",
    data_metadata,
    _tenant(),
    Column("kind", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    # Which secret it was made with: under another one it recognises nobody.
    Column("key_id", Text, nullable=False),
    Column("erased_at", Moment, nullable=False),
)

# Contacts still to be deleted at Brevo; the address is encrypted, and gone once that is done.
brevo_erasure = Table(
    "brevo_erasure",
    data_metadata,
    _tenant(),
    Column("erasure_id", Uid, primary_key=True),
    Column("request_id", Uid, nullable=False),
    Column("sealed", Text),
    Column("asked_at", Moment, nullable=False),
    Column("tried_at", Moment),
    Column("error_code", Text),
    Column("done_at", Moment),
    Index(None, "tenant_id", "done_at"),
)

# How long people are kept after their last action; no part of the policy, whose hash says what a
# run was computed with.
retention_rule = Table(
    "retention_rule",
    data_metadata,
    _tenant(),
    Column("prospect_months", Integer, nullable=False),
    Column("customer_months", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
)

# Who did what when; each entry bound to the one before it by its hash.
audit_trail = Table(
    "audit_trail",
    data_metadata,
    _tenant(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("details_json", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Index(None, "tenant_id", "action", "number"),
)

audit_trail_head = Table(
    "audit_trail_head",
    data_metadata,
    _tenant(),
    Column("number", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

# What a program was answered under an Idempotency-Key; without a status while it is worked on.
api_reply = Table(
    "api_reply",
    data_metadata,
    _tenant(),
    Column("key_sha256", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("http_status", Integer),
    Column("body_json", Text),
    # Of what the call makes; who works on it, since when; and what it has begun.
    Column("call_id", Uid),
    Column("begun_json", Text),
)

# A time at which a schedule was due, or somebody asked for it; what each step did is its report.
occurrence = Table(
    "occurrence",
    data_metadata,
    _tenant(),
    Column("occurrence_id", Uid, primary_key=True),
    Column("schedule_id", Uid, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("asked_by", Text),
    Column("outcome", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("plan_json", Text, nullable=False),
    Column("report_json", Text, nullable=False),
)
