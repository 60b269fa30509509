"""What only one function takes that has to do with programs that call the HTTP API."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.services.idempotent_calls import Call, Reply
from core.store.api_tokens import ApiTokenRow
from tests.contract.campaign_data import NOW
from tests.isolation.given import NEW, SHA
from tests.isolation.only_people import Given

_TOKEN = ApiTokenRow(
    token_id=NEW,
    name="cron",
    role="viewer",
    created_at=NOW,
    expires_at=None,
    revoked_at=None,
    used_at=None,
)


def _of_run(values: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = {"run_id": values["run_id"], "template": "discovery", "batch_size": 250}
    return {**choices, "call": Call(call_id=NEW)}


def _backup(_values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a folder that is not there yet; there are no job tables in these worlds."""
    folder = Path(tempfile.mkdtemp(prefix="iacrm-"))
    return {"jobs_url": f"sqlite:///{folder}/jobs.db", "target": folder / "backup"}


OF_PROGRAMS: Mapping[str, Given] = {
    "services.backup.back_up": _backup,
    "services.instance_check.check_instance": lambda v: {"jobs_url": _backup(v)["jobs_url"]},
    "services.campaign_batches.work_next_batch": _of_run,
    "services.campaign_batches.live_campaign_of": _of_run,
    "services.campaign_batches.confirm_next_batch": lambda v: {
        "campaign_id": v["ready_id"],
        "recipients": 4,
        "call": Call(call_id=NEW),
    },
    "services.idempotent_calls.once": {
        "key": "monday",
        "request": {},
        "work": lambda _call: Reply(status=200, body={"fresh": True}),
    },
    "services.tenant_erasure.erase_tenant": {
        "key": "alpha",
        "confirmation": "alpha",
        "forget_all_jobs": lambda _store: 0,
    },
    "services.tenant_erasure.rows_of_tenant": {"key": "alpha"},
    "store.tenant_rows.delete_tenant": lambda v: {"tenant_id": v["tenant_id"]},
    "store.tenant_rows.shut_tenant_out": lambda v: {"tenant_id": v["tenant_id"]},
    "store.message_figures.last_beats": {"since": NOW},
    "store.api_replies.hold_call": lambda v: {
        "key_sha256": v["open_reply_key"],
        "call_id": NEW,
        "now": NOW,
        "held_before": NOW,
    },
    "store.api_replies.let_go": lambda v: {
        "key_sha256": v["open_reply_key"],
        "is_refused": True,
    },
    "store.api_replies.store_begun": lambda v: {
        "key_sha256": v["open_reply_key"],
        "begun_json": "{}",
    },
    "store.api_replies.find_reply": lambda v: {"key_sha256": v["reply_key"]},
    "store.api_replies.purge_replies": {"before": NOW},
    "store.api_replies.store_call": lambda v: {
        "key_sha256": v["reply_key"],
        "request_sha256": SHA,
        "call_id": NEW,
    },
    "store.api_replies.store_reply": lambda v: {
        "key_sha256": v["reply_key"],
        "http_status": 201,
        "body_json": "{}",
    },
    "store.api_tokens.find_token": lambda v: {"token_sha256": v["api_token_sha256"]},
    "store.api_tokens.find_good_role": lambda v: {"token_id": v["api_token_id"], "now": NOW},
    "store.api_tokens.revoke_token": lambda v: {"token_id": v["api_token_id"]},
    "store.api_tokens.store_token": {"token_sha256": SHA, "row": _TOKEN},
    "store.api_tokens.touch_token": lambda v: {"token_id": v["api_token_id"]},
    "services.api_tokens.revoke_token": lambda v: {"token_id": v["api_token_id"]},
}
