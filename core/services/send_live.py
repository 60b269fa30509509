"""Send a live campaign: nobody twice, and nobody lost.

One thread does everything with the database; the posts wait in threads of their own, several at
once within a batch. A slot is free again only when the outcome of its post is recorded, so a
process that dies leaves at most as many deliveries in doubt as there are slots.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field

import duckdb

from core.errors import BrevoLimited, CrmError, StoreUnavailable
from core.i18n import N_
from core.logs import with_ids_of_here
from core.outreach.outcomes import Decision, PauseReason, may_be_posted
from core.outreach.payload import compose_request
from core.outreach.protocol import CampaignState, DeliveryState
from core.services.campaign_claims import Sender, claim_next, finish
from core.services.campaign_reports import CampaignStatus, status_of
from core.services.live_outcomes import Landing, pause_sending, record
from core.services.live_start import Mailer, begin_live, may_still_send
from core.services.live_waits import Pace, persist
from core.services.prepare_campaign import BUSY, lock_name
from core.services.progress import Progress, no_progress
from core.store import locks
from core.store.live_deliveries import Flight, load_flights
from core.store.senders import is_sender
from core.store.tenant import TenantStore

STAGE_LIVE = N_("Sending the messages")
STAGE_REFUSALS = N_("Reading whom Brevo must not write to")
STAGE_WAITING = N_("Waiting until Brevo takes more messages")

_LOOK_SECONDS = 1.0
_LIMIT_SECONDS = 60.0
"""Between two readings of whom Brevo refuses, when it does not say how long it is limited."""
TELL_SECONDS = 1.0
"""Between two counts of all deliveries, half a second for 500,000."""


def send_live(
    store: TenantStore,
    campaign_id: str,
    mailer: Mailer,
    progress: Progress = no_progress,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> CampaignStatus:
    """Send what is planned of a campaign, and return its sums.

    What is behind the batch up to which a program lets it go waits. One that nobody confirmed, or
    that is paused or over, stays as it is, but for what a dead process had claimed. Raises
    `NotFound`, and `Busy` while another process works on it.
    """
    status_of(store, campaign_id)
    with ExitStack() as held:
        held.enter_context(locks.exclusive(store, lock_name(campaign_id), BUSY))
        con = held.enter_context(duckdb.connect())
        begun = begin_live(store, con, campaign_id, mailer)
        if begun is None:
            return status_of(store, campaign_id)
        sender, flights = begun
        slots = store.store.settings.brevo_in_flight
        pool = held.enter_context(ThreadPoolExecutor(slots))
        sending = _Sending(
            sender=sender,
            mailer=mailer,
            progress=progress,
            pool=pool,
            slots=slots,
            pace=Pace(now=store.store.now, sleep=sleep),
            again=list(flights),
        )
        sending.run()
        finish(sender)
    return status_of(store, campaign_id)


@dataclass
class _Sending:
    """The posts under way, and those to be tried again."""

    sender: Sender
    mailer: Mailer
    progress: Progress
    pool: ThreadPoolExecutor
    slots: int
    pace: Pace
    again: list[Flight]
    posts: dict[Future[Landing], Flight] = field(default_factory=dict)
    batch_no: int | None = None
    told_at: float = float("-inf")

    def run(self) -> None:
        """Claim, post and record until nothing is left to do, or may be done."""
        while self._launch() or self.posts or self.again:
            if self.posts:
                self._land()
            elif self.pace.must_wait and not self._wait():
                return

    def _wait(self) -> bool:
        """Wait a moment; return whether there is anything to wait for."""
        status = self._tell(STAGE_WAITING)
        if status.state != CampaignState.SENDING and not self.again:
            return False
        self.pace.wait(_LOOK_SECONDS)
        return True

    def _launch(self) -> bool:
        """Fill the free slots; return whether there may be more to claim."""
        if self.pace.must_wait:
            return True
        while self.again and self._free:
            self._post(self.again.pop(0))
        if self.posts and self._free < (self.slots + 1) // 2:
            return True  # a few are claimed together: the checks cost the same for one
        is_more = self.batch_no is not None and self._claim(self.batch_no)
        if not is_more and not self.posts and not self.again:
            is_more = self._claim_of_next_batch()
        return is_more

    @property
    def _free(self) -> int:
        return self.slots - len(self.posts)

    def _claim_of_next_batch(self) -> bool:
        """Claim of the next batch, once all are known to whom Brevo must not write."""
        try:
            if not self.mailer.refuse_known(self.sender.store, self._watch_reading):
                return False
        except BrevoLimited as limit:
            self.pace.hold(limit.wait_seconds or _LIMIT_SECONDS)
            return True
        except CrmError:
            pause_sending(self.sender, PauseReason.REFUSALS_UNKNOWN)
        return self._claim(None)

    def _watch_reading(self, done: int, total: int) -> bool:
        """Tell how far a long reading is; return whether anybody still waits for it."""
        if time.monotonic() - self.told_at < TELL_SECONDS:
            return True
        self.progress(STAGE_REFUSALS, done, total)
        status = status_of(self.sender.store, self.sender.campaign.campaign_id)
        self.told_at = time.monotonic()
        return status.state == CampaignState.SENDING

    def _claim(self, batch_no: int | None) -> bool:
        """Claim for the free slots and post that; return whether there was anything planned."""
        if not may_still_send(self.sender):
            pause_sending(self.sender, PauseReason.ROLE_LOST)
        known = {flight.key for flight in (*self.posts.values(), *self.again)}
        try:
            claims = claim_next(self.sender, self._free, batch_no)
        except StoreUnavailable:  # claimed or not: that is read before anything else
            claims = None
        if claims:
            self.batch_no = claims[0].row.batch_no
        if claims != []:
            for flight in persist(self._claimed, self.pace):
                if flight.key not in known:
                    self._post(flight)
        return claims != []

    def _claimed(self) -> list[Flight]:
        """Return what is claimed, none when another sender may have claimed of it."""
        campaign_id = self.sender.campaign.campaign_id
        with self.sender.store.read() as tx:
            if not is_sender(tx, campaign_id, self.sender.number):
                return []
            return load_flights(
                tx,
                campaign_id,
                state=DeliveryState.CLAIMED,
                limit=2 * self.slots,
            )

    def _post(self, flight: Flight) -> None:
        self.posts[self.pool.submit(with_ids_of_here(self._send), flight)] = flight

    def _send(self, flight: Flight) -> Landing:
        def is_in_time() -> bool:
            return may_be_posted(self.pace.now() - flight.claimed_at)

        request = compose_request(flight.row.payload, flight.key)
        reply = self.mailer.send_email(request.body, is_in_time)
        return Landing(flight=flight, reply=reply, request=request.redacted)

    def _land(self) -> None:
        """Record the outcomes that are there, and what they mean for the rest."""
        done, _ = wait(self.posts, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        landings = [post.result() for post in done]
        if not landings:
            return
        decisions = persist(lambda: record(self.sender, landings), self.pace)
        for post in done:
            del self.posts[post]
        for landing, decision in zip(landings, decisions, strict=True):
            self._heed(landing, decision)
        if time.monotonic() - self.told_at >= TELL_SECONDS:
            self._tell(STAGE_LIVE)

    def _heed(self, landing: Landing, decision: Decision) -> None:
        if decision.after is None:
            self.again.append(landing.flight.tried_again())
        self.pace.heed(decision)
        reason = decision.pause or self.pace.strike_out()
        if reason is not None:
            pause_sending(self.sender, reason)

    def _tell(self, stage: str) -> CampaignStatus:
        status = status_of(self.sender.store, self.sender.campaign.campaign_id)
        self.progress(stage, status.planned - status.pending, status.planned)
        self.told_at = time.monotonic()
        return status
