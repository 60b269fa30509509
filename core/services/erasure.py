"""Erasure of people: asked for once, done in small steps, gone on with after a kill.

What is asked for is entered with a keyed hash of every code and address, so that from that moment
no file brings the person in. The work then goes through the files, the tables, the texts and the
jobs, each of which may be done twice; whom the request was about is forgotten at its end.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from core.errors import Busy, NotFound, Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record, user_id_named
from core.services.erase_brevo import queue_contacts, try_forget_contacts
from core.services.erase_files import FileEraser
from core.services.erased_list import write_list
from core.services.import_turn import import_turn
from core.services.person_keys import person_key
from core.services.progress import Progress, no_progress
from core.services.redaction import Redaction
from core.store import erasures
from core.store.erase_campaigns import CampaignEraser
from core.store.erase_rows import RowEraser
from core.store.erase_texts import erase_texts
from core.store.erased import store_erased
from core.store.erasures import ErasureRequest
from core.store.identity import new_id
from core.store.late_writers import are_at_work
from core.store.locks import RUN_LOCK, exclusive
from core.store.opaque import Opaque
from core.store.person_rows import is_known
from core.store.reclaim import empty_log
from core.store.subjects import Subject, find_subject
from core.store.tenant import TenantStore

# Why somebody is erased: chosen, not typed, so that no reason names anybody.
ASKED, OBJECTED, MISTAKE, RETENTION, REAPPLIED = (
    *("asked", "objected", "mistake"),
    *("retention", "reapplied"),
)
REASONS: Mapping[str, str] = {
    ASKED: N_("The person asked for it"),
    OBJECTED: N_("The person objects to being written to"),
    MISTAKE: N_("The person was never a customer"),
    RETENTION: N_("The time of keeping is over"),
    REAPPLIED: N_("A backup had brought the person back"),
}
CHOSEN_REASONS = (ASKED, OBJECTED, MISTAKE)
STEP_FILES, STEP_TABLES, STEP_CLEAN = "files", "tables", "clean"
STAGES: Mapping[str, str] = {
    STEP_FILES: N_("Erasing in the files"),
    STEP_TABLES: N_("Erasing in the tables"),
    STEP_CLEAN: N_("Overwriting what is left"),
}
_ROUNDS = 3
_RUNNING = N_("A run of this company is under way. The erasure goes on when it has finished.")
_ERASING = N_("Another erasure of this company is under way. This one goes on after it.")
_MESSAGES = N_(
    "A message to this person is with Brevo at this moment. The erasure goes on once it is known"
    " what became of it."
)
_WRITTEN = N_(
    "A campaign, a review, a preview or a push of contacts is being worked out. The erasure goes on"
    " when it has finished."
)
_READ = N_("The database is being read. The erasure is finished as soon as its log can be emptied.")

ForgetJobs = Callable[[TenantStore, Subject], int]


@dataclass(frozen=True, kw_only=True)
class FoundPerson:
    """Whom a typed code or address means: how many customers and addresses would be erased."""

    term: str
    subject: Subject

    @property
    def customers(self) -> tuple[str, ...]:
        """The customer codes, in bytewise order."""
        return tuple(sorted(self.subject.customers))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that nobody else has."""
        return tuple(sorted(self.subject.addresses))


def find_people(store: TenantStore, actor: Actor, term: str) -> FoundPerson | None:
    """Return whom a whole code or address means, None when no table names it.

    Raises `NotAllowed` for a viewer.
    """
    require(actor, Role.ANALYST)
    with store.read() as tx:
        subject = find_subject(tx, term)
        known = bool(term.strip()) and is_known(tx, subject)
    return FoundPerson(term=term.strip(), subject=subject) if known else None


def ask_erasure(
    store: TenantStore, actor: Actor, term: str, *, reason: str, confirmation: str
) -> str:
    """Enter the erasure of whom a code or address means; return the id of the request.

    `confirmation` is the same code or address, typed once more. Raises `NotAllowed` below admin,
    `Refused` for another confirmation or an unknown reason, and `NotFound`.
    """
    require(actor, Role.ADMIN)
    if reason not in CHOSEN_REASONS:
        raise Refused(N_("Choose why the person is erased."))
    if confirmation.strip() != term.strip():
        raise Refused(N_("What you typed is not the same code or address. Nothing was erased."))
    found = find_people(store, actor, term)
    if found is None:
        raise NotFound(N_("Nothing is known under this code or address."))
    return enter_request(store, actor, found.subject, reason)


def enter_request(
    store: TenantStore, actor: Actor, subject: Subject, reason: str, people: int | None = None
) -> str:
    """Enter the erasure of a subject; from here on no import brings it in.

    `people` is how many it is, by default its customers, or addresses where it has none.
    Raises `NotAllowed` below admin.
    """
    require(actor, Role.ADMIN)
    request = ErasureRequest(
        request_id=new_id(),
        reason=reason,
        state=erasures.QUEUED,
        step=STEP_FILES,
        people=people or len(subject.customers) or len(subject.addresses),
        counts={},
        salt=secrets.token_hex(16),
        created_at=store.store.now(),
        created_by=actor.username,
        finished_at=None,
    )
    kept = person_key(store).erased(subject)
    with store.begin() as tx:
        erasures.store_request(tx, request, subject)
        store_erased(tx, kept, request.created_at)
        asked = Action.ERASURE_ASKED
        record(store, tx, actor.user_id, asked, request.request_id, reason=reason)
    write_list(store)
    return request.request_id


def erase(
    store: TenantStore,
    request_id: str,
    progress: Progress = no_progress,
    forget_jobs: ForgetJobs = lambda _store, _subject: 0,
) -> dict[str, int]:
    """Do what a request asks, or go on with it; return what was done in counts.

    Raises `NotFound`, and `Busy` when it has to wait: it is then taken up again.
    """
    with ExitStack() as held:
        try:
            held.enter_context(exclusive(store, "erasure", _ERASING, store.store.patience))
            held.enter_context(import_turn(store))
            held.enter_context(exclusive(store, RUN_LOCK, _RUNNING, store.store.patience))
            return _Erasure(store, request_of(store, request_id), progress, forget_jobs).work()
        except Busy:
            with store.begin() as tx:
                erasures.wait_request(tx, request_id)
            raise


def request_of(store: TenantStore, request_id: str) -> ErasureRequest:
    """Return a request; raise `NotFound`."""
    with store.read() as tx:
        found = erasures.find_request(tx, request_id)
    if found is None:
        raise NotFound(N_("There is no such erasure."))
    return found


class _Erasure:
    """The work on one request."""

    def __init__(
        self,
        store: TenantStore,
        request: ErasureRequest,
        progress: Progress,
        forget_jobs: ForgetJobs,
    ) -> None:
        self._store, self._request, self._progress = store, request, progress
        self._forget_jobs = forget_jobs
        self._counts = Counter(request.counts)
        with store.read() as tx:
            self._subject = erasures.load_subject(tx, request.request_id)

    def work(self) -> dict[str, int]:
        if self._request.state == erasures.DONE:
            return dict(self._counts)
        if self._request.step != STEP_CLEAN:
            opaque = Opaque(self._request.salt or "")
            if self._request.step == STEP_FILES:
                self._erase_files(opaque)
            self._erase_tables(opaque)
            self._forget_subject()
        self._clean()
        return dict(self._counts)

    def _move(self, step: str) -> None:
        with self._store.begin() as tx:
            request_id = self._request.request_id
            erasures.move_request(tx, request_id, erasures.RUNNING, step, self._counts)

    def _erase_files(self, opaque: Opaque) -> None:
        self._move(STEP_FILES)
        eraser = FileEraser(
            store=self._store, redaction=Redaction(subject=self._subject, opaque=opaque)
        )
        stage = STAGES[STEP_FILES]
        self._counts += eraser.erase(lambda done, total: self._progress(stage, done, total))
        self._move(STEP_TABLES)

    def _erase_tables(self, opaque: Opaque) -> None:
        self._progress(STAGES[STEP_TABLES], 0, 1)
        campaigns = CampaignEraser(store=self._store, subject=self._subject, opaque=opaque)
        rows = RowEraser(store=self._store, subject=self._subject, opaque=opaque)
        self._erase_rows(rows, campaigns)
        if are_at_work(self._store):
            raise Busy(_WRITTEN)
        self._erase_rows(rows, campaigns)  # what was written meanwhile
        self._counts += erase_texts(self._store, self._subject)
        self._counts["jobs"] += self._forget_jobs(self._store, self._subject)
        self._counts["brevo_contacts"] += queue_contacts(
            self._store, self._request.request_id, self._subject
        )
        self._move(STEP_TABLES)
        if campaigns.under_way():
            raise Busy(_MESSAGES)
        self._progress(STAGES[STEP_TABLES], 1, 1)

    def _erase_rows(self, rows: RowEraser, campaigns: CampaignEraser) -> None:
        for _ in range(_ROUNDS):
            done = rows.erase() + campaigns.erase()
            self._counts += done
            self._move(STEP_TABLES)
            if not +done:
                break

    def _forget_subject(self) -> None:
        with self._store.begin() as tx:
            request_id = self._request.request_id
            erasures.forget_subject(tx, request_id)
            erasures.move_request(tx, request_id, erasures.RUNNING, STEP_CLEAN, self._counts)

    def _clean(self) -> None:
        self._progress(STAGES[STEP_CLEAN], 0, 1)
        try_forget_contacts(self._store)
        if not empty_log(self._store.store):
            raise Busy(_READ)
        with self._store.begin() as tx:
            erasures.finish_request(tx, self._request.request_id, self._store.store.now())
            who, request = user_id_named(self._store, self._request.created_by), self._request
            told = {"people": request.people, "rows": sum(self._counts.values())}
            record(self._store, tx, who, Action.ERASURE_DONE, request.request_id, **told)
        self._progress(STAGES[STEP_CLEAN], 1, 1)


def requests_of(
    store: TenantStore, actor: Actor, *, limit: int = 20, offset: int = 0
) -> list[ErasureRequest]:
    """Return a page of the requests, the newest first; raise `NotAllowed` for a viewer."""
    require(actor, Role.ANALYST)
    with store.read() as tx:
        return erasures.load_requests(tx, limit=limit, offset=offset)


def number_of_requests(store: TenantStore, actor: Actor) -> int:
    """Return how many requests `requests_of` pages through."""
    require(actor, Role.ANALYST)
    with store.read() as tx:
        return erasures.count_requests(tx)


def open_erasures(store: TenantStore) -> list[str]:
    """Return the ids of the requests that are not done, the oldest first."""
    with store.read() as tx:
        return erasures.open_requests(tx)
