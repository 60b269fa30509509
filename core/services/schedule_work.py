"""What is done when a schedule is due: import, run, rehearsal, mail, one after the other.

Each step is entered when it is done, so a worker that takes over goes on at the next. A step that
is refused is the last but for the mail, which then tells that. The run has an id that follows from
the occurrence's: done again, it is the same run.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from core.errors import Busy, CrmError, NotFound, Refused, Stopped
from core.i18n import N_
from core.services.accounts import Actor, Role, includes, role_of
from core.services.campaign_reports import status_of
from core.services.execute_run import create_run, execute, fail
from core.services.import_ledger import LOADED
from core.services.inbox import take_in, work_on
from core.services.prepare_campaign import prepare
from core.services.progress import Progress, no_progress
from core.services.schedule_mail import mail_report
from core.services.schedule_report import report_of_steps
from core.services.schedules import PAUSE_SENTENCES, ROLE_LOST, Step
from core.services.shard_run import AskShard
from core.store.fence import is_away
from core.store.identity import find_user_by_id
from core.store.occurrences import DONE, ENDED, OPEN, OccurrenceRow, find_occurrence, store_report
from core.store.runs import find_run
from core.store.tenant import TenantStore

STAGE = N_("Waiting for the import under way")
RUN_STAGE = N_("Waiting for the run under way")
NOTHING_NEW = N_("Nothing new lay in the raw folder.")
LOADED_ROWS = N_("%(rows)s rows of %(files)s files were loaded.")
ASKS = N_("An import waits for somebody on the Upload page: it has a question or a grave warning.")
REFUSED_FILE = N_("A file was refused and lies in the folder raw/refused with the reason.")
RUN_FIGURES = N_("%(customers)s customers, %(eligible)s of them eligible.")
CAMPAIGN_FIGURES = N_("%(count)s people would be written to. Nobody was: it is a rehearsal.")
_UNEXPECTED = N_("It stopped on an unexpected error; the Jobs page has a reference.")
_NO_OCCURRENCE = N_("There is no such occurrence.")
_LOOK_SECONDS = 2.0
_Result = TypeVar("_Result")
Said = Mapping[str, Any]


@dataclass(kw_only=True)
class Occurrence:
    """An occurrence under way: what it is to do, for whom, and what it has done so far."""

    store: TenantStore
    row: OccurrenceRow
    actor: Actor
    progress: Progress
    report: dict[str, Any]
    ask: AskShard | None = None

    @property
    def run_id(self) -> str:
        """The id of the run that it makes."""
        return run_id_of(self.row.occurrence_id)

    def entry(self, step: Step) -> dict[str, Any]:
        """Return what is kept of a step, entered by this."""
        for known in self.report["steps"]:
            if known["step"] == step:
                return cast(dict[str, Any], known)
        entry: dict[str, Any] = {
            "step": step.value,
            "ids": [],
            "said": [],
            "is_over": False,
            "failed": False,
        }
        self.report["steps"].append(entry)
        return entry

    def keep(self, outcome: str = OPEN) -> None:
        """Store what it has done; with another `outcome` it is over."""
        keep_report(self.store, self.row.occurrence_id, self.report, outcome)


def run_id_of(occurrence_id: str) -> str:
    """Return the id of the run that an occurrence makes."""
    return str(uuid.uuid5(uuid.UUID(occurrence_id), "run"))


def keep_report(
    store: TenantStore, occurrence_id: str, report: Mapping[str, Any], outcome: str
) -> None:
    """Store the report of an open occurrence."""
    kept = json.dumps(report, sort_keys=True, ensure_ascii=False)
    finished_at = None if outcome == OPEN else store.store.now()
    with store.begin() as tx:
        store_report(tx, occurrence_id, kept, outcome=outcome, finished_at=finished_at)


def work_occurrence(
    store: TenantStore,
    occurrence_id: str,
    progress: Progress = no_progress,
    ask: AskShard | None = None,
) -> None:
    """Do what is left of an occurrence; one that is over stays as it is.

    With `ask` its run may be worked on in shards, as by `execute`.
    Raises `NotFound`, `Stopped`, and what is unexpected: then the occurrence has ended with a
    sentence, unless the database was away.
    """
    row = _found(store, occurrence_id)
    if row.outcome != OPEN:
        return
    try:
        _work(store, row, progress, ask)
    except Exception as error:
        if _is_unexpected(error):
            end_occurrence(store, occurrence_id, CrmError(_UNEXPECTED))
        raise


def _is_unexpected(error: Exception) -> bool:
    return not (is_away(error) or isinstance(error, Stopped))


def _work(store: TenantStore, row: OccurrenceRow, progress: Progress, ask: AskShard | None) -> None:
    plan = json.loads(row.plan_json)
    actor = _actor_of(store, plan["user_id"])
    if actor is None:
        end_occurrence(store, row.occurrence_id, CrmError(PAUSE_SENTENCES[ROLE_LOST]))
        return
    report = json.loads(row.report_json)
    work = Occurrence(store=store, row=row, actor=actor, progress=progress, report=report, ask=ask)
    try:
        _do_until_one_fails(work, plan)
    except Exception as error:
        if _is_unexpected(error):
            _end_with_mail(work, plan)
        raise
    if Step.MAIL in plan["steps"]:
        _do_step(work, Step.MAIL, plan)
    has_failed = any(entry["failed"] for entry in work.report["steps"])
    work.keep(ENDED if has_failed else DONE)


def _do_until_one_fails(work: Occurrence, plan: Mapping[str, Any]) -> None:
    steps = [Step(step) for step in plan["steps"]]
    all(_do_step(work, step, plan) for step in steps if step is not Step.MAIL)


def _end_with_mail(work: Occurrence, plan: Mapping[str, Any]) -> None:
    """End an occurrence on an unexpected error, and mail that if a mail is wanted and possible."""
    why = CrmError(_UNEXPECTED)
    end_occurrence(work.store, work.row.occurrence_id, why)
    if Step.MAIL in plan["steps"]:
        work.report["said"].append(why.to_data())
        with suppress(CrmError):
            _mail(work, {}, plan)


def _do_step(work: Occurrence, step: Step, plan: Mapping[str, Any]) -> bool:
    """Do a step unless it is done; return whether the next may be done."""
    entry = work.entry(step)
    if not entry["is_over"]:
        try:
            entry["said"] = list(_DOES[step](work, entry, plan))
        except Stopped:
            raise
        except CrmError as error:
            if is_away(error):
                raise
            entry["said"], entry["failed"] = [error.to_data()], True
        entry["is_over"] = True
        work.keep()
    return not entry["failed"]


def _actor_of(store: TenantStore, user_id: str) -> Actor | None:
    """Return who an occurrence works for, None when she may no longer work."""
    role = role_of(store.store, user_id, store.tenant_id)
    with store.store.identity() as tx:
        user = find_user_by_id(tx, user_id)
    if user is None or role is None or not includes(role, Role.ANALYST):
        return None
    language = user.language or store.tenant.language
    return Actor(user_id=user_id, username=user.username, role=role, language=language)


def _import(work: Occurrence, entry: dict[str, Any], _plan: Mapping[str, Any]) -> list[Said]:
    """Take in the raw folder and load it; raise `Refused` where somebody has to look."""
    refused: list[CrmError] = []
    taken = _in_turn(work, STAGE, lambda: take_in(work.store, tell=refused.append))
    entry["ids"] = sorted({*entry["ids"], *taken})
    work.keep()
    files = rows = 0
    for import_id in entry["ids"]:
        report = _in_turn(
            work,
            STAGE,
            lambda each=import_id: work_on(work.store, each, work.progress),  # type: ignore[misc]
        )
        if report["status"] != LOADED:
            raise Refused(ASKS)
        files += len(report["files"])
        rows += sum(int(file["loaded"]) for file in report["files"])
    if refused:
        raise Refused(REFUSED_FILE)
    if not entry["ids"]:
        return [{"message": NOTHING_NEW, "values": {}}]
    return [{"message": LOADED_ROWS, "values": {"rows": rows, "files": files}}]


def _in_turn(work: Occurrence, stage: str, do: Callable[[], _Result]) -> _Result:
    """Do what another import or run of the company may bar; wait for that as commands do.

    It may be this very one, by a worker that was stopped and has not ended yet.
    """
    until = time.monotonic() + work.store.store.settings.import_wait_seconds
    while True:
        try:
            return do()
        except Busy:
            if time.monotonic() >= until:
                raise
            work.progress(stage, 0, 1)
            time.sleep(_LOOK_SECONDS)


def _run(work: Occurrence, entry: dict[str, Any], _plan: Mapping[str, Any]) -> list[Said]:
    with work.store.read() as tx:
        is_made = find_run(tx, work.run_id) is not None
    if not is_made:
        create_run(work.store, work.actor, run_id=work.run_id)
    entry["ids"] = [work.run_id]
    summary = _in_turn(
        work, RUN_STAGE, lambda: execute(work.store, work.run_id, work.progress, work.ask)
    )
    values = {name: summary[name] for name in ("customers", "eligible")}
    return [{"message": RUN_FIGURES, "values": values}]


def _campaign(work: Occurrence, entry: dict[str, Any], plan: Mapping[str, Any]) -> list[Said]:
    campaign_id = prepare(
        work.store, work.actor, work.run_id, plan["template"], progress=work.progress
    )
    entry["ids"] = [campaign_id]
    count = status_of(work.store, campaign_id).planned
    return [{"message": CAMPAIGN_FIGURES, "values": {"count": count}}]


def _mail(work: Occurrence, _entry: dict[str, Any], plan: Mapping[str, Any]) -> list[Said]:
    told = report_of_steps(work.store, plan["name"], work.report, work.actor.language)
    return [mail_report(work.store, work.row.occurrence_id, work.actor.username, told)]


_DOES: Mapping[Step, Callable[[Occurrence, dict[str, Any], Mapping[str, Any]], list[Said]]] = {
    Step.IMPORT: _import,
    Step.RUN: _run,
    Step.CAMPAIGN: _campaign,
    Step.MAIL: _mail,
}


def end_occurrence(store: TenantStore, occurrence_id: str, why: CrmError) -> None:
    """End an occurrence that nobody works on, and its run, with a sentence; one over stays."""
    row = _found(store, occurrence_id)
    if row.outcome != OPEN:
        return
    report = json.loads(row.report_json)
    report["said"].append(why.to_data())
    keep_report(store, occurrence_id, report, ENDED)
    fail(store, run_id_of(occurrence_id), why)


def _found(store: TenantStore, occurrence_id: str) -> OccurrenceRow:
    with store.read() as tx:
        row = find_occurrence(tx, occurrence_id)
    if row is None:
        raise NotFound(_NO_OCCURRENCE)
    return row
