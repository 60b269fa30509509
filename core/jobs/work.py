"""What each kind of job does: one service, called with the tenant's store and a subject."""

from typing import Protocol

from core.jobs import kinds
from core.jobs.queue import forget_jobs
from core.jobs.shards import ask_shard
from core.services.accounts import SYSTEM
from core.services.backtest import execute_backtest
from core.services.campaign_watch import settle_doubts
from core.services.cause_questions import answer_causes
from core.services.erase_brevo import try_forget_contacts
from core.services.erasure import erase
from core.services.execute_run import execute
from core.services.import_files import load, plan
from core.services.import_undo import clear_undone
from core.services.inbox import work_on
from core.services.policy_preview import compute_preview
from core.services.prepare_campaign import prepare_asked
from core.services.progress import Progress
from core.services.retention import erase_due
from core.services.review_work import apply_decisions
from core.services.schedule_work import work_occurrence
from core.services.send_campaign import send
from core.services.shard_run import work_shard
from core.services.sync_contacts import sync_contacts
from core.store.tenant import TenantStore


class _Work(Protocol):
    def __call__(self, store: TenantStore, subject: str, progress: Progress, /) -> object: ...


WORK: dict[str, _Work] = {
    kinds.PLAN: lambda store, subject, progress: plan(store, subject, progress),
    kinds.LOAD: lambda store, subject, progress: load(store, subject, progress),
    kinds.TAKE: lambda store, subject, progress: work_on(store, subject, progress),
    kinds.CLEAR: lambda store, _subject, _progress: clear_undone(store),
    kinds.RUN: lambda store, subject, progress: execute(store, subject, progress, ask_shard),
    kinds.SHARD: lambda store, subject, progress: work_shard(store, subject, progress),
    kinds.PREVIEW: lambda store, subject, progress: compute_preview(store, subject, progress),
    kinds.CAUSES: lambda store, subject, progress: answer_causes(store, subject, progress),
    kinds.REVIEW: lambda store, subject, progress: apply_decisions(store, subject, progress),
    kinds.PREPARE: lambda store, subject, progress: prepare_asked(store, subject, progress),
    kinds.SEND: lambda store, subject, progress: send(store, subject, progress),
    kinds.SYNC: lambda store, subject, progress: kinds.Told(
        sync_contacts(store, SYSTEM, subject, progress).to_dict()
    ),
    kinds.RECONCILE: lambda store, subject, _progress: settle_doubts(store, subject),
    kinds.BACKTEST: lambda store, subject, progress: execute_backtest(store, subject, progress),
    kinds.ERASE: lambda store, subject, progress: erase(store, subject, progress, forget_jobs),
    kinds.RETAIN: lambda store, _subject, progress: erase_due(store, SYSTEM, progress, forget_jobs),
    kinds.SCHEDULE: lambda store, subject, progress: work_occurrence(
        store, subject, progress, ask_shard
    ),
    kinds.FORGET: lambda store, _subject, _progress: try_forget_contacts(store),
}
