"""The policy that a tenant's next run starts from."""

import json

from core.policy import Policy, parse_policy
from core.store.policies import find_policy_json
from core.store.tenant import TenantStore


def current_policy(store: TenantStore) -> Policy:
    """Return the tenant's newest policy, or the defaults; raise `Refused` on an unusable one."""
    with store.read() as tx:
        found = find_policy_json(tx)
    return Policy() if found is None else parse_policy(json.loads(found))
