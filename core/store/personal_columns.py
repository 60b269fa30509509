"""What an erasure does with every column of every table: the one place that says it.

A table or column without a fate fails a test. `core.store.erase_rows` and `core.store.erase_texts`
do what stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a cell of a row that names an erased person."""

    DELETED = "deleted"  # with its row
    BLANKED = "blanked"
    OPAQUE = "opaque"  # a fresh code that leads to nobody takes its place
    REDACTED = "redacted"  # a text without the codes and addresses
    KEPT = "kept"


@dataclass(frozen=True, kw_only=True)
class ColumnFate:
    """The fate of a column, and why it is kept where it is."""

    fate: Fate
    reason: str = ""


Fates = Mapping[str, ColumnFate]

KEY = "a key of ours: it says nothing of a person"
ACCOUNT = "the account of what was done: a count, a state, a moment"
STAFF = "a user of the company, whose account is closed on the users page, not here"
GOODS = "about products, amounts or days, of no person once the row names none"
FILE = "about a whole file or its version, of no person"
WHOLE = "about all customers together"
TECHNICAL = "a number, hash or choice of ours"


def _deleted(columns: str) -> Fates:
    return {name: ColumnFate(fate=Fate.DELETED) for name in columns.split()}


def _fates(
    kept: Mapping[str, str], *, blanked: str = "", opaque: str = "", redacted: str = ""
) -> Fates:
    found = {
        name: ColumnFate(fate=Fate.KEPT, reason=reason)
        for reason, names in kept.items()
        for name in names.split()
    }
    for fate, names in ((Fate.BLANKED, blanked), (Fate.OPAQUE, opaque), (Fate.REDACTED, redacted)):
        found |= {name: ColumnFate(fate=fate) for name in names.split()}
    return found


_VERSIONS = "tenant_id from_seq to_seq file_id"

DATA: Mapping[str, Fates] = {
    "tenant_head": _fates({KEY: "tenant_id", ACCOUNT: "seq staged_seq"}),
    "imports": _fates(
        {
            KEY: "tenant_id import_id parent_id",
            ACCOUNT: "status seq as_of created_at loaded_at origin",
            STAFF: "created_by opt_outs_confirmed_by",
        },
        redacted="report_json",
    ),
    "import_file": _fates(
        {
            KEY: "tenant_id import_id file_no file_id",
            FILE: "kind sha256 bytes exported_at mapping_json left_out"
            " rewritten_sha256 rewritten_at",
        },
        redacted="name",
    ),
    "import_mapping": _fates(
        {
            KEY: "tenant_id kind fingerprint version",
            FILE: "mapping_json created_at",
            STAFF: "created_by",
        }
    ),
    "held_row": _deleted(
        "tenant_id import_id file_no line kind code subject subject_norm amount_cents row_json"
        " released_seq again_seq"
    ),
    "product_alias": _fates(
        {
            KEY: "tenant_id import_id",
            GOODS: "label_norm label product_key decided_at",
            STAFF: "decided_by",
        }
    ),
    "month_total": _fates({KEY: "tenant_id", WHOLE: "seq kind month row_count amount_cents"}),
    "customer": _deleted(
        f"{_VERSIONS} customer email name first_name last_name phone phone_consent email_opt_out"
        " consent_source consent_date consent_wording budget_band language country postal_code"
        " customer_type created_at email_norm name_lowered name_folded name_second name_third"
        " name_last phone_end"
    ),
    "product": _fates(
        {
            KEY: _VERSIONS,
            GOODS: "product_key name family sub_family grape sweetness price_cents margin"
            " premium_tier price_band vintage replaces volume_ml units_per_pack stock_quantity"
            " is_active is_recommendable season_tags aroma_fruit aroma_floral aroma_spice"
            " aroma_mineral aroma_acidity aroma_body aroma_tannin popularity_score description",
        }
    ),
    "sale_line": _fates(
        {
            KEY: _VERSIONS,
            GOODS: "product_key quantity_milli amount_cents sale_date line_no document_status"
            " currency channel is_gift",
        },
        blanked="customer",
        opaque="line_key document_id",
    ),
    "contact_history": _deleted(
        f"{_VERSIONS} event_key customer email_norm contact_date status channel campaign"
    ),
    # Why another's was lifted is typed, and may name the person.
    "suppression": {
        **_deleted(
            "tenant_id suppression_id customer email_norm reason source since import_id lifted_at"
            " lifted_by"
        ),
        **_fates({}, redacted="lifted_reason"),
    },
    "policy": _fates(
        {
            KEY: "tenant_id version",
            WHOLE: "policy_json sha256 created_at",
            STAFF: "created_by",
        },
        redacted="note",
    ),
    "policy_preview": _fates(
        {
            KEY: "tenant_id preview_id run_id",
            WHOLE: "policy_json created_at",
            STAFF: "created_by",
        },
        redacted="result_json",
    ),
    "run": _fates(
        {
            KEY: "tenant_id run_id",
            ACCOUNT: "status as_of created_at finished_at policy_version review_no error",
            WHOLE: "policy_json basis_json",
            STAFF: "created_by",
        },
        redacted="summary_json qc_json review_summary_json review_qc_json",
    ),
    "backtest": _fates(
        {
            KEY: "tenant_id backtest_id",
            ACCOUNT: "status options_json created_at finished_at error",
            STAFF: "created_by",
        },
        redacted="report_json",
    ),
    "cause_trial": _deleted(
        "tenant_id trial_id older_id newer_id customer created_at created_by result_json"
    ),
    "reco_output": _deleted(
        "tenant_id run_id customer rank scenario product_key score explain_short reasons_json"
        " since_review until_review"
    ),
    "audit_output": _deleted(
        "tenant_id run_id customer issue_no severity rule_code product_key details_json"
        " since_review until_review"
    ),
    "next_action_output": _deleted(
        "tenant_id run_id customer eligible reason scenario audit_score gate_export state segment"
        " value_cents list_digest listed since_review until_review"
    ),
    "run_reserve": _deleted("tenant_id run_id customer candidates_json"),
    # An erasure drops what shards are worked out from, whomever it holds: the run begins anew.
    "run_part": _deleted("tenant_id run_id part_no chunk_no content"),
    "run_shard": _fates(
        {
            KEY: "tenant_id run_id shard_no",
            ACCOUNT: "tries done_at error",
            WHOLE: "customers figures_json",
        }
    ),
    "product_figure": _fates(
        {
            KEY: "tenant_id run_id",
            WHOLE: "product_key units_milli revenue_cents buyers repeat_buyers last_sale gap_days"
            " due_customers months_json gaps_json neighbours_json demand_json is_of_last_year",
        }
    ),
    "run_insight": _fates({KEY: "tenant_id run_id", WHOLE: "name figures_json"}),
    "product_due": _deleted("tenant_id run_id product_key place customer last_on due_on"),
    "review_decision": _fates(
        {
            KEY: "tenant_id run_id decision_no",
            ACCOUNT: "kind seen_review customers decided_at applied_review withdrawn_at"
            " withdrawn_review",
            GOODS: "product_key replacement",
            STAFF: "decided_by withdrawn_by",
        },
        opaque="customer",
        redacted="filter_json note",
    ),
    "campaign": _fates(
        {
            KEY: "tenant_id campaign_id run_id",
            ACCOUNT: "batch_size mode state created_at finished_at pause_reason review_no"
            " sender_no epoch confirmed_recipients confirmed_at start_at holdout_share"
            " last_batch",
            WHOLE: "template template_sha256 template_json",
            STAFF: "created_by confirmed_by confirmed_user",
        },
        redacted="audience_json",
    ),
    "campaign_holdout": _fates(
        {KEY: "tenant_id campaign_id", WHOLE: "segment"},
        opaque="customer",
    ),
    "delivery": _fates(
        {
            KEY: "tenant_id campaign_id mode",
            ACCOUNT: "delivery_no batch_no state key_no ambiguous not_after claimed_at proof"
            " error_code missed_at",
        },
        blanked="payload payload_sha256 message_id key",
        opaque="email_norm customer",
    ),
    "brevo_logs": _fates(
        {
            KEY: "tenant_id campaign_id log_no",
            ACCOUNT: "delivery_no batch_no mode event created_at",
        },
        blanked="detail_json",
    ),
    "send_epoch": _fates({KEY: "tenant_id", ACCOUNT: "epoch raised_at", STAFF: "raised_by"}),
    "event_read": _fates({KEY: "tenant_id read_no", ACCOUNT: "read_at"}),
    "brevo_event": _fates(
        {
            KEY: "tenant_id campaign_id delivery_no",
            ACCOUNT: "event at received_at",
        },
        blanked="message_id",
        opaque="event_key email_norm",
    ),
    "contact_push": _deleted("tenant_id email_norm digest pushed_at"),
    "contact_pull": _fates({KEY: "tenant_id source", ACCOUNT: "since begun_at next_offset"}),
    "audit_trail": _fates(
        {
            KEY: "tenant_id number subject",
            ACCOUNT: "at action details_json sha256",
            STAFF: "actor_id",
        }
    ),
    "api_reply": _fates(
        {
            KEY: "tenant_id call_id",
            TECHNICAL: "key_sha256 request_sha256 created_at http_status body_json begun_json",
        }
    ),
    "occurrence": _fates(
        {
            KEY: "tenant_id occurrence_id schedule_id",
            ACCOUNT: "due_at outcome created_at finished_at plan_json",
            STAFF: "asked_by",
        },
        redacted="report_json",
    ),
    "audit_trail_head": _fates({KEY: "tenant_id", ACCOUNT: "number sha256"}),
    "erasure_request": _fates(
        {
            KEY: "tenant_id request_id",
            ACCOUNT: "reason state step people counts_json created_at finished_at",
            STAFF: "created_by",
        },
        blanked="salt",
    ),
    "erasure_subject": _deleted("tenant_id request_id kind value"),
    "erased_identity": _fates(
        {
            KEY: "tenant_id",
            "a keyed hash, kept so that no file and no backup brings the person back": "kind"
            " digest key_id erased_at",
        }
    ),
    "brevo_erasure": _fates(
        {
            KEY: "tenant_id erasure_id request_id",
            ACCOUNT: "asked_at tried_at error_code done_at",
            "encrypted, until Brevo has deleted the contact; then blanked": "sealed",
        }
    ),
    "retention_rule": _fates(
        {
            KEY: "tenant_id",
            WHOLE: "prospect_months customer_months changed_at",
            STAFF: "changed_by",
        }
    ),
}

IDENTITY: Mapping[str, Fates] = {
    "tenant": _fates(
        {
            KEY: "tenant_id",
            WHOLE: "key name language currency time_zone demo_as_of created_at demands_factor",
        }
    ),
    "app_user": _fates(
        {STAFF: "user_id username password_hash language is_demo created_at must_change"},
    ),
    "membership": _fates({STAFF: "user_id tenant_id role deactivated_at"}),
    "invitation": _fates({STAFF: "username tenant_id role invited_at"}),
    "second_factor": _fates({STAFF: "user_id secret_sealed last_step confirmed_at"}),
    "recovery_code": _fates({STAFF: "user_id code_sha256"}),
    "known_client": _fates({STAFF: "username_sha256 client_sha256 seen_at"}),
    "session": _fates({STAFF: "token_sha256 user_id tenant_id created_at seen_at revoked_at"}),
    "login_ticket": _fates(
        {STAFF: "ticket_sha256 user_id tenant_id expires_at began_at code_passed"}
    ),
    "sign_in_attempt": _fates(
        {STAFF: "attempt_id username_sha256 client_sha256 tried_at succeeded"}
    ),
    "sign_in_failure": _fates({STAFF: "username_sha256 window_at passwords codes refused"}),
    "worker_heartbeat": _fates({TECHNICAL: "worker_id started_at seen_at"}),
    "webhook_secret": _fates({TECHNICAL: "secret_sha256 tenant_id created_at revoked_at"}),
    "schedule": _fates(
        {
            TECHNICAL: "schedule_id tenant_id name weekdays at_time steps template saved_at next_at"
            " pause_reason",
            STAFF: "user_id",
        }
    ),
    "api_token": _fates(
        {
            TECHNICAL: "token_sha256 token_id tenant_id name role created_at expires_at revoked_at"
            " used_at"
        }
    ),
}


def columns_of(table: str, fate: Fate) -> tuple[str, ...]:
    """Return the columns of a tenant's table that have this fate."""
    return tuple(name for name, column in DATA[table].items() if column.fate is fate)


def deleted_tables() -> tuple[str, ...]:
    """Return the tables of which whole rows are deleted."""
    return tuple(table for table in DATA if columns_of(table, Fate.DELETED))


def redacted_tables() -> tuple[str, ...]:
    """Return the tables with texts that are looked through."""
    return tuple(table for table in DATA if columns_of(table, Fate.REDACTED))
