"""A live campaign, against a Brevo in the test's own process: every answer, every death."""

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Refused, StoreUnavailable
from core.outreach.outcomes import PauseReason
from core.outreach.protocol import Mode
from core.outreach.replies import EmailOutcome, EmailReply
from core.services import prepare_campaign
from core.services.accounts import Role, role_of
from core.services.api_tokens import bearer_of, create_token, revoke_token
from core.services.campaign_control import cancel, confirm_live, pause, resume
from core.services.campaign_reports import logs_of, status_of
from core.services.campaign_watch import DueWork, due_work
from core.services.delivery_review import Ruling, cases_of, rule
from core.services.prepare_campaign import prepare
from core.services.reconcile_campaign import MISSED_FOR, reconcile
from core.services.send_live import send_live
from core.services.webhooks import receive_events
from core.store import event_reads
from core.store.tenant import TenantStore, Transaction
from tests.contract.campaign_data import (
    ANALYST,
    NOW,
    deliveries_of,
    fill_run,
    people,
    suppress,
)
from tests.contract.conftest import new_tenant
from tests.contract.live_data import (
    Clock,
    FakeBrevo,
    go_live,
    prepare_live,
    said,
    store_company,
    taken_unsaid,
)

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
    status = status_of(tenant, campaign_id)
    assert status.difference == 0


def states(tenant: TenantStore, campaign_id: str) -> list[str]:
    rows = deliveries_of(tenant, campaign_id)
    return [str(rows[code]["state"]) for code in sorted(rows)]


def contacts(tenant: TenantStore) -> list[str]:
    with tenant.read() as tx:
        rows = tx.rows(
            "SELECT email_norm, status FROM contact_history"
            " WHERE tenant_id = :tenant ORDER BY email_norm"
        )
    assert {row["status"] for row in rows} <= {"sent"}
    return [row["email_norm"] for row in rows]


def test_everybody_is_written_to_once_with_a_proof(tenant: TenantStore, brevo: FakeBrevo) -> None:
    campaign_id = prepare_live(tenant, 23, batch_size=10)
    send(tenant, campaign_id, brevo)
    assert status_of(tenant, campaign_id).state == "SENT"
    assert sorted(brevo.accepted.values()) == [1] * 23
    rows = deliveries_of(tenant, campaign_id).values()
    assert {(row["state"], row["proof"]) for row in rows} == {("SENT", "http_201")}
    assert len({row["message_id"] for row in rows}) == 23
    assert len({json.loads(body)["headers"]["idempotencyKey"] for body in brevo.posts}) == 23
    assert contacts(tenant) == sorted(brevo.accepted)
    kept = json.dumps([dict(line.detail) for line in logs_of(tenant, campaign_id, limit=500)])
    assert "example.com" not in kept.replace("@brevo.example", "")
    send(tenant, campaign_id, brevo)
    assert len(brevo.posts) == 23


@pytest.mark.parametrize(
    ("reactions", "posts", "state", "code"),
    [
        (
            [said(EmailOutcome.REJECTED, status=400, code="invalid_parameter")],
            1,
            "FAILED",
            "invalid_parameter",
        ),
        (
            [said(EmailOutcome.DUPLICATE, code="duplicate_parameter")],
            1,
            "UNCONFIRMED",
            "duplicate_parameter",
        ),
        ([AMBIGUOUS], 2, "SENT", None),
        ([AMBIGUOUS, AMBIGUOUS], 3, "SENT", None),
        ([AMBIGUOUS] * 3, 3, "UNCONFIRMED", "ambiguous"),
        ([taken_unsaid], 2, "UNCONFIRMED", "duplicate_parameter"),
        ([AMBIGUOUS, said(EmailOutcome.REJECTED, code="bad")], 2, "UNCONFIRMED", "bad"),
        ([AMBIGUOUS, said(EmailOutcome.LIMITED, wait_seconds=5)], 2, "UNCONFIRMED", "limited"),
        ([AMBIGUOUS, said(EmailOutcome.NOT_BEGUN)], 3, "SENT", None),
        ([said(EmailOutcome.NOT_BEGUN)], 2, "SENT", None),
        ([said(EmailOutcome.LIMITED, wait_seconds=30)] * 2, 3, "SENT", None),
    ],
)
def test_every_answer_leads_to_the_state_of_the_protocol(
    tenant: TenantStore,
    brevo: FakeBrevo,
    reactions: list[Callable[..., object]],
    posts: int,
    state: str,
    code: str | None,
) -> None:
    campaign_id = prepare_live(tenant, 3)
    brevo.plan[2] = list(reactions)  # type: ignore[arg-type]
    send(tenant, campaign_id, brevo)
    row = deliveries_of(tenant, campaign_id)["C00002"]
    assert (row["state"], row["error_code"]) == (state, code)
    assert len(brevo.posts) == 2 + posts
    assert max(brevo.accepted.values()) == 1
    assert ("person2@example.com" in contacts(tenant)) == (state == "SENT")


def test_a_second_try_is_the_same_bytes_and_a_new_claim_has_a_new_key(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 2)
    brevo.plan[1] = [AMBIGUOUS]
    brevo.plan[2] = [said(EmailOutcome.LIMITED, wait_seconds=30)]
    send(tenant, campaign_id, brevo)
    of = {number: [b for b in brevo.posts if f"person{number}@".encode() in b] for number in (1, 2)}
    assert of[1][0] == of[1][1]
    keys = [json.loads(body)["headers"].pop("idempotencyKey") for body in of[2]]
    assert len(set(keys)) == 2
    assert brevo.clock() >= NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "unauthorized", "KEY_REFUSED"),
        (402, None, "NO_CREDIT"),
        (400, "not_enough_credits", "NO_CREDIT"),
        (403, "permission_denied", "FORBIDDEN"),
        (400, "account_under_validation", "FORBIDDEN"),
    ],
)
def test_a_refused_account_stops_the_campaign_and_loses_nobody(
    tenant: TenantStore, brevo: FakeBrevo, status: int, code: str | None, reason: str
) -> None:
    campaign_id = prepare_live(tenant, 12)
    refusal = said(EmailOutcome.REFUSED, status=status, code=code)
    brevo.plan.update({number: [refusal] for number in range(1, 13)})
    send(tenant, campaign_id, brevo)
    paused = status_of(tenant, campaign_id)
    assert (paused.state, paused.pause_reason, paused.pending) == ("PAUSED", reason, 12)
    assert len(brevo.posts) <= 4
    brevo.plan.clear()
    resume(tenant, ANALYST, campaign_id)
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 12
    assert sorted(brevo.accepted.values()) == [1] * 12


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        (said(EmailOutcome.REJECTED, code="invalid_parameter"), PauseReason.REJECTIONS),
        (said(EmailOutcome.NOT_BEGUN), PauseReason.UNREACHABLE),
        (AMBIGUOUS, PauseReason.UNCLEAR),
    ],
)
def test_many_failures_in_a_row_stop_the_campaign(
    tenant: TenantStore, brevo: FakeBrevo, reaction: Callable[..., object], reason: PauseReason
) -> None:
    campaign_id = prepare_live(tenant, 60)
    brevo.plan.update({number: [reaction] * 40 for number in range(1, 61)})  # type: ignore[dict-item]
    send(tenant, campaign_id, brevo)
    status = status_of(tenant, campaign_id)
    assert (status.state, status.pause_reason) == ("PAUSED", reason)
    assert len(brevo.posts) <= 36
    assert status.pending >= 30


class Died(BaseException):
    """The process is gone: nothing after this point runs."""


class DyingTenant(TenantStore):
    """A tenant whose process dies at its n-th writing transaction, before or after it commits."""

    def __init__(self, tenant: TenantStore, dies_at: int, *, after_commit: bool) -> None:
        super().__init__(tenant.store, tenant.tenant)
        self.left, self.after_commit = dies_at, after_commit

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.left -= 1
        with super().begin() as tx:
            yield tx
            if self.left == 0 and not self.after_commit:
                raise Died
        if self.left == 0:
            raise Died


@pytest.mark.sampled(one_in=3)
@pytest.mark.parametrize("after", [0, 10, 40])
@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("dies_at", range(1, 7))
def test_whoever_dies_at_any_commit_nobody_is_written_to_twice_or_lost(
    tenant: TenantStore, brevo: FakeBrevo, dies_at: int, after_commit: bool, after: int
) -> None:
    campaign_id = prepare_live(tenant, 6)
    with pytest.raises(Died):
        send(DyingTenant(tenant, dies_at, after_commit=after_commit), campaign_id, brevo)
    brevo.clock.moment += timedelta(minutes=after)
    send(tenant, campaign_id, brevo)
    assert set(brevo.accepted.values()) <= {1}
    assert states(tenant, campaign_id).count("UNCONFIRMED") <= 4
    settled(tenant, campaign_id, brevo)


def settled(tenant: TenantStore, campaign_id: str, brevo: FakeBrevo) -> None:
    """Reconcile twice; then SENT is exactly what Brevo has taken, and the rest is in REVIEW."""
    reconcile(tenant, ANALYST, campaign_id, brevo)
    brevo.clock.moment += timedelta(minutes=31)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    rows = deliveries_of(tenant, campaign_id).values()
    assert {row["state"] for row in rows} <= {"SENT", "REVIEW"}
    sent = {row["email_norm"] for row in rows if row["state"] == "SENT"}
    assert sent == set(brevo.accepted)
    assert contacts(tenant) == sorted(sent)


def test_the_sweep_covers_every_commit_of_a_send(tenant: TenantStore, brevo: FakeBrevo) -> None:
    counting = DyingTenant(tenant, 10_000, after_commit=False)
    send(counting, prepare_live(tenant, 4), brevo)
    assert 10_000 - counting.left >= 6


class ForgetfulTenant(TenantStore):
    """A tenant whose database is gone at the n-th commit: made or not, nobody hears of it."""

    def __init__(self, tenant: TenantStore, at: int, *, is_made: bool) -> None:
        super().__init__(tenant.store, tenant.tenant)
        self.left, self.is_made = at, is_made

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.left -= 1
        is_lost = self.left == 0
        with super().begin() as tx:
            yield tx
            if is_lost and not self.is_made:
                raise StoreUnavailable("away")
        if is_lost:
            raise StoreUnavailable("away")


@pytest.mark.parametrize("is_made", [False, True], ids=["lost", "made"])
@pytest.mark.parametrize("at", range(2, 8))
def test_a_commit_of_unknown_result_is_read_before_anything_else(
    tenant: TenantStore, brevo: FakeBrevo, at: int, is_made: bool
) -> None:
    campaign_id = prepare_live(tenant, 9)
    try:
        send(ForgetfulTenant(tenant, at, is_made=is_made), campaign_id, brevo)
    except StoreUnavailable:  # at the end alone: the next sender finishes
        send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 9
    assert sorted(brevo.accepted.values()) == [1] * 9


def test_what_is_found_is_sent_and_the_rest_waits_for_a_person(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 4)
    brevo.plan.update({1: [taken_unsaid], 2: [AMBIGUOUS] * 3, 3: [taken_unsaid]})
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["UNCONFIRMED"] * 3 + ["SENT"]
    first = reconcile(tenant, ANALYST, campaign_id, brevo)
    assert (first.found, first.missed, first.to_review) == (2, 1, 0)
    assert first.settles_at == brevo.clock() + MISSED_FOR
    brevo.clock.moment += timedelta(minutes=29)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).to_review == 0
    brevo.clock.moment += timedelta(minutes=1)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).to_review == 1
    assert states(tenant, campaign_id) == ["SENT", "REVIEW", "SENT", "SENT"]
    (case,) = cases_of(tenant, campaign_id)
    assert [line.event for line in case.evidence][:2] == ["claimed", "unclear"]
    with pytest.raises(Refused, match="why"):
        rule(tenant, ANALYST, campaign_id, 2, Ruling.SEND_AGAIN, " ")
    rule(tenant, ANALYST, campaign_id, 2, Ruling.SEND_AGAIN, "not in Brevo's log")
    with pytest.raises(Refused, match="does not wait"):
        rule(tenant, ANALYST, campaign_id, 2, Ruling.SEND_AGAIN, "again")
    send(tenant, campaign_id, brevo)
    assert brevo.accepted["person2@example.com"] == 0
    resume(tenant, ANALYST, campaign_id)
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 4
    assert sorted(brevo.accepted.values()) == [1] * 4


@pytest.mark.parametrize(
    ("ruling", "state"), [(Ruling.ARRIVED, "SENT"), (Ruling.GIVE_UP, "CANCELLED")]
)
def test_a_person_can_say_that_it_arrived_or_give_it_up(
    tenant: TenantStore, brevo: FakeBrevo, ruling: Ruling, state: str
) -> None:
    campaign_id = prepare_live(tenant, 1)
    brevo.plan[1] = [AMBIGUOUS] * 3
    send(tenant, campaign_id, brevo)
    settled(tenant, campaign_id, brevo)
    rule(tenant, ANALYST, campaign_id, 1, ruling, "seen in the mailbox")
    assert states(tenant, campaign_id) == [state]
    assert len(contacts(tenant)) == (state == "SENT")


def test_events_are_read_at_most_so_many_times_an_hour(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert event_reads.READS_IN_AN_HOUR == 60
    monkeypatch.setattr(event_reads, "READS_IN_AN_HOUR", 4)
    campaign_id = prepare_live(tenant, 6, batch_size=1)
    brevo.plan.update({n: [taken_unsaid] for n in range(1, 7)})
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["UNCONFIRMED"] * 6
    first = reconcile(tenant, ANALYST, campaign_id, brevo)
    assert (first.found, first.unread) == (4, 2)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).unread == 2
    brevo.clock.moment += timedelta(hours=1)
    assert reconcile(tenant, ANALYST, campaign_id, brevo).found == 2


def test_pausing_and_cancelling_stop_before_the_next_claim(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 20)
    brevo.on_post = lambda: _once(brevo, lambda: pause(tenant, ANALYST, campaign_id))
    send(tenant, campaign_id, brevo)
    assert 0 < len(brevo.posts) <= 8
    assert status_of(tenant, campaign_id).state == "PAUSED"
    send(tenant, campaign_id, brevo)
    before = len(brevo.posts)
    resume(tenant, ANALYST, campaign_id)
    brevo.on_post = lambda: _once(brevo, lambda: cancel(tenant, ANALYST, campaign_id))
    send(tenant, campaign_id, brevo)
    status = status_of(tenant, campaign_id)
    assert status.state == "CANCELLED"
    assert status.sent + status.cancelled == 20
    assert 0 < len(brevo.posts) - before <= 8


def _once(brevo: FakeBrevo, work: Callable[[], object]) -> None:
    brevo.on_post = lambda: None
    work()


def test_a_message_of_another_campaign_that_may_have_left_holds_back(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    first = prepare_live(tenant, 1)
    brevo.plan[1] = [AMBIGUOUS] * 3
    with tenant.read() as tx:
        run_id = tx.scalar("SELECT run_id FROM campaign WHERE tenant_id = :tenant")
    second = prepare(tenant, ANALYST, str(run_id), "rebuy", 250, mode=Mode.LIVE)
    confirm_live(tenant, ANALYST, second, 1)
    send(tenant, first, brevo)
    assert states(tenant, first) == ["UNCONFIRMED"]
    send(tenant, second, brevo)
    row = deliveries_of(tenant, second)["C00001"]
    assert (row["state"], row["error_code"]) == ("SUPPRESSED", "SILENCE_WINDOW")
    assert len(brevo.posts) == 3


def test_nothing_leaves_without_both_switches(
    tenant: TenantStore, brevo: FakeBrevo, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = fill_run(tenant, people(3))
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", 250, mode=Mode.LIVE)
    send(tenant, campaign_id, brevo)
    with pytest.raises(Refused, match="3"):
        confirm_live(tenant, ANALYST, campaign_id, 4)
    confirm_live(tenant, ANALYST, campaign_id, 3)
    dry = tenant.store.settings.model_copy(update={"brevo_dry_run": "0 "})
    with monkeypatch.context() as switched:
        switched.setattr(tenant.store, "settings", dry)
        send(tenant, campaign_id, brevo)
        assert status_of(tenant, campaign_id).pause_reason == PauseReason.NOT_LIVE
        with pytest.raises(Refused, match="BREVO_DRY_RUN"):
            resume(tenant, ANALYST, campaign_id)
    assert brevo.posts == []
    resume(tenant, ANALYST, campaign_id)
    send(tenant, campaign_id, brevo)
    assert len(brevo.accepted) == 3


def test_who_confirmed_and_lost_the_role_sends_no_more(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 3)
    with tenant.begin() as tx:
        tx.execute(
            "UPDATE campaign SET confirmed_user = :user WHERE tenant_id = :tenant",
            user=str(uuid.uuid4()),
        )
    send(tenant, campaign_id, brevo)
    assert status_of(tenant, campaign_id).pause_reason == PauseReason.ROLE_LOST
    assert brevo.posts == []


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (lambda _tenant, _token_id, _clock: None, None),
        (lambda tenant, token_id, _: revoke_token(tenant, ANALYST, token_id), "ROLE_LOST"),
        (lambda _tenant, _token_id, clock: clock.sleep(86_400), "ROLE_LOST"),
    ],
    ids=["good", "revoked", "expired"],
)
def test_a_token_that_confirmed_sends_while_it_is_good(
    tenant: TenantStore,
    brevo: FakeBrevo,
    lost: Callable[[TenantStore, str, Clock], None],
    reason: str | None,
) -> None:
    store_company(tenant)
    campaign_id = prepare_live(tenant, 3, is_confirmed=False)
    secret = create_token(tenant, ANALYST, "cron", Role.ANALYST, days=1).secret
    bearer = bearer_of(tenant.store, secret)
    assert bearer is not None
    confirm_live(tenant, bearer.actor, campaign_id, 3)
    lost(tenant, bearer.actor.user_id, brevo.clock)
    send(tenant, campaign_id, brevo)
    status = status_of(tenant, campaign_id)
    assert (status.pause_reason, status.sent) == (reason, 0 if reason else 3)


def test_a_token_of_another_company_lets_nobody_send(tenant: TenantStore, brevo: FakeBrevo) -> None:
    other = new_tenant(tenant.store)
    token_id = create_token(other, ANALYST, "cron", Role.ADMIN).token_id
    assert role_of(tenant.store, token_id, other.tenant_id) is Role.ADMIN
    assert role_of(tenant.store, token_id, tenant.tenant_id) is None


def _bring_back(tenant: TenantStore, campaign_id: str) -> None:
    """Bring the campaign's rows back as they were before it was sent."""
    with tenant.begin() as tx:
        for statement in (
            "UPDATE delivery SET state = 'PLANNED', key = NULL, key_no = 0, claimed_at = NULL,"
            " proof = NULL, message_id = NULL WHERE tenant_id = :tenant",
            "UPDATE campaign SET state = 'SENDING', finished_at = NULL WHERE tenant_id = :tenant",
            "DELETE FROM brevo_logs WHERE tenant_id = :tenant AND log_no > 2",
            "DELETE FROM contact_history WHERE tenant_id = :tenant",
        ):
            tx.execute(statement)


@pytest.mark.parametrize("knows", ["this machine", "brevo"])
def test_a_restored_backup_sends_nothing_until_it_is_reconciled(
    tenant: TenantStore, brevo: FakeBrevo, knows: str
) -> None:
    campaign_id = prepare_live(tenant, 6)
    brevo.plan[6] = [said(EmailOutcome.REFUSED, status=402)]
    send(tenant, campaign_id, brevo)
    assert (len(brevo.accepted), status_of(tenant, campaign_id).state) == (5, "PAUSED")
    before = len(brevo.posts)
    _bring_back(tenant, campaign_id)
    if knows == "brevo":
        shutil.rmtree(Path(tenant.folder) / ".sent")
    else:
        brevo.tells_events = False
    send(tenant, campaign_id, brevo)
    assert status_of(tenant, campaign_id).pause_reason == PauseReason.RESTORED
    with pytest.raises(Refused, match="backup"):
        resume(tenant, ANALYST, campaign_id)
    brevo.tells_events = True
    assert reconcile(tenant, ANALYST, campaign_id, brevo).found == 5
    with pytest.raises(Refused, match="backup"):
        resume(tenant, ANALYST, campaign_id)
    brevo.clock.moment += timedelta(minutes=30)
    reconcile(tenant, ANALYST, campaign_id, brevo)
    assert len(brevo.posts) == before
    resume(tenant, ANALYST, campaign_id)
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT"] * 6
    assert sorted(brevo.accepted.values()) == [1] * 6


def test_what_a_webhook_tells_while_the_answer_is_lost_is_the_proof(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 1)

    def taken_told(there: FakeBrevo, body: bytes) -> EmailReply:
        reply = taken_unsaid(there, body)
        told = {
            "event": "delivered",
            "email": "person1@example.com",
            "message-id": "<told@brevo.example>",
            "ts_event": 1_772_000_000,
            "X-Mailin-custom": f"{campaign_id}.1",
        }
        assert receive_events(tenant, [told]).new == 1
        return reply

    brevo.plan[1] = [taken_told]
    send(tenant, campaign_id, brevo)
    row = deliveries_of(tenant, campaign_id)["C00001"]
    assert (row["state"], row["proof"]) == ("SENT", "webhook")
    assert row["message_id"] == "<told@brevo.example>"


def test_a_worker_ends_what_a_dead_sender_claimed_of_a_cancelled_campaign(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    campaign_id = prepare_live(tenant, 6)
    with pytest.raises(Died):
        send(DyingTenant(tenant, 2, after_commit=True), campaign_id, brevo)
    assert due_work(tenant).to_send == [campaign_id]
    cancel(tenant, ANALYST, campaign_id)
    posts = len(brevo.posts)
    assert due_work(tenant).to_send == [campaign_id]
    send(tenant, campaign_id, brevo)
    assert due_work(tenant) == DueWork(to_send=[], to_reconcile=[])
    assert len(brevo.posts) == posts
    brevo.clock.moment += timedelta(minutes=10)
    assert due_work(tenant).to_reconcile == [campaign_id]
    assert set(states(tenant, campaign_id)) == {"UNCONFIRMED", "CANCELLED"}


def test_a_scheduled_campaign_begins_when_its_moment_has_come(
    tenant: TenantStore, brevo: FakeBrevo
) -> None:
    run_id = fill_run(tenant, people(3))
    campaign_id = prepare(tenant, ANALYST, run_id, "discovery", 250, mode=Mode.LIVE)
    start_at = NOW + timedelta(hours=2)
    for wrong in (NOW, NOW + timedelta(days=8)):
        with pytest.raises(Refused):
            confirm_live(tenant, ANALYST, campaign_id, 3, start_at=wrong)
    status = confirm_live(tenant, ANALYST, campaign_id, 3, start_at=start_at)
    assert (status.state, status.start_at) == ("PREPARED", start_at)
    pause(tenant, ANALYST, campaign_id)
    assert resume(tenant, ANALYST, campaign_id).state == "PREPARED"
    suppress(tenant, customer="C00002")
    assert due_work(tenant).to_send == []
    send(tenant, campaign_id, brevo)
    assert brevo.posts == []
    brevo.clock.moment = start_at
    assert due_work(tenant).to_send == [campaign_id]
    send(tenant, campaign_id, brevo)
    assert states(tenant, campaign_id) == ["SENT", "SUPPRESSED", "SENT"]
