"""Failed sign-ins in the audit trail: one entry for a user and a quarter of an hour, with numbers.

Tries are counted by the hash of the name that was typed, in the same write whether it is anybody's;
whose it is is asked a while after the quarter is over, by the worker, so that no time of an answer
tells it. What was typed, and from where, is not entered; a name that is nobody's is forgotten.
"""

from datetime import timedelta

from core.services.accounts import SYSTEM
from core.services.audit_trail import Action, record_alone
from core.services.tries import TRY_WINDOW, sha256_of
from core.store import identity, members, tries
from core.store.tenant import Store
from core.store.tries import FailureRow

_SETTLED_AFTER = timedelta(minutes=1)  # a try that began in the window has ended by then


def record_failures(store: Store) -> int:
    """Enter the failed tries of windows that are over in the trails of the users' companies.

    Returns how many users and windows there were. It is done once, however many workers do it; one
    that dies on the way does its last one again.
    """
    before = store.now() - TRY_WINDOW - _SETTLED_AFTER
    with store.identity() as tx:
        failures = tries.load_failures(tx, before)
        users = identity.load_user_ids(tx) if failures else {}
    ids = {sha256_of(name): user_id for name, user_id in users.items()}
    known = [one for one in failures if one.username_sha256 in ids]
    told = sum(_tell(store, ids[one.username_sha256], one) for one in known)
    with store.identity(write=True) as tx:
        tries.purge_failures(tx, before)
    return told


def _tell(store: Store, user_id: str, failure: FailureRow) -> bool:
    """Enter one in each company, unless another worker does."""
    with store.identity(write=True) as tx:
        if not tries.delete_failure(tx, failure):
            return False
        for tenant in members.load_tenants_of(tx, user_id):
            record_alone(
                store.tenant_store(tenant),
                SYSTEM.user_id,
                Action.SIGN_IN_FAILED,
                user_id,
                since=failure.window_at.isoformat(timespec="minutes"),
                passwords=failure.passwords,
                codes=failure.codes,
                refused=failure.refused,
            )
    return True
