"""A live campaign while others work on the same people, deliveries or data at the same moment."""

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from core.errors import BrevoLimited, Busy
from core.outreach.outcomes import Decision, PauseReason
from core.outreach.payload import compose_request
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome, EmailReply, classify_failure
from core.services import (
    addressee_checks,
    campaign_claims,
    prepare_campaign,
    reconcile_campaign,
)
from core.services import send_live as send_live_module
from core.services.campaign_claims import Claim, Sender, become_sender, claim_next
from core.services.campaign_control import confirm_live, find_known, note_restore, pause, resume
from core.services.campaign_doubts import doubts_of
from core.services.campaign_reports import logs_of, status_of
from core.services.campaign_watch import due_work
from core.services.delivery_review import Ruling, rule
from core.services.live_outcomes import Landing, record
from core.services.prepare_campaign import prepare
from core.services.pull_refusals import Watch
from core.services.reconcile_campaign import MISSED_FOR, Reconciliation, reconcile
from core.services.send_live import send_live
from core.services.webhooks import receive_events
from core.store import addressees, event_reads
from core.store.doubtful import SeenEvent, find_numbered, note_missed
from core.store.live_deliveries import Flight, load_flights
from core.store.patience import Patience
from core.store.senders import hold_campaign
from core.store.tenant import TenantStore, Transaction
from tests.contract.campaign_data import ANALYST, NOW, count, deliveries_of
from tests.contract.live_data import Clock, FakeBrevo, go_live, prepare_live, said

pytestmark = pytest.mark.both_stores

AMBIGUOUS = said(EmailOutcome.AMBIGUOUS, status=502)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tenant(tenant: TenantStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TenantStore:
    """A tenant whose instance sends live, four at once, on the test's clock."""
    go_live(tenant.store, monkeypatch, clock, brevo_in_flight=4)
    monkeypatch.setattr(prepare_campaign, "MIN_BATCH_SIZE", 1)
    return tenant


@pytest.fixture
def brevo(clock: Clock) -> FakeBrevo:
    return FakeBrevo(clock=clock)


def send(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> None:
    send_live(tenant, campaign_id, brevo, sleep=brevo.clock.sleep)
    assert status_of(tenant, campaign_id).difference == 0


def states(tenant: TenantStore, campaign_id: str) -> list[str]:
    rows = deliveries_of(tenant, campaign_id)
    return [str(rows[code]["state"]) for code in sorted(rows)]


def _second_campaign(tenant: TenantStore) -> str:
    """Prepare and confirm another message to the one person of the first campaign."""
    with tenant.read() as tx:
        run_id = tx.scalar("SELECT run_id FROM campaign WHERE tenant_id = :tenant")
    campaign_id = prepare(tenant, ANALYST, str(run_id), "rebuy", 250, mode=Mode.LIVE)
    confirm_live(tenant, ANALYST, campaign_id, 1)
    return campaign_id


def test_an_evening_west_of_greenwich_is_today_for_the_silence_window(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    martinique = replace(tenant.tenant, time_zone="America/Martinique")
    west = tenant.store.tenant_store(martinique)
    brevo.clock.moment = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
    first = prepare_live(west, 1)
    second = _second_campaign(west)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(west, first, brevo)
    send(west, second, brevo)
    assert states(west, first) + states(west, second) == ["UNCONFIRMED", "SUPPRESSED"]


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has one writer at a time
def test_an_outcome_recorded_while_another_campaign_claims_is_seen(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare_live(tenant, 1)
    second = _second_campaign(tenant)
    claimed, read = threading.Event(), threading.Event()
    fetch = addressee_checks.fetch_addressees_among

    def pausing_fetch(*args: object) -> None:
        fetch(*args)  # type: ignore[arg-type]
        read.set()
        for _ in range(500):
            if states(tenant, first) == ["SENT"]:
                return
            time.sleep(0.01)

    def wait_for_reading() -> None:
        claimed.set()
        read.wait(10)

    brevo.on_post = wait_for_reading
    sender = threading.Thread(target=send, args=(tenant, first, brevo))
    sender.start()
    claimed.wait(10)
    monkeypatch.setattr(addressee_checks, "fetch_addressees_among", pausing_fetch)
    send(tenant, second, brevo)
    sender.join()
    assert states(tenant, first) + states(tenant, second) == ["SENT", "SUPPRESSED"]
    assert brevo.accepted["person1@example.com"] == 1


def _taken_over(tenant: TenantStore, campaign_id: str) -> Sender:
    """Return a sender that has just become the campaign's, beside the one that believes it is."""
    with tenant.begin() as tx, duckdb.connect() as con:
        return become_sender(tenant, tx, con, find_known(tx, campaign_id))


def _claimed(tenant: TenantStore, campaign_id: str) -> list[Flight]:
    with tenant.read() as tx:
        return load_flights(tx, campaign_id, state="CLAIMED", limit=100)


@pytest.mark.parametrize(
    "outcome", [EmailOutcome.LIMITED, EmailOutcome.REJECTED, EmailOutcome.REFUSED]
)
def test_a_refusal_to_a_late_sender_says_nothing_of_the_try_of_the_next(
    tenant: TenantStore, brevo: FakeBrevo, outcome: EmailOutcome
) -> None:
    campaign_id = prepare_live(tenant, 1)
    heard: list[list[Decision]] = []

    def take_over(there: FakeBrevo, body: bytes) -> EmailReply:
        (flight,) = _claimed(tenant, campaign_id)
        unclear = Landing(flight=flight, reply=classify_failure("restarted"))
        heard.append(record(_taken_over(tenant, campaign_id), [unclear]))
        there.take(body)  # the next sender's post, its answer under way
        return said(outcome, status=400)(there, body)

    brevo.plan[1] = [take_over]
    send(tenant, campaign_id, brevo)
    assert heard[0][0].after is None
    assert states(tenant, campaign_id) == ["CLAIMED"]


def test_a_sender_that_wakes_up_posts_no_claim_of_the_next(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 8)
    claim = send_live_module.claim_next

    def slow_claim(sender: Sender, limit: int, batch_no: int | None = None) -> list[Claim]:
        claims = claim(sender, limit, batch_no)
        if claims:
            with duckdb.connect() as con:
                claim(replace(_taken_over(tenant, campaign_id), con=con), 4)
        return claims

    monkeypatch.setattr(send_live_module, "claim_next", slow_claim)
    send(tenant, campaign_id, brevo)
    assert brevo.posts == []
    assert states(tenant, campaign_id) == ["CLAIMED"] * 8


def test_a_claim_of_tomorrow_is_too_old_to_be_tried_again(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 1)

    def clock_goes_back(_there: FakeBrevo, _body: bytes) -> EmailReply:
        brevo.clock.moment -= timedelta(hours=1)
        return AMBIGUOUS(brevo, b"")

    brevo.plan[1] = [clock_goes_back]
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["UNCONFIRMED"]
    assert len(brevo.posts) == 1


def test_a_ruling_at_the_end_of_a_campaign_leaves_nobody_planned_in_it(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 2)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(tenant, campaign_id, brevo)
    _to_review(tenant, campaign_id, brevo)
    with tenant.begin() as tx:
        tx.execute("UPDATE campaign SET state = 'SENDING' WHERE tenant_id = :tenant")
    looked = threading.Event()
    looks = campaign_claims.has_deliveries

    def slow_look(*args: object) -> bool:
        found = looks(*args)  # type: ignore[arg-type]
        looked.set()
        time.sleep(0.3)
        return found

    monkeypatch.setattr(campaign_claims, "has_deliveries", slow_look)
    finisher = threading.Thread(target=send, args=(tenant, campaign_id, brevo))
    finisher.start()
    looked.wait(10)
    rule(tenant, ANALYST, campaign_id, 1, Ruling.SEND_AGAIN, "not in Brevo's log")
    finisher.join()
    assert states(tenant, campaign_id) == ["PLANNED", "SENT"]
    assert status_of(tenant, campaign_id).state == "PAUSED"


def _to_review(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> None:
    for _ in range(2):
        reconcile(tenant, ANALYST, campaign_id, brevo)
        brevo.clock.moment += MISSED_FOR
    assert "REVIEW" in states(tenant, campaign_id)


def test_an_event_that_comes_after_the_ruling_is_still_the_proof(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 1)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(tenant, campaign_id, brevo)
    _to_review(tenant, campaign_id, brevo)
    rule(tenant, ANALYST, campaign_id, 1, Ruling.SEND_AGAIN, "not in Brevo's log")
    told = {
        "event": "delivered",
        "email": "person1@example.com",
        "message-id": "<late@brevo.example>",
        "ts_event": int(NOW.timestamp()),
        "X-Mailin-custom": f"{campaign_id}.1",
    }
    receive_events(tenant, [told])
    resume(tenant, ANALYST, campaign_id)
    send(tenant, campaign_id, brevo)
    row = deliveries_of(tenant, campaign_id)["C00001"]
    assert (row["state"], row["proof"]) == ("SENT", "webhook")
    assert len(brevo.posts) == 3


def test_a_restored_campaign_of_more_batches_than_an_hour_permits_is_reconciled(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reads, "READS_IN_AN_HOUR", 2)
    campaign_id = prepare_live(tenant, 5, batch_size=1)
    note_restore(tenant, ANALYST)
    for _ in range(6):
        reconcile(tenant, ANALYST, campaign_id, brevo)
        brevo.clock.moment += timedelta(hours=1)
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 5


def test_a_reading_before_the_restore_is_none_of_the_two_after_it(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 1)
    note_restore(tenant, ANALYST)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    brevo.clock.moment += MISSED_FOR
    note_restore(tenant, ANALYST)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).settles_at is not None
    send(tenant, campaign_id, brevo)
    assert brevo.posts == []


def _spread(tenant: TenantStore, brevo: FakeBrevo, then: Callable[[], object]) -> str:
    """Prepare two batches; the first ends in doubt, and `then` is done while the second is sent."""

    def take_then(there: FakeBrevo, body: bytes) -> EmailReply:
        then()
        return there.take(body)

    campaign_id = prepare_live(tenant, 4, batch_size=2)
    brevo.plan |= {1: [AMBIGUOUS] * 3, 3: [take_then]}
    return campaign_id


def test_events_are_read_while_the_rest_is_sent(tenant: TenantStore, brevo: FakeBrevo) -> None:
    brought: list[Reconciliation] = []
    campaign_id = _spread(
        tenant, brevo, lambda: brought.append(reconcile(tenant, ANALYST, campaign_id, brevo))
    )
    send(tenant, campaign_id, brevo)
    assert [(reading.missed, reading.unread) for reading in brought] == [(1, 0)]
    assert states(tenant, campaign_id) == ["UNCONFIRMED", "SENT", "SENT", "SENT"]


def test_after_a_restore_a_reading_waits_for_its_turn_and_then_says_what_to_do(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[object] = []
    turn = Patience(seconds=0.3, tell=lambda: waits.append(None))
    monkeypatch.setattr(reconcile_campaign, "_TURN", turn)

    def read_restored() -> None:
        note_restore(tenant, ANALYST)
        with pytest.raises(Busy, match="Pause it"):
            reconcile(tenant, ANALYST, campaign_id, brevo)

    campaign_id = _spread(tenant, brevo, read_restored)
    send(tenant, campaign_id, brevo)
    assert len(waits) == 1
    assert reconcile(tenant, ANALYST, campaign_id, brevo).missed == 1


def test_events_say_nothing_of_what_was_claimed_after_them(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 2)
    brevo.plan |= {number: [AMBIGUOUS] * 3 for number in (1, 2)}
    send(tenant, campaign_id, brevo)

    def slow_events(_tag: str, _limit: int, _offset: int) -> list[SeenEvent]:
        brevo.clock.sleep(5)
        with tenant.begin() as tx:
            tx.execute(
                "UPDATE delivery SET claimed_at = :now"
                " WHERE tenant_id = :tenant AND delivery_no = 2",
                now=brevo.clock(),
            )
        return []

    monkeypatch.setattr(brevo, "events_under", slow_events)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).missed == 1
    brevo.clock.moment += MISSED_FOR
    assert reconcile(tenant, ANALYST, campaign_id, brevo).to_review == 1
    assert states(tenant, campaign_id) == ["REVIEW", "UNCONFIRMED"]


def test_events_read_before_a_restore_count_as_none_of_the_readings_after_it(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 1)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(tenant, campaign_id, brevo)

    def restored_meanwhile(_tag: str, _limit: int, _offset: int) -> list[SeenEvent]:
        note_restore(tenant, ANALYST)
        return []

    monkeypatch.setattr(brevo, "events_under", restored_meanwhile)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    assert deliveries_of(tenant, campaign_id)["C00001"]["missed_at"] is None


def _miss(tx: Transaction, campaign_id: str, delivery_no: int) -> None:
    row = find_numbered(tx, campaign_id, delivery_no)
    assert row is not None
    note_missed(tx, campaign_id, row, NOW)


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has one writer at a time
def test_a_restore_that_is_noted_during_a_reading_waits_for_it(tenant: TenantStore) -> None:
    campaign_id = prepare_live(tenant, 2)
    with tenant.begin() as tx:
        for delivery_no in (1, 2):
            _miss(tx, campaign_id, delivery_no)
    noting = threading.Thread(target=note_restore, args=(tenant, ANALYST))
    with tenant.begin() as tx:
        hold_campaign(tx, campaign_id)
        _miss(tx, campaign_id, 2)
        noting.start()
        time.sleep(0.3)  # out of order it has the first by now and waits for the second
        _miss(tx, campaign_id, 1)
    noting.join()
    assert [row["missed_at"] for row in deliveries_of(tenant, campaign_id).values()] == [None] * 2
    assert doubts_of(tenant, campaign_id).is_restored


def test_what_a_dead_sender_claimed_of_a_paused_campaign_is_unconfirmed(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 6)
    with duckdb.connect() as con:
        claim_next(replace(_taken_over(tenant, campaign_id), con=con), 4)
    pause(tenant, ANALYST, campaign_id)
    assert due_work(tenant).to_send == [campaign_id]
    send(tenant, campaign_id, brevo)
    assert due_work(tenant).to_send == []
    assert states(tenant, campaign_id) == ["UNCONFIRMED"] * 4 + ["PLANNED"] * 2
    assert brevo.posts == []


def test_a_backup_of_the_middle_is_known_by_who_was_claimed_before(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 2)
    brevo.plan[2] = [said(EmailOutcome.LIMITED, wait_seconds=1)]
    send(tenant, campaign_id, brevo)
    with tenant.begin() as tx:
        for statement in (
            "UPDATE delivery SET state = 'PLANNED', proof = NULL"
            " WHERE tenant_id = :tenant AND delivery_no = 2",
            "UPDATE campaign SET state = 'SENDING' WHERE tenant_id = :tenant",
            "DELETE FROM contact_history WHERE tenant_id = :tenant",
        ):
            tx.execute(statement)
    shutil.rmtree(tenant.folder / ".sent")
    send(tenant, campaign_id, brevo)
    assert status_of(tenant, campaign_id).pause_reason == PauseReason.RESTORED
    assert brevo.accepted["person2@example.com"] == 1


def test_progress_counts_the_deliveries_at_most_once_a_second(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send_live_module.TELL_SECONDS == 1.0
    monkeypatch.setattr(send_live_module, "TELL_SECONDS", 60.0)
    told: list[tuple[str, int, int]] = []
    campaign_id = prepare_live(tenant, 12)
    send_live(tenant, campaign_id, brevo, lambda *said: told.append(said), sleep=brevo.clock.sleep)
    assert (len(brevo.posts), len(told)) == (12, 1)


def test_a_limit_of_the_blocked_addresses_is_waited_for(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 2)
    until = NOW + timedelta(minutes=50)

    def refuse_known(_store: TenantStore, _watch: Watch) -> bool:
        if brevo.clock() < until:
            raise BrevoLimited("limited")
        return True

    monkeypatch.setattr(brevo, "refuse_known", refuse_known)
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 2
    assert brevo.clock() >= until


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has one writer at a time
def test_two_readings_at_the_same_moment_count_as_one_and_the_other_waits(
    tenant: TenantStore,
) -> None:
    counted: list[bool] = []

    def read_too() -> None:
        with tenant.begin() as tx:
            counted.append(event_reads.reserve_read(tx, NOW))

    other = threading.Thread(target=read_too)
    with tenant.begin() as tx:
        assert event_reads.reserve_read(tx, NOW)
        other.start()
        time.sleep(0.3)
    other.join()
    assert counted == [False]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # Postgres plans by the tables' sizes
def test_a_claim_goes_through_no_table_of_people(
    tenant: TenantStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fetch = addressees.fetch_table

    def explained(
        tx: Transaction,
        con: duckdb.DuckDBPyConnection,
        table: str,
        types: Mapping[str, str],
        sql: str,
        **values: object,
    ) -> None:
        if table != "suppressions":
            plan = tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)
            steps.extend(str(step["detail"]) for step in plan)
        fetch(tx, con, table, types, sql, **values)

    monkeypatch.setattr(addressees, "fetch_table", explained)
    with tenant.read() as tx, duckdb.connect() as con:
        addressees.fetch_addressees_among(tx, con, ["C00001"], ["person1@example.com"])
    searched = [step for step in steps if step.startswith(("SEARCH customer", "SEARCH contact_"))]
    assert len(searched) == 4
    assert [step for step in searched if step.endswith("(tenant_id=?)")] == []


def _lines(tenant: TenantStore, campaign_id: str, event: str) -> int:
    return [line.event for line in logs_of(tenant, campaign_id)].count(event)


def _rule_reviewed(tenant: TenantStore, campaign_id: str, ruling: Ruling) -> None:
    with tenant.begin() as tx:
        tx.execute("UPDATE delivery SET state = 'REVIEW' WHERE tenant_id = :tenant")
    rule(tenant, ANALYST, campaign_id, 1, ruling, "seen in the account, or not")


@pytest.mark.parametrize(
    ("ruling", "state", "line"),
    [
        (Ruling.SEND_AGAIN, "SENT", "sent"),
        (Ruling.GIVE_UP, "CANCELLED", "taken_late"),
        (Ruling.ARRIVED, "SENT", "taken_late"),
    ],
)
def test_an_answer_that_comes_after_a_ruling_is_not_lost(
    tenant: TenantStore, brevo: FakeBrevo, ruling: Ruling, state: str, line: str
) -> None:
    campaign_id = prepare_live(tenant, 1)

    def rule_meanwhile(there: FakeBrevo, body: bytes) -> EmailReply:
        _rule_reviewed(tenant, campaign_id, ruling)
        return there.take(body)

    brevo.plan[1] = [rule_meanwhile]
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == [state]
    assert _lines(tenant, campaign_id, line) == 1
    assert (len(brevo.posts), count(tenant, "contact_history")) == (1, 1)


def test_a_message_taken_beside_the_one_that_was_sent_again_stands_in_the_journal_once(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = prepare_live(tenant, 1)

    def send_again_meanwhile(there: FakeBrevo, body: bytes) -> EmailReply:
        _rule_reviewed(tenant, campaign_id, Ruling.SEND_AGAIN)
        with duckdb.connect() as con:
            other = replace(_taken_over(tenant, campaign_id), con=con)
            claim_next(other, 1)
            (flight,) = _claimed(tenant, campaign_id)
            taken = there.take(compose_request(flight.row.payload, flight.key).body)
            record(other, [Landing(flight=flight, reply=taken)])
        return there.take(body)

    def recorded_twice(sender: Sender, landings: Sequence[Landing]) -> list[Decision]:
        record(sender, landings)  # whose commit was made, and not known to be
        return record(sender, landings)

    monkeypatch.setattr(send_live_module, "record", recorded_twice)
    brevo.plan[1] = [send_again_meanwhile]
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"]
    assert (_lines(tenant, campaign_id, "sent"), _lines(tenant, campaign_id, "taken_late")) == (
        1,
        1,
    )
    assert brevo.accepted["person1@example.com"] == 2
