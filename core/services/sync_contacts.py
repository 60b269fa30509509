"""Let Brevo know the contacts of a run: their attributes, on a list of the tenant's own.

Only what changed since Brevo last accepted it is pushed, by imports: one makes, changes and lists
8,000 contacts, where the other calls take 100 that must exist. An import is done later than it is
answered, so the digests of a chunk are kept once its process is completed; a kill before that
pushes the chunk again, which changes nothing. Nothing that is pushed can open or block a contact.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from core.audit import check_addresses
from core.contracts import RunVersion
from core.errors import BrevoUnexpected, Refused
from core.i18n import N_
from core.outreach.brevo import BrevoClient
from core.outreach.brevo_contacts import REMOVED_AT_ONCE
from core.outreach.brevo_records import ProcessState
from core.outreach.contact_attributes import (
    CHUNK_CONTACTS,
    Chunk,
    ContactCounts,
    attribute_names,
    changed_chunks,
    gone_chunks,
    select_contacts,
)
from core.policy import parse_policy
from core.services.accounts import Actor, Role, require
from core.services.addressee_checks import local_day, mark_suppressed
from core.services.audit_trail import Action, record_alone
from core.services.brevo_account import open_brevo
from core.services.contact_setup import list_name, set_up_contacts
from core.services.live_switch import brevo_key
from core.services.progress import Progress, no_progress
from core.services.pull_refusals import pull_refusals
from core.services.run_audience import done_run
from core.store import contact_pushes, locks
from core.store.addressees import fetch_addressees
from core.store.runs import Run, load_runs
from core.store.tenant import TenantStore

BUSY = N_("The contacts of this tenant are being pushed at the moment. Wait until that is done.")
PULLING = N_("Opt-outs and bounces are fetched from Brevo")
REMOVING = N_("Contacts leave the list at Brevo")
PUSHING = N_("Contacts are pushed to Brevo")

# Brevo allows about a hundred looks at processes an hour.
_WAITS_SECONDS = (1, 4, 10, 15, 30, *[60] * 14)


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What a push did or, with `is_live` false, would do; `opted_out` are new suppressions."""

    run_id: str
    review_no: int
    is_live: bool
    list_name: str
    attributes: tuple[str, ...]
    counts: ContactCounts
    pushed: int = 0
    removed: int = 0
    opted_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready form, the counts beside the rest."""
        told = asdict(self)
        counts = told.pop("counts")
        told["live"] = told.pop("is_live")
        told["list"] = told.pop("list_name")
        return {
            **told,
            **counts,
            "contacts": self.counts.contacts,
            "unchanged": self.counts.unchanged,
        }


def _watch(progress: Progress, done: int, total: int) -> bool:
    progress(PULLING, done, total)
    return True


def plan_sync(store: TenantStore, actor: Actor, run_id: str | None = None) -> SyncReport:
    """Return what a push of this run, or the newest, would do; no socket is opened.

    Raises `NotFound` for an unknown run, `Refused` for one that is not done or when there is none.
    """
    require(actor, Role.ANALYST)
    run = _run_of(store, run_id)
    with duckdb.connect() as con:
        return _report(store, run, _select(store, con, run), is_live=False)


def ask_sync(store: TenantStore, actor: Actor, run_id: str | None = None) -> str:
    """Record who asks for a push of this run, or of the newest; the caller asks for the work.

    Returns the run's id. Raises what `plan_sync` raises, and `Refused` when this instance does not
    send.
    """
    require(actor, Role.ANALYST)
    brevo_key(store)
    run = _run_of(store, run_id)
    record_alone(store, actor.user_id, Action.CONTACT_SYNC_ASKED, run.run_id)
    return run.run_id


def sync_contacts(
    store: TenantStore,
    actor: Actor,
    run_id: str | None = None,
    progress: Progress = no_progress,
    *,
    sleep: Callable[[float], None] = time.sleep,
    chunk_contacts: int = CHUNK_CONTACTS,
) -> SyncReport:
    """Take in who must not be written to, then push the contacts of this run, or of the newest.

    Raises `Refused` when this instance does not send (`BREVO_DRY_RUN`), `Busy` beside another
    push, and `BrevoError`: the next call goes on where this one stopped.
    """
    require(actor, Role.ANALYST)
    run = _run_of(store, run_id)
    with open_brevo(store) as brevo, locks.exclusive(store, locks.PUSH_LOCK, BUSY):
        list_id = set_up_contacts(store, brevo.client)
        progress(PULLING, 0, 1)
        watch = partial(_watch, progress)
        opted_out = pull_refusals(store, brevo.client, watch).found
        push = _Push(store=store, client=brevo.client, list_id=list_id, sleep=sleep)
        with duckdb.connect() as con:
            counts = _select(store, con, run)
            push.remove_gone(con, counts.gone, progress)
            push.push_changed(con, counts.changed, progress, chunk_contacts)
    record_alone(
        store,
        actor.user_id,
        Action.CONTACTS_SYNCED,
        run.run_id,
        pushed=counts.changed,
        removed=counts.gone,
        opted_out=opted_out,
    )
    return _report(
        store,
        run,
        counts,
        is_live=True,
        pushed=counts.changed,
        removed=counts.gone,
        opted_out=opted_out,
    )


@dataclass(frozen=True, kw_only=True)
class _Push:
    """The calls of one push, each of which is kept once Brevo has done it."""

    store: TenantStore
    client: BrevoClient
    list_id: int
    sleep: Callable[[float], None]

    def remove_gone(self, con: DuckDBPyConnection, total: int, progress: Progress) -> None:
        """Take off the list who may not be written to any more, or is no customer of the run."""
        done = 0
        for addresses in gone_chunks(con, REMOVED_AT_ONCE):
            progress(REMOVING, done, total)
            self._remove(addresses)
            done += len(addresses)

    def push_changed(
        self, con: DuckDBPyConnection, total: int, progress: Progress, size: int
    ) -> None:
        """Push the changed contacts chunk by chunk."""
        done = 0
        names = attribute_names(self.store.tenant.key)
        for chunk in changed_chunks(con, names, size):
            progress(PUSHING, done, total)
            self._push(chunk)
            done += len(chunk.changes)

    def _remove(self, addresses: Sequence[str]) -> None:
        self.client.remove_from_list(self.list_id, addresses)
        with self.store.begin() as tx:
            contact_pushes.forget_pushes(tx, addresses)

    def _push(self, chunk: Chunk) -> None:
        process_id = self.client.import_contacts(chunk.changes, [self.list_id])
        self._await(process_id)
        with self.store.begin() as tx:
            contact_pushes.store_pushes(tx, chunk.digests, self.store.store.now())

    def _await(self, process_id: int) -> None:
        for seconds in _WAITS_SECONDS:
            self.sleep(seconds)
            if self.client.process(process_id) is ProcessState.COMPLETED:
                return
        raise BrevoUnexpected(
            N_("Brevo has not finished taking in the contacts. Push again: it goes on from there.")
        )


def _run_of(store: TenantStore, run_id: str | None) -> Run:
    if run_id is not None:
        return done_run(store, run_id)
    with store.read() as tx:
        newest = load_runs(tx, limit=1, done_only=True)
    if not newest:
        raise Refused(N_("There is no finished run yet. Launch one first."))
    return newest[0]


def _select(store: TenantStore, con: DuckDBPyConnection, run: Run) -> ContactCounts:
    with store.read() as tx:
        contact_pushes.fetch_profiles(tx, con, run.at(RunVersion.REVIEWED), run.as_of)
        fetch_addressees(tx, con)
    policy = parse_policy(json.loads(run.policy_json))
    check_addresses(con)
    mark_suppressed(con, policy.audit, local_day(store))
    return select_contacts(con, store.tenant.language)


def _report(
    store: TenantStore, run: Run, counts: ContactCounts, *, is_live: bool, **done: int
) -> SyncReport:
    return SyncReport(
        run_id=run.run_id,
        review_no=run.review_no,
        is_live=is_live,
        list_name=list_name(store.tenant.key),
        attributes=tuple(attribute_names(store.tenant.key).values()),
        counts=counts,
        **done,
    )
