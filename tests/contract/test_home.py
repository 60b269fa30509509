"""The state of the house is read from small tables and by indexes, on both databases."""

from core.services.home import home_of
from core.store.tenant import TenantStore
from tests.contract.searches import explained


def test_home_goes_through_no_large_table(tenant: TenantStore) -> None:
    with explained() as kept:
        found = home_of(tenant)
    assert (found.done, found.decisions, found.last_run) == (frozenset(), (), None)
    assert len(kept.plans) > 8
    assert kept.gone_through() == []
