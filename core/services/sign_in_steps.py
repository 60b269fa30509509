"""What may be owed between a right password and a session: a code, a password of one's own, a
choice among companies, a second factor that the company demands. No session is there before all of
it is done.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotAllowed, NotFound, Refused
from core.i18n import N_
from core.services.audit_trail import Action, record_of_person
from core.services.passwords import SAME_PASSWORD, check_new_password, hash_password
from core.services.second_factor import (
    WRONG_CODE,
    Enrolment,
    check_code,
    confirm_draft,
    draft_factor,
)
from core.services.sign_in import EXPIRED, TICKET_LIFE, check_password, session_of
from core.services.tries import begin_try, end_well, sha256_of
from core.store import identity, members, sessions, tickets
from core.store.second_factors import owes_factor
from core.store.tenant import Store, Tenant

_FACTOR_FIRST = N_(
    "This company demands a second factor. Set one up on the page My account, then go there."
)


class Stage(StrEnum):
    """What a ticket owes next; with `ENTER` it opens a session."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105
    TENANT = "tenant"
    FACTOR = "factor"
    ENTER = "enter"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The next step of a sign-in, with the tenants there are to choose from."""

    stage: Stage
    username: str
    tenants: tuple[Tenant, ...]


def next_step(store: Store, ticket: str) -> Step:
    """Return what a ticket owes next; raise `NotAllowed` when it has expired."""
    with store.identity() as tx:
        found = tickets.find_ticket(tx, sha256_of(ticket), store.now())
        if found is None:
            raise NotAllowed(EXPIRED)
        tenants = members.load_tenants_of(tx, found.user_id)
    return Step(stage=_stage_of(found), username=found.username, tenants=tuple(tenants))


def _stage_of(ticket: tickets.TicketRow) -> Stage:
    if ticket.owes_code:
        return Stage.CODE
    if ticket.owes_password:
        return Stage.PASSWORD
    if ticket.tenant_id is None:
        return Stage.TENANT
    return Stage.FACTOR if ticket.owes_factor else Stage.ENTER


def _ticket_at(store: Store, ticket: str, stage: Stage) -> tickets.TicketRow:
    with store.identity() as tx:
        found = tickets.find_ticket(tx, sha256_of(ticket), store.now())
    if found is None or _stage_of(found) is not stage:
        raise NotAllowed(EXPIRED)
    return found


def answer_code(store: Store, ticket: str, code: str, client_address: str) -> None:
    """Give the code of the second factor, or a recovery code.

    Raises `NotAllowed` for a wrong or used one; tries are counted with those of the password.
    """
    found = _ticket_at(store, ticket, Stage.CODE)
    attempt = begin_try(store, found.username, client_address, of_code=True)
    if not check_code(store, found.user_id, code):
        raise NotAllowed(WRONG_CODE)
    with store.identity(write=True) as tx:
        tickets.note_code_passed(tx, sha256_of(ticket))
    end_well(store, attempt, enters=True)


def choose_first_password(store: Store, ticket: str, password: str) -> None:
    """Put a password of one's own in place of the initial one; raise `Refused` for an unfit one."""
    found = _ticket_at(store, ticket, Stage.PASSWORD)
    with store.identity() as tx:
        check_new_password(password, members.names_of(tx, found.user_id))
    if check_password("", found.password_hash, password):
        raise Refused(SAME_PASSWORD)
    hashed = hash_password(password)
    with store.identity(write=True) as tx:
        members.lock_user(tx, found.user_id)
        now_there = tickets.find_ticket(tx, sha256_of(ticket), store.now())
        if now_there is None or not now_there.owes_password:
            raise NotAllowed(EXPIRED)
        identity.store_password(tx, found.user_id, hashed, must_change=False)
        tickets.delete_tickets_of(tx, found.user_id, but=sha256_of(ticket))
    record_of_person(store, found.user_id, Action.PASSWORD_CHANGED)


def choose_tenant(store: Store, ticket: str, tenant_id: str) -> None:
    """Choose which company to enter; raise `NotFound` for one that is not hers."""
    found = _ticket_at(store, ticket, Stage.TENANT)
    with store.identity(write=True) as tx:
        if tenant_id not in {t.tenant_id for t in members.load_tenants_of(tx, found.user_id)}:
            raise NotFound(N_("There is no such tenant."))
        tickets.store_choice(tx, sha256_of(ticket), tenant_id)


def begin_demanded_factor(store: Store, ticket: str) -> Enrolment:
    """Make a secret for the app of who has to set up a second factor before she may enter."""
    found = _ticket_at(store, ticket, Stage.FACTOR)
    return draft_factor(store, found.user_id, found.username)


def confirm_demanded_factor(
    store: Store, ticket: str, code: str, client_address: str
) -> tuple[str, ...]:
    """Switch it on with a first code, which this sign-in owes no more; return the recovery codes.

    Raises `NotAllowed` for a wrong code, whose tries are counted, `Refused` when none was begun.
    """
    found = _ticket_at(store, ticket, Stage.FACTOR)
    codes = confirm_draft(store, found.user_id, found.username, code, client_address)
    with store.identity(write=True) as tx:
        tickets.note_code_passed(tx, sha256_of(ticket))
    return codes


def switch_tenant(store: Store, token: str, tenant_id: str) -> str:
    """Return a ticket into another company of the user of a session.

    The session it opens has another token, and ends when this one would have. Raises `NotAllowed`
    without a session, `NotFound` for a company that is not hers, `Refused` for one that demands a
    second factor of who has none.
    """
    ticket, now = secrets.token_urlsafe(32), store.now()
    if session_of(store, token) is None:  # idle for too long is no session either
        raise NotAllowed(EXPIRED)
    with store.identity(write=True) as tx:
        session = sessions.find_session(tx, sha256_of(token))
        if session is None:
            raise NotAllowed(EXPIRED)
        if tenant_id not in {t.tenant_id for t in members.load_tenants_of(tx, session.user_id)}:
            raise NotFound(N_("There is no such tenant."))
        if owes_factor(tx, session.user_id, tenant_id):
            raise Refused(_FACTOR_FIRST)
        tickets.store_ticket(
            tx,
            ticket_sha256=sha256_of(ticket),
            user_id=session.user_id,
            tenant_id=tenant_id,
            code_passed=True,
            began_at=session.created_at,
            expires_at=now + TICKET_LIFE,
        )
    return ticket
