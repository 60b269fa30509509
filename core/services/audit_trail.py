"""The audit trail: what is recorded, by whom it is read, whether it is whole.

An entry names people by opaque ids alone: no address, name, customer code or text that somebody
typed, so that erasing a person never has to break the chain.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.i18n import N_
from core.services.accounts import SYSTEM, Actor, Role, require
from core.services.csv_cells import escape
from core.store import audit_trail as stored
from core.store import identity, members
from core.store.audit_trail import TrailEntry
from core.store.tenant import Store, TenantStore, Transaction

_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]{0,100}")
_CHUNK = 2_000
_HEADER = ("number", "at", "actor_id", "actor", "action", "subject", "details_json", "sha256")


class Action(StrEnum):
    """What is recorded; `ACTION_TITLES` says each in words."""

    IMPORT_LOADED = "import_loaded"
    IMPORT_UNDONE = "import_undone"
    OPT_OUTS_CONFIRMED = "opt_outs_confirmed"
    IMPORT_EXPORTED = "import_exported"
    RUN_LAUNCHED = "run_launched"
    DECISION_ENTERED = "decision_entered"
    DECISION_WITHDRAWN = "decision_withdrawn"
    RUN_EXPORTED = "run_exported"
    TRAIL_EXPORTED = "trail_exported"
    CAMPAIGN_PREPARED = "campaign_prepared"
    CAMPAIGN_CONFIRMED = "campaign_confirmed"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_RESUMED = "campaign_resumed"
    CAMPAIGN_CANCELLED = "campaign_cancelled"
    DELIVERY_RULED = "delivery_ruled"
    TEST_MESSAGE_SENT = "test_message_sent"
    RESTORE_NOTED = "restore_noted"
    CONTACT_SYNC_ASKED = "contact_sync_asked"
    CONTACTS_SYNCED = "contacts_synced"
    SUPPRESSION_LIFTED = "suppression_lifted"
    POLICY_SAVED = "policy_saved"
    PERSON_EXPORTED = "person_exported"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_DONE = "erasure_done"
    ERASED_AGAIN = "erased_again"
    RETENTION_CHANGED = "retention_changed"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_REVOKED = "webhook_revoked"
    TOKEN_CREATED = "token_created"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_FAILED = "sign_in_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SESSIONS_ENDED = "sessions_ended"
    FACTOR_SET = "factor_set"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    USER_ADDED = "user_added"
    USER_INVITED = "user_invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    INVITATION_ACCEPTED = "invitation_accepted"
    ROLE_CHANGED = "role_changed"
    USER_DEACTIVATED = "user_deactivated"
    USER_REACTIVATED = "user_reactivated"
    USER_REMOVED = "user_removed"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    FACTOR_RESET = "factor_reset"
    FACTOR_DEMANDED = "factor_demanded"
    FACTOR_DEMAND_LIFTED = "factor_demand_lifted"


ACTION_TITLES = {
    Action.IMPORT_LOADED: N_("Import loaded"),
    Action.IMPORT_UNDONE: N_("Import undone"),
    Action.OPT_OUTS_CONFIRMED: N_("Many opt-outs confirmed"),
    Action.IMPORT_EXPORTED: N_("Rows of an import downloaded"),
    Action.RUN_LAUNCHED: N_("Run launched"),
    Action.DECISION_ENTERED: N_("Decision entered"),
    Action.DECISION_WITHDRAWN: N_("Decision withdrawn"),
    Action.RUN_EXPORTED: N_("File of a run downloaded"),
    Action.TRAIL_EXPORTED: N_("Audit trail downloaded"),
    Action.CAMPAIGN_PREPARED: N_("Campaign prepared"),
    Action.CAMPAIGN_CONFIRMED: N_("Live campaign confirmed"),
    Action.CAMPAIGN_PAUSED: N_("Campaign paused"),
    Action.CAMPAIGN_RESUMED: N_("Campaign resumed"),
    Action.CAMPAIGN_CANCELLED: N_("Campaign cancelled"),
    Action.DELIVERY_RULED: N_("Doubtful delivery ruled on"),
    Action.TEST_MESSAGE_SENT: N_("Test message sent"),
    Action.RESTORE_NOTED: N_("Restore of a backup noted"),
    Action.CONTACT_SYNC_ASKED: N_("Push of contacts asked for"),
    Action.CONTACTS_SYNCED: N_("Contacts pushed to Brevo"),
    Action.SUPPRESSION_LIFTED: N_("Suppression lifted"),
    Action.POLICY_SAVED: N_("Policy saved"),
    Action.PERSON_EXPORTED: N_("Person exported"),
    Action.ERASURE_ASKED: N_("Erasure asked for"),
    Action.ERASURE_DONE: N_("Erasure done"),
    Action.ERASED_AGAIN: N_("Erased people looked for again after a restore"),
    Action.RETENTION_CHANGED: N_("Retention changed"),
    Action.WEBHOOK_CREATED: N_("Webhook created"),
    Action.WEBHOOK_REVOKED: N_("Webhooks revoked"),
    Action.TOKEN_CREATED: N_("API token created"),
    Action.TOKEN_REVOKED: N_("API token revoked"),
    Action.SIGNED_IN: N_("Signed in"),
    Action.SIGNED_OUT: N_("Signed out"),
    Action.SIGN_IN_FAILED: N_("Tries to sign in failed"),
    Action.PASSWORD_CHANGED: N_("Own password changed"),
    Action.SESSIONS_ENDED: N_("Sessions ended"),
    Action.FACTOR_SET: N_("Second factor switched on"),
    Action.FACTOR_REMOVED: N_("Second factor switched off"),
    Action.RECOVERY_CODES_RENEWED: N_("Recovery codes renewed"),
    Action.USER_ADDED: N_("User added"),
    Action.USER_INVITED: N_("User invited"),
    Action.INVITATION_WITHDRAWN: N_("Invitation withdrawn"),
    Action.INVITATION_ACCEPTED: N_("Invitation accepted"),
    Action.ROLE_CHANGED: N_("Role changed"),
    Action.USER_DEACTIVATED: N_("User deactivated"),
    Action.USER_REACTIVATED: N_("User reactivated"),
    Action.USER_REMOVED: N_("User removed from the company"),
    Action.PASSWORD_RESET: N_("Password reset"),
    Action.FACTOR_RESET: N_("Second factor reset"),
    Action.FACTOR_DEMANDED: N_("Second factor demanded of everybody"),
    Action.FACTOR_DEMAND_LIFTED: N_("Second factor demanded no more"),
}


@dataclass(frozen=True, kw_only=True)
class TrailLine:
    """An entry as it is shown: `actor` is the user's name, or "system", now."""

    entry: TrailEntry
    actor: str


@dataclass(frozen=True, kw_only=True)
class TrailCheck:
    """The chain walked through: `broken_at` is the first number that does not fit, None if whole.

    `sha256` is the hash of the last entry: kept elsewhere, it shows a trail written anew.
    """

    entries: int
    broken_at: int | None
    sha256: str


def record(
    store: TenantStore,
    tx: Transaction,
    actor_id: str,
    action: Action,
    subject: str | int | None = None,
    **details: str | int | float | bool | None,
) -> None:
    """Add an entry within the transaction of what it tells of, as its last statement.

    `actor_id` is a user's id; `subject` and `details` are opaque ids, codes of ours and counts.
    """
    texts = (value for value in (subject, *details.values()) if isinstance(value, str))
    if not all(map(_PLAIN.fullmatch, texts)):  # no `assert`, which `python -O` leaves out
        raise AssertionError("no free text in the trail")
    stored.append_entry(
        tx,
        at=store.store.now(),
        actor_id=actor_id,
        action=action.value,
        subject=None if subject is None else str(subject),
        details=details,
    )


def record_alone(
    store: TenantStore,
    actor_id: str,
    action: Action,
    subject: str | int | None = None,
    **details: str | int | float | bool | None,
) -> None:
    """Add an entry for what has no transaction of the tenant's own, like a download."""
    with store.begin() as tx:
        record(store, tx, actor_id, action, subject, **details)


def record_of_person(store: Store, user_id: str, action: Action) -> None:
    """Add an entry of what a user did with the own account, in each company she may enter."""
    with store.identity() as tx:
        tenants = members.load_tenants_of(tx, user_id)
    for tenant in tenants:
        record_alone(store.tenant_store(tenant), user_id, action)


def user_id_named(store: TenantStore, username: str) -> str:
    """Return the id of the user who asked for work that is done later, `SYSTEM`'s otherwise."""
    with store.store.identity() as tx:
        user = identity.find_user(tx, username)
    return user.user_id if user else SYSTEM.user_id


def trail_of(
    store: TenantStore,
    actor: Actor,
    action: Action | None = None,
    *,
    limit: int = 50,
    offset: int = 0,
) -> list[TrailLine]:
    """Return a page of the trail, the newest first; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    with store.read() as tx:
        entries = stored.load_newest(tx, action, limit=limit, offset=offset)
    return _named(store, entries)


def number_of_entries(store: TenantStore, actor: Actor, action: Action | None = None) -> int:
    """Return how many entries `trail_of` pages through."""
    require(actor, Role.ADMIN)
    with store.read() as tx:
        return stored.count_entries(tx, action)


def verify_trail(store: TenantStore, actor: Actor) -> TrailCheck:
    """Walk through the whole chain; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    number, before = 0, ""
    with store.read() as tx:
        head = stored.find_head(tx)
        while entries := stored.load_after(tx, number, _CHUNK):
            for entry in entries:
                is_next = entry.number == number + 1
                if not is_next or entry.digest(store.tenant_id, before) != entry.sha256:
                    return TrailCheck(entries=head[0], broken_at=number + 1, sha256=head[1])
                number, before = entry.number, entry.sha256
    broken_at = None if head == (number, before) else number + 1
    return TrailCheck(entries=head[0], broken_at=broken_at, sha256=head[1])


def trail_csv(store: TenantStore, actor: Actor) -> Iterator[bytes]:
    """Return the trail as CSV in pieces, the oldest entry first; the download is recorded.

    Raises `NotAllowed` at once below admin.
    """
    require(actor, Role.ADMIN)
    record_alone(store, actor.user_id, Action.TRAIL_EXPORTED)
    return _csv_pieces(store)


def _csv_pieces(store: TenantStore) -> Iterator[bytes]:
    yield _csv_bytes([_HEADER])
    number = 0
    while True:
        with store.read() as tx:
            entries = stored.load_after(tx, number, _CHUNK)
        if not entries:
            return
        yield _csv_bytes([_cells(line) for line in _named(store, entries)])
        number = entries[-1].number


def _cells(line: TrailLine) -> tuple[str, ...]:
    entry = line.entry
    values = (
        entry.number,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_id,
        line.actor,
        entry.action,
        entry.subject or "",
        entry.details_json,
        entry.sha256,
    )
    return tuple(escape(str(value)) for value in values)


def _csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _named(store: TenantStore, entries: list[TrailEntry]) -> list[TrailLine]:
    ids = sorted({entry.actor_id for entry in entries} - {SYSTEM.user_id})
    with store.store.identity() as tx:
        names = {SYSTEM.user_id: SYSTEM.username, **identity.load_usernames(tx, ids)}
    return [
        TrailLine(entry=entry, actor=names.get(entry.actor_id, entry.actor_id)) for entry in entries
    ]
