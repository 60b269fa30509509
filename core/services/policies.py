"""A tenant's policies: saved as versions that are never changed, the newest one in force."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import NotFound, Refused
from core.i18n import N_
from core.policy import Policy
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record
from core.services.policy_checks import PolicyUnusable, read_stored, with_changes
from core.services.policy_fields import Change, changes_between
from core.store.policies import StoredPolicy, find_policy, load_policies, store_policy
from core.store.tenant import TenantStore

DEFAULTS = 0
"""The version that stands for the defaults of the product, before a tenant saves one."""

_MOST_NOTE_CHARS = 500
_OVERTAKEN = N_(
    "Somebody saved another version of the policy meanwhile. Look at it, then make your change"
    " again."
)
_LONG_NOTE = N_("The note is too long. Write at most %(most)s characters.")
_NO_VERSION = N_("There is no version %(version)s of the policy.")


@dataclass(frozen=True, kw_only=True)
class _Saved:
    version: int
    created_at: datetime | None
    created_by: str
    note: str


@dataclass(frozen=True, kw_only=True)
class PolicyVersion(_Saved):
    """One version of a tenant's policy; version 0 is the defaults, which nobody saved."""

    policy: Policy
    changes: tuple[Change, ...] = ()
    """What differs from the usable version before it."""


@dataclass(frozen=True, kw_only=True)
class UnusableVersion(_Saved):
    """A version that was saved once and that the present program cannot use."""

    problem: PolicyUnusable


def current_policy(store: TenantStore) -> Policy:
    """Return the tenant's newest policy, or the defaults; raise `PolicyUnusable`."""
    return current_version(store).policy


def current_version(store: TenantStore) -> PolicyVersion:
    """Return the version in force, without its changes; raise `PolicyUnusable`."""
    return _usable(newest_version(store))


def newest_version(store: TenantStore) -> PolicyVersion | UnusableVersion:
    """Return the version in force, without its changes, usable or not."""
    with store.read() as tx:
        found = find_policy(tx)
    return _version(found)


def policy_of(store: TenantStore, version: int) -> PolicyVersion:
    """Return one version, 0 for the defaults; raise `NotFound` and `PolicyUnusable`."""
    if version == DEFAULTS:
        return _defaults()
    with store.read() as tx:
        found = find_policy(tx, version)
    if found is None:
        raise NotFound(_NO_VERSION, version=version)
    return _usable(_version(found))


def policy_versions(store: TenantStore) -> tuple[PolicyVersion | UnusableVersion, ...]:
    """Return every version with its changes, the newest first; the last one is the defaults."""
    with store.read() as tx:
        stored = load_policies(tx)
    before = _defaults()
    versions: list[PolicyVersion | UnusableVersion] = [before]
    for found in reversed(stored):
        version = _version(found)
        if isinstance(version, PolicyVersion):
            changes = changes_between(before.policy, version.policy)
            before = version = replace(version, changes=changes)
        versions.append(version)
    return tuple(reversed(versions))


def save_policy(
    store: TenantStore,
    actor: Actor,
    changes: Mapping[str, object],
    *,
    note: str = "",
    based_on: int | None = None,
) -> PolicyVersion:
    """Put `changes` (name of a value to number or text) over the version in force, and save it.

    The same content as the version in force makes no new version. Raises `NotAllowed` below
    analyst, `PolicyRefused` with every value that cannot be used, `Refused` when another version
    than `based_on` is in force, and `PolicyUnusable` when that one cannot be used.
    """
    require(actor, Role.ANALYST)
    current = current_version(store)
    if based_on not in (None, current.version):
        raise Refused(_OVERTAKEN)
    return _save(store, actor, with_changes(current.policy, changes), note, current.version)


def go_back(store: TenantStore, actor: Actor, version: int, *, note: str = "") -> PolicyVersion:
    """Save a new version equal to an earlier one; 0 goes back to the defaults.

    It is also the way out of a version that a later program cannot use. Raises `NotFound`,
    `PolicyUnusable` on an earlier version of that kind, and `NotAllowed` below analyst.
    """
    require(actor, Role.ANALYST)
    return _save(store, actor, policy_of(store, version).policy, note, None)


def _save(
    store: TenantStore, actor: Actor, policy: Policy, note: str, based_on: int | None
) -> PolicyVersion:
    """Save `policy` after the version `based_on`, by default after the newest."""
    note = " ".join(note.split())
    if len(note) > _MOST_NOTE_CHARS:
        raise Refused(_LONG_NOTE, most=_MOST_NOTE_CHARS)
    newest = newest_version(store)
    if isinstance(newest, PolicyVersion) and newest.policy.sha256() == policy.sha256():
        return newest
    new = StoredPolicy(
        version=(newest.version if based_on is None else based_on) + 1,
        policy_json=policy.canonical_json(),
        sha256=policy.sha256(),
        created_at=store.store.now(),
        created_by=actor.username,
        note=note,
    )
    with store.begin() as tx:
        is_next = store_policy(tx, new)
        if is_next:
            record(store, tx, actor.user_id, Action.POLICY_SAVED, new.version, sha256=new.sha256)
    if not is_next:
        raise Refused(_OVERTAKEN)
    return _usable(_version(new))


def _usable(version: PolicyVersion | UnusableVersion) -> PolicyVersion:
    if isinstance(version, UnusableVersion):
        raise version.problem
    return version


def _defaults() -> PolicyVersion:
    return PolicyVersion(version=DEFAULTS, policy=Policy(), created_at=None, created_by="", note="")


def _version(stored: StoredPolicy | None) -> PolicyVersion | UnusableVersion:
    if stored is None:
        return _defaults()
    saved = {
        name: getattr(stored, name) for name in ("version", "created_at", "created_by", "note")
    }
    try:
        return PolicyVersion(policy=read_stored(stored.version, stored.policy_json), **saved)
    except PolicyUnusable as problem:
        return UnusableVersion(problem=problem, **saved)
