"""What only one function takes that has to do with programs that call, and with schedules."""

import tempfile
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from core.errors import CrmError
from core.services.idempotent_calls import Call, Reply
from core.services.schedule_mail import Report
from core.services.schedules import Plan, Step
from core.store.api_tokens import ApiTokenRow
from core.store.occurrences import OccurrenceRow
from core.store.schedules import ScheduleRow
from tests.contract.campaign_data import NOW
from tests.isolation.given import NEW, SHA
from tests.isolation.only_people import Given

REPORT = '{"said": [], "steps": []}'
LATER = NOW + timedelta(days=30)
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


_SCHEDULE = ScheduleRow(
    schedule_id=NEW,
    name="Monday",
    weekdays="0",
    at_time="06:00",
    steps="run",
    template="discovery",
    user_id=NEW,
    saved_at=NOW,
    next_at=NOW,
)
_OCCURRENCE = OccurrenceRow(
    occurrence_id=NEW,
    schedule_id=NEW,
    due_at=NOW,
    asked_by=None,
    outcome="open",
    created_at=NOW,
    finished_at=None,
    plan_json="{}",
    report_json=REPORT,
)
_PLAN = Plan(name="Tuesday", days=(1,), at=time(7), steps=(Step.RUN,))
_WHY = CrmError("enough")


def _of_occurrence(values: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    return {"occurrence_id": values["occurrence_id"], **more}


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
    "store.api_replies.forget_unbegun": lambda v: {"key_sha256": v["open_reply_key"]},
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
    "services.backtest.fail_backtest": lambda v: {"backtest_id": v["queued_backtest"], "why": _WHY},
    "services.execute_run.fail": lambda v: {"run_id": v["queued_id"], "why": _WHY},
    "services.schedule_mail.mail_report": {
        "key": NEW,
        "username": "person1@example.com",
        "report": Report(subject="x", lines=[], links=[]),
    },
    "services.schedule_report.report_of_steps": {
        "name": "Monday",
        "report": {"said": [], "steps": []},
        "language": "en",
    },
    "services.schedule_work.end_occurrence": lambda v: _of_occurrence(v, why=_WHY),
    "services.schedule_work.keep_report": lambda v: _of_occurrence(
        v, report={"said": [], "steps": []}, outcome="done"
    ),
    "services.schedule_work.work_occurrence": _of_occurrence,
    "services.schedules.ask_now": lambda v: {
        "actor": v["shared_user"],
        "schedule_id": v["idle_schedule_id"],
    },
    "services.schedules.save_schedule": lambda v: {
        "actor": v["shared_user"],
        "plan": _PLAN,
        "schedule_id": v["schedule_id"],
    },
    "services.schedules.switch_schedule": lambda v: {
        "schedule_id": v["schedule_id"],
        "is_on": False,
    },
    "store.occurrences.store_occurrence": {"occurrence": _OCCURRENCE},
    "store.occurrences.load_occurrences": lambda v: {"schedule_id": v["schedule_id"], "limit": 9},
    "store.occurrences.store_report": lambda v: _of_occurrence(v, report_json=REPORT),
    "store.schedules.load_due": {"now": LATER},
    "store.schedules.move_on": lambda v: {
        "schedule_id": v["schedule_id"],
        "due_at": v["schedule_due_at"],
        "next_at": None,
    },
    "store.schedules.store_schedule": {"schedule": _SCHEDULE},
    "store.slots.abandoned_slot": {"name": "worker-0"},
}
