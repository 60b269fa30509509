"""A tenant's policies: saved as versions that are never changed, the newest one in force."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import NotFound, Refused
from core.i18n import N_
from core.policy import Policy, parse_policy
from core.services.accounts import Actor, Role, require
from core.services.policy_checks import with_changes
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
class PolicyVersion:
    """One version of a tenant's policy; version 0 is the defaults, which nobody saved."""

    version: int
    policy: Policy
    created_at: datetime | None
    created_by: str
    note: str
    changes: tuple[Change, ...] = ()
    """What differs from the version before it."""


def current_policy(store: TenantStore) -> Policy:
    """Return the tenant's newest policy, or the defaults; raise `Refused` on an unusable one."""
    return current_version(store).policy


def current_version(store: TenantStore) -> PolicyVersion:
    """Return the version in force, without its changes."""
    with store.read() as tx:
        found = find_policy(tx)
    return _version(found)


def policy_of(store: TenantStore, version: int) -> PolicyVersion:
    """Return one version, 0 for the defaults; raise `NotFound`."""
    if version == DEFAULTS:
        return _version(None)
    with store.read() as tx:
        found = find_policy(tx, version)
    if found is None:
        raise NotFound(_NO_VERSION, version=version)
    return _version(found)


def policy_versions(store: TenantStore) -> tuple[PolicyVersion, ...]:
    """Return every version with its changes, the newest first; the last one is the defaults."""
    with store.read() as tx:
        stored = load_policies(tx)
    versions = [_version(found) for found in (*stored, None)]
    earlier = [*versions[1:], versions[-1]]
    return tuple(
        PolicyVersion(**{**vars(v), "changes": changes_between(before.policy, v.policy)})
        for v, before in zip(versions, earlier, strict=True)
    )


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
    analyst, `PolicyRefused` with every value that cannot be used, and `Refused` when another
    version than `based_on` is in force.
    """
    require(actor, Role.ANALYST)
    current = current_version(store)
    if based_on not in (None, current.version):
        raise Refused(_OVERTAKEN)
    return _save(store, actor, with_changes(current.policy, changes), note, current.version)


def go_back(store: TenantStore, actor: Actor, version: int, *, note: str = "") -> PolicyVersion:
    """Save a new version equal to an earlier one; 0 goes back to the defaults.

    It is also the way out of a version that a later program cannot use. Raises `NotFound`, and
    `NotAllowed` below analyst.
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
    with store.read() as tx:
        newest = find_policy(tx)
    in_force = Policy().sha256() if newest is None else newest.sha256
    if policy.sha256() == in_force:
        return _version(newest)
    before = newest.version if newest is not None else DEFAULTS
    new = StoredPolicy(
        version=(before if based_on is None else based_on) + 1,
        policy_json=policy.canonical_json(),
        sha256=policy.sha256(),
        created_at=store.store.now(),
        created_by=actor.username,
        note=note,
    )
    with store.begin() as tx:
        is_next = store_policy(tx, new)
    if not is_next:
        raise Refused(_OVERTAKEN)
    return _version(new)


def _version(stored: StoredPolicy | None) -> PolicyVersion:
    if stored is None:
        return PolicyVersion(
            version=DEFAULTS, policy=Policy(), created_at=None, created_by="", note=""
        )
    return PolicyVersion(
        version=stored.version,
        policy=parse_policy(json.loads(stored.policy_json)),
        created_at=stored.created_at,
        created_by=stored.created_by,
        note=stored.note,
    )
