"""Retention: who has been kept long enough, shown first, then erased in portions."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from core.errors import Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.erasure import RETENTION, ForgetJobs, enter_request, erase, open_erasures
from core.services.import_files import today_of
from core.services.progress import Progress, no_progress
from core.store.retention import (
    DuePerson,
    KeptSince,
    RetentionRule,
    count_due,
    load_due,
    load_rule,
    store_rule,
)
from core.store.retention_addresses import count_due_addresses, load_due_addresses
from core.store.subjects import Subject, subject_of
from core.store.tenant import TenantStore

LEAST_MONTHS, MOST_MONTHS = 1, 120
PEOPLE_AT_ONCE = 200  # of one request: files are rewritten once for all of them
STAGE = N_("Erasing people whose time of keeping is over")


@dataclass(frozen=True, kw_only=True)
class RetentionPreview:
    """What retention would erase today: `people` in all."""

    rule: RetentionRule
    since: KeptSince
    people: int


def retention_rule(store: TenantStore) -> RetentionRule:
    """Return how long the company keeps people."""
    with store.read() as tx:
        return load_rule(tx)


def set_retention_rule(store: TenantStore, actor: Actor, rule: RetentionRule) -> None:
    """Change how long the company keeps people.

    Raises `NotAllowed` below admin and `Refused` for months outside 1 to 120.
    """
    require(actor, Role.ADMIN)
    for months in (rule.prospect_months, rule.customer_months):
        if not LEAST_MONTHS <= months <= MOST_MONTHS:
            raise Refused(
                N_("People are kept for %(least)s to %(most)s months. Choose a number of these."),
                least=LEAST_MONTHS,
                most=MOST_MONTHS,
            )
    with store.begin() as tx:
        store_rule(tx, rule, store.store.now(), actor.username)
        record(store, tx, actor.user_id, Action.RETENTION_CHANGED, **vars(rule))


def preview_retention(store: TenantStore, actor: Actor) -> RetentionPreview:
    """Return how many people have been kept long enough by today; erases nobody."""
    require(actor, Role.ANALYST)
    with store.read() as tx:
        rule = load_rule(tx)
        since = kept_since(rule, today_of(store))
        people = count_due(tx, since) + count_due_addresses(tx, since)
        return RetentionPreview(rule=rule, since=since, people=people)


def due_people(
    store: TenantStore, actor: Actor, *, limit: int = 20, offset: int = 0
) -> list[DuePerson]:
    """Return a page of those who have been kept long enough by today.

    Customers come first, then addresses that only a contacts file knows.
    """
    require(actor, Role.ANALYST)
    with store.read() as tx:
        since = kept_since(load_rule(tx), today_of(store))
        found = load_due(tx, since, limit=limit, offset=offset)
        room = limit - len(found)
        if room:
            passed = max(0, offset - count_due(tx, since)) if offset else 0
            found += load_due_addresses(tx, since, limit=room, offset=passed)
        return found


def ask_retention(store: TenantStore, actor: Actor, *, people: int) -> str | None:
    """Enter the erasure of the first portion of those who are due; None when nobody is.

    `people` is the number that was shown and confirmed: with another one, `Refused` is raised.
    The rest follows portion by portion, see `erase_due`.
    """
    require(actor, Role.ADMIN)
    found = preview_retention(store, actor)
    if found.people != people:
        raise Refused(
            N_("By now %(count)s people have been kept long enough. Look again, then confirm."),
            count=found.people,
        )
    return _enter_portion(store, actor)


def _enter_portion(store: TenantStore, actor: Actor) -> str | None:
    due = due_people(store, actor, limit=PEOPLE_AT_ONCE)
    if not due:
        return None
    alone = frozenset(person.customer for person in due if person.is_address)
    with store.read() as tx:
        of_codes = subject_of(tx, [p.customer for p in due if not p.is_address])
    subject = Subject(of_codes.customers, of_codes.addresses | alone)
    return enter_request(store, actor, subject, RETENTION, people=len(due))


def erase_due(
    store: TenantStore,
    actor: Actor,
    progress: Progress = no_progress,
    forget_jobs: ForgetJobs = lambda _store, _subject: 0,
) -> int:
    """Erase everybody who is due, in portions; return how many. Killed, it goes on when called.

    Raises `NotAllowed` below admin, and `Busy` as `erase` does.
    """
    require(actor, Role.ADMIN)
    for request_id in open_erasures(store):
        erase(store, request_id, forget_jobs=forget_jobs)
    total, done = preview_retention(store, actor).people, 0
    while portion := _enter_portion(store, actor):
        progress(STAGE, done, total)
        erase(store, portion, forget_jobs=forget_jobs)
        done = min(total, done + PEOPLE_AT_ONCE)
    progress(STAGE, total, total)
    return total


def kept_since(rule: RetentionRule, today: date) -> KeptSince:
    """Return the days on or before which a last action is too old.

    >>> kept_since(RetentionRule(prospect_months=1), date(2026, 3, 31)).prospects
    datetime.date(2026, 2, 28)
    """
    return KeptSince(
        prospects=_months_before(today, rule.prospect_months),
        customers=_months_before(today, rule.customer_months),
    )


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
