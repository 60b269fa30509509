"""Schedules on a driven clock: entered once, done step by step, told by mail; on both databases."""

import itertools
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from time import sleep
from typing import Any

import pytest

from core.errors import Busy, CrmError, NotFound, Refused, Stopped
from core.outreach.replies import EmailOutcome, EmailReply
from core.services import inbox, shard_plan
from core.services.accounts import SYSTEM, Actor, Role, create_tenant, create_user
from core.services.audit_trail import Action, trail_of
from core.services.execute_run import STAGES
from core.services.import_ledger import list_imports
from core.services.run_reports import list_runs
from core.services.run_words import REASON_TITLES
from core.services.schedule_due import LATE, STILL_GOING, enter_due, open_occurrences
from core.services.schedule_mail import NO_ADDRESS, WRITTEN, Report, mail_report
from core.services.schedule_work import (
    ASKS,
    NOTHING_NEW,
    RUN_STAGE,
    end_occurrence,
    run_id_of,
    work_occurrence,
)
from core.services.schedules import (
    ROLE_LOST,
    Plan,
    Step,
    ask_now,
    list_schedules,
    occurrences_of,
    remove_schedule,
    save_schedule,
    switch_schedule,
)
from core.services.shard_run import work_shard
from core.services.users import change_role
from core.store import schedules as stored
from core.store.locks import RUN_LOCK, exclusive
from core.store.occurrences import OccurrenceRow, is_going
from core.store.schedules import load_schedules, store_schedule
from core.store.tenant import Store, TenantStore
from tests.contract.brevo_contract import find_operation, violations_of_request
from tests.contract.conftest import Clock
from tests.contract.live_data import go_live
from tests.golden.small_tenant import AS_OF, FOLDER

ALL = tuple(Step)
WEEK = timedelta(days=7)
PASSWORD = "a long enough one"
QUESTION = "client_code,created_at\nC1,03/04/2025\n"


@pytest.fixture
def company(store: Store, cheap_hashes: None) -> TenantStore:
    key = f"cave-{uuid.uuid4().hex[:8]}"
    return store.tenant_store(create_tenant(store, key, "Cave", "en", demo_as_of=AS_OF))


@pytest.fixture
def anne(company: TenantStore) -> Actor:
    name = f"anne-{uuid.uuid4().hex[:8]}@example.com"
    return create_user(company.store, company.tenant, name, PASSWORD, Role.ANALYST)


def plan(*steps: Step, at: time = time(6)) -> Plan:
    """Every Monday at six in Paris, which is five in UTC before summer."""
    return Plan(name="Monday", days=(0,), at=at, steps=steps or (Step.RUN,))


def newest(company: TenantStore, schedule_id: str) -> OccurrenceRow:
    return occurrences_of(company, SYSTEM, schedule_id)[0]


def said(row: OccurrenceRow) -> dict[str, list[str]]:
    """The messages of an occurrence as a whole and of each step."""
    report = json.loads(row.report_json)
    steps = {entry["step"]: [one["message"] for one in entry["said"]] for entry in report["steps"]}
    return {"": [one["message"] for one in report["said"]], **steps}


def come_due(company: TenantStore, clock: Clock, schedule_id: str) -> OccurrenceRow:
    (schedule,) = list_schedules(company, SYSTEM)
    assert schedule.next_at
    clock.moment = schedule.next_at
    enter_due(company.store)
    return newest(company, schedule_id)


def leave_sample(company: TenantStore) -> None:
    folder = inbox.inbox_of(company)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (FOLDER / "input").glob("*.csv"):
        shutil.copy(path, folder)


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.inbox.SETTLE_SECONDS", 0.0)


def test_eight_workers_enter_a_time_once(company: TenantStore, anne: Actor, clock: Clock) -> None:
    schedule_id = save_schedule(company, anne, plan())
    clock.pass_by(WEEK)
    with ThreadPoolExecutor(8) as workers:
        for done in [workers.submit(enter_due, company.store) for _ in range(8)]:
            done.result()
    (entered,) = occurrences_of(company, anne, schedule_id)
    assert open_occurrences(company) == [entered.occurrence_id]
    assert (entered.due_at.isoformat(), entered.asked_by) == ("2026-03-09T05:00:00+00:00", None)
    (schedule,) = list_schedules(company, anne)
    assert schedule.next_at == entered.due_at + WEEK


def test_times_that_were_missed_are_one_that_says_so(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    clock.pass_by(4 * WEEK)
    enter_due(company.store)
    enter_due(company.store)
    (late,) = occurrences_of(company, anne, schedule_id)
    assert said(late) == {"": [LATE]}
    (schedule,) = list_schedules(company, anne)
    assert schedule.next_at
    assert schedule.next_at > clock()


def test_a_time_that_comes_while_the_last_is_at_work_is_left_out(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    going = come_due(company, clock, schedule_id)
    clock.pass_by(timedelta(seconds=1))
    left_out = come_due(company, clock, schedule_id)
    assert (left_out.outcome, said(left_out)) == ("skipped", {"": [STILL_GOING]})
    with pytest.raises(Refused, match="at work"):
        ask_now(company, anne, schedule_id)
    end_occurrence(company, going.occurrence_id, CrmError("enough"))
    end_occurrence(company, going.occurrence_id, CrmError("again"))
    assert come_due(company, clock, schedule_id).outcome == "open"
    ended = occurrences_of(company, anne, schedule_id)[-1]
    assert (ended.outcome, said(ended)) == ("ended", {"": ["enough"]})


def test_a_schedule_that_cannot_be_entered_keeps_nobody_elses_waiting(
    company: TenantStore, anne: Actor, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    key = f"later-{uuid.uuid4().hex[:8]}"
    other = company.store.tenant_store(create_tenant(company.store, key, "Later"))
    save_schedule(other, anne, plan(at=time(5)))
    with company.store.identity(write=True) as tx:
        (row,) = load_schedules(tx, other.tenant_id)
        store_schedule(tx, other.tenant_id, replace(row, steps="of-a-later-release"))
    schedule_id = save_schedule(company, anne, plan())
    clock.pass_by(WEEK)
    enter_due(company.store)
    assert [row.outcome for row in occurrences_of(company, anne, schedule_id)] == ["open"]
    assert f"schedule {row.schedule_id} was not entered" in caplog.text


@pytest.mark.parametrize("asked", [True, False])
def test_eight_who_ask_at_once_begin_a_schedule_once(
    company: TenantStore, anne: Actor, clock: Clock, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each asks at a moment of its own; a worker finds it due meanwhile, or not."""
    schedule_id = save_schedule(company, anne, plan())
    clock.pass_by(timedelta() if asked else WEEK)
    later = itertools.count(1)
    monkeypatch.setattr(company.store, "now", lambda: clock() + timedelta(microseconds=next(later)))
    monkeypatch.setattr("core.services.schedules.is_going", _slowly(is_going))
    monkeypatch.setattr("core.services.schedule_due.is_going", _slowly(is_going))

    def ask(number: int) -> None:
        with suppress(Refused, Busy):
            if number or asked:
                ask_now(company, anne, schedule_id)
            else:
                enter_due(company.store)

    with ThreadPoolExecutor(8) as askers:
        list(askers.map(ask, range(8)))
    assert len(open_occurrences(company)) == 1


def _slowly(look: Callable[..., bool]) -> Callable[..., bool]:
    def looks(*args: Any) -> bool:
        found = look(*args)
        sleep(0.05)
        return found

    return looks


def test_a_run_that_is_barred_for_a_while_is_made_when_it_may(
    company: TenantStore, anne: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    row = come_due(company, clock, schedule_id)
    monkeypatch.setattr("core.services.schedule_work._LOOK_SECONDS", 0.0)
    stages: list[str] = []
    with ExitStack() as held:
        held.enter_context(exclusive(company, RUN_LOCK, "held"))

        def tell(stage: str, _done: int, _total: int, /) -> None:
            stages.append(stage)
            if stages.count(RUN_STAGE) == 3:
                held.close()

        work_occurrence(company, row.occurrence_id, tell)
    assert stages[:3] == [RUN_STAGE] * 3
    assert newest(company, schedule_id).outcome == "done"


def test_a_run_of_a_schedule_is_worked_on_in_shards_like_any(
    company: TenantStore, anne: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_plan, "SHARDED_FROM", 1)
    schedule_id = save_schedule(company, anne, plan(Step.IMPORT, Step.RUN))
    leave_sample(company)
    row = come_due(company, clock, schedule_id)
    asked: list[str] = []

    def ask(store: TenantStore, subject: str) -> None:
        asked.append(subject)
        work_shard(store, subject)

    work_occurrence(company, row.occurrence_id, ask=ask)
    assert newest(company, schedule_id).outcome == "done"
    assert bool(asked) == (company.store.data_engine.dialect.name == "postgresql")


def test_a_schedule_pauses_when_its_owner_loses_the_role(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    change_role(company, SYSTEM, anne.user_id, Role.VIEWER)
    clock.pass_by(WEEK)
    enter_due(company.store)
    enter_due(company.store)
    assert occurrences_of(company, anne, schedule_id) == []
    (paused,) = list_schedules(company, anne)
    assert (paused.is_on, paused.pause_reason) == (False, ROLE_LOST)
    (line,) = trail_of(company, SYSTEM, Action.SCHEDULE_PAUSED)
    assert (line.entry.subject, line.actor) == (schedule_id, "system")


def test_who_loses_the_role_while_it_waits_has_nothing_done(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    row = come_due(company, clock, schedule_id)
    change_role(company, SYSTEM, anne.user_id, Role.VIEWER)
    work_occurrence(company, row.occurrence_id)
    assert newest(company, schedule_id).outcome == "ended"
    assert list_runs(company) == ()


def test_a_monday_imports_runs_rehearses_and_mails_and_the_next_has_nothing_new(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan(*ALL))
    leave_sample(company)
    for is_first in (True, False):
        row = come_due(company, clock, schedule_id)
        work_occurrence(company, row.occurrence_id)
        done = newest(company, schedule_id)
        assert (done.outcome, len(said(done))) == ("done", 5), done.report_json
        assert (said(done)["import"] == [NOTHING_NEW]) is not is_first
        assert said(done)["mail"] == [WRITTEN]
        clock.pass_by(timedelta(seconds=1))
    assert [entry.status for entry in list_imports(company)] == ["loaded"]
    assert [run.status for run in list_runs(company)] == ["done", "done"]
    assert {run.created_by for run in list_runs(company)} == {anne.username}
    _check_mail(company, anne, newest(company, schedule_id))


def _check_mail(company: TenantStore, anne: Actor, row: OccurrenceRow) -> None:
    path = company.folder / "outbox" / f"{row.occurrence_id}.eml"
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == (anne.username, "Cave: Monday")
    assert mail["Date"].datetime.date() == row.created_at.date()
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    (run, *_) = list_runs(company)
    assert f"{run.customers} customers, {run.eligible} of them eligible." in text
    assert f"http://localhost:8501/qc?run={run.run_id}" in text
    told = [line.split(": ") for line in text.splitlines() if line.count(": ") == 1]
    kept_back = {title: count for title, count in told if title in REASON_TITLES.values()}
    assert sum(map(int, kept_back.values())) == run.customers - run.eligible > 0, text
    with company.read() as tx:
        people = tx.rows(
            "SELECT first_name, last_name, email FROM customer WHERE tenant_id = :tenant"
        )
    for person in people:
        for value in person.values():
            assert not value or str(value) not in text.replace(anne.username, "")


def test_an_import_with_a_question_is_the_end_and_the_mail_tells_it(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan(*ALL))
    inbox.inbox_of(company).mkdir(parents=True)
    (inbox.inbox_of(company) / "Jeanne Martin clients.csv").write_text(QUESTION)
    row = come_due(company, clock, schedule_id)
    work_occurrence(company, row.occurrence_id)
    ended = newest(company, schedule_id)
    assert (ended.outcome, said(ended)) == ("ended", {"": [], "import": [ASKS], "mail": [WRITTEN]})
    assert list_runs(company) == ()
    told = (company.folder / "outbox" / f"{row.occurrence_id}.eml").read_text()
    assert "needs you" in told
    assert "Jeanne" not in told


def test_an_unexpected_error_is_mailed_as_well(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan(Step.RUN, Step.MAIL))
    row = come_due(company, clock, schedule_id)

    def breaks(_stage: str, _done: int, _total: int, /) -> None:
        raise ZeroDivisionError

    for _ in range(2):  # the job is tried again
        with suppress(ZeroDivisionError):
            work_occurrence(company, row.occurrence_id, breaks)
    assert newest(company, schedule_id).outcome == "ended"
    (path,) = (company.folder / "outbox").iterdir()
    told = path.read_text()
    assert "needs you" in told
    assert "unexpected error" in told


def test_work_that_was_killed_goes_on_at_its_next_step_with_the_same_run(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan(Step.IMPORT, Step.RUN))
    leave_sample(company)
    row = come_due(company, clock, schedule_id)

    class Killed(BaseException):
        pass

    def dies(stage: str, _done: int, _total: int, /) -> None:
        if stage == STAGES["audit"]:
            raise Killed

    with pytest.raises(Killed):
        work_occurrence(company, row.occurrence_id, dies)
    assert list(said(newest(company, schedule_id))) == ["", "import"]
    work_occurrence(company, row.occurrence_id)
    assert newest(company, schedule_id).outcome == "done"
    (run,) = list_runs(company)
    assert (run.run_id, run.status) == (run_id_of(row.occurrence_id), "done")


def test_a_schedule_that_was_stopped_has_ended_with_its_run(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    occurrence_id = ask_now(company, anne, schedule_id)
    why = Stopped("Stopped by %(name)s.", name="paul")

    def stops(_stage: str, _done: int, _total: int, /) -> None:
        raise why

    with pytest.raises(Stopped):
        work_occurrence(company, occurrence_id, stops)
    end_occurrence(company, occurrence_id, why)
    ended = newest(company, schedule_id)
    assert (ended.outcome, ended.asked_by) == ("ended", anne.username)
    assert [(run.status, run.error) for run in list_runs(company)] == [
        ("failed", "Stopped by paul.")
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"days": ()}, "weekday"),
        ({"days": (7,)}, "weekday"),
        ({"name": " "}, "name"),
        ({"steps": (Step.MAIL,)}, "imports or runs"),
        ({"steps": (Step.IMPORT, Step.CAMPAIGN)}, "choose the run"),
        ({"template": "brevo:1"}, "message"),
    ],
)
def test_a_plan_that_cannot_be_done_is_refused(
    company: TenantStore, anne: Actor, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        save_schedule(company, anne, replace(plan(), **change))
    assert list_schedules(company, anne) == []


def test_a_schedule_is_switched_off_on_and_removed_and_the_trail_has_it(
    company: TenantStore, anne: Actor, clock: Clock
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    switch_schedule(company, anne, schedule_id, is_on=False)
    clock.pass_by(2 * WEEK)
    enter_due(company.store)
    assert occurrences_of(company, anne, schedule_id) == []
    switch_schedule(company, anne, schedule_id, is_on=True)
    (schedule,) = list_schedules(company, anne)
    assert schedule.next_at
    assert schedule.next_at > clock()
    remove_schedule(company, anne, schedule_id)
    with pytest.raises(NotFound):
        save_schedule(company, anne, plan(), schedule_id)  # its form was open
    assert list_schedules(company, anne) == []
    actions = [line.entry.action for line in trail_of(company, SYSTEM)]
    assert actions == [
        "schedule_removed", "schedule_saved", "schedule_switched_off", "schedule_saved",
    ]  # fmt: skip


def test_a_schedule_is_switched_off_while_a_worker_sets_its_next_time(
    company: TenantStore, anne: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_id = save_schedule(company, anne, plan())
    plain, workers = stored.move_on, [WEEK]

    def move_on(tx: Any, tenant_id: str, of: str, due_at: datetime, next_at: Any) -> bool:
        if workers:
            assert plain(tx, tenant_id, of, due_at, due_at + workers.pop())
        return plain(tx, tenant_id, of, due_at, next_at)

    monkeypatch.setattr(stored, "move_on", move_on)
    switch_schedule(company, anne, schedule_id, is_on=False)
    assert not list_schedules(company, anne)[0].is_on


def test_a_report_goes_by_brevo_where_the_instance_sends_and_is_one_message(
    company: TenantStore, anne: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_live(company.store, monkeypatch)
    bodies: list[bytes] = []

    class Mailer:
        def send_email(self, body: bytes) -> EmailReply:
            bodies.append(body)
            return EmailReply(outcome=EmailOutcome.ACCEPTED, detail="http_201")

    @contextmanager
    def opened(_store: TenantStore) -> Iterator[Mailer]:
        yield Mailer()

    report, key = Report(subject="Cave", lines=["a & b"], links=["https://x"]), str(uuid.uuid4())
    for _ in range(2):
        mail_report(company, key, anne.username, report, opened)
    assert bodies[0] == bodies[1]
    found = find_operation("POST", "/smtp/email")
    assert found
    assert violations_of_request(found[0], {}, bodies[0]) == []
    sent = json.loads(bodies[0])
    assert (sent["to"], sent["sender"]["email"]) == ([{"email": anne.username}], "cave@example.com")
    assert "a &amp; b" in sent["htmlContent"]
    assert not (company.folder / "outbox").exists()


def test_nobody_but_a_member_with_an_address_is_written_to(company: TenantStore) -> None:
    report = Report(subject="Cave", lines=[], links=[])
    told = mail_report(company, str(uuid.uuid4()), "anne", report)
    assert told["message"] == NO_ADDRESS
    assert not (company.folder / "outbox").exists()
