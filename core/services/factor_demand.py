"""A company demands a second factor of everybody who enters it.

Who has none then has no session there: the next sign-in leads, after the password, to setting one
up. What she may do in other companies is theirs to say.
"""

from core.errors import Refused
from core.i18n import N_
from core.services.accounts import Actor, Role, require
from core.services.audit_trail import Action, record_alone
from core.store import members, second_factors, sessions
from core.store.tenant import TenantStore

_YOURS_FIRST = N_(
    "Set up a second factor of your own first, on the page My account: you would shut yourself out."
)


def is_factor_demanded(store: TenantStore, actor: Actor) -> bool:
    """Tell whether the company demands a second factor; raise `NotAllowed` below admin."""
    require(actor, Role.ADMIN)
    with store.store.identity() as tx:
        return second_factors.demands_factor(tx, store.tenant_id)


def demand_factor(store: TenantStore, actor: Actor) -> int:
    """Demand a second factor of everybody and end the sessions here of who has none.

    Returns how many people have to set one up. Raises `Refused` when the actor has none herself.
    """
    require(actor, Role.ADMIN)
    now = store.store.now()
    with store.store.identity(write=True) as tx:
        found = {one.user_id: one for one in members.load_members(tx, store.tenant_id)}
        if actor.user_id not in found or not found[actor.user_id].has_second_factor:
            raise Refused(_YOURS_FIRST)
        is_new = second_factors.store_demand(tx, store.tenant_id, is_demanded=True)
        lacking = [one for one in found.values() if not one.has_second_factor]
        for one in lacking:
            sessions.revoke_sessions_of(tx, one.user_id, now, tenant_id=store.tenant_id)
    people = sum(one.deactivated_at is None for one in lacking)
    if is_new:
        record_alone(store, actor.user_id, Action.FACTOR_DEMANDED, people=people)
    return people


def lift_factor_demand(store: TenantStore, actor: Actor) -> None:
    """Leave the second factor to each user again; who has one goes on being asked for it."""
    require(actor, Role.ADMIN)
    with store.store.identity(write=True) as tx:
        is_new = second_factors.store_demand(tx, store.tenant_id, is_demanded=False)
    if is_new:
        record_alone(store, actor.user_id, Action.FACTOR_DEMAND_LIFTED)
