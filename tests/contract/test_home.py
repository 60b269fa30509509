"""The state of the house is read from small tables and by indexes, on both databases."""

from pathlib import Path

from core.services.accounts import SYSTEM
from core.services.home import Matter, Step, home_of
from core.services.import_files import plan, receive
from core.services.import_ledger import discard
from core.store.tenant import TenantStore
from tests.contract.searches import explained


def test_home_goes_through_no_large_table(tenant: TenantStore) -> None:
    with explained() as kept:
        found = home_of(tenant)
    assert (found.done, found.decisions, found.last_run) == (frozenset(), (), None)
    assert len(kept.plans) > 8
    assert kept.gone_through() == []


def test_the_import_on_its_way_is_named_until_it_is_given_up(
    tenant: TenantStore, tmp_path: Path
) -> None:
    path = tmp_path / "clients.csv"
    path.write_bytes(b"%PDF-1.7")
    import_id = receive(tenant, SYSTEM, [(path.name, path)])
    found = home_of(tenant)
    assert (found.next_step, found.open_import, found.decisions) == (Step.REVIEW, import_id, ())
    plan(tenant, import_id)
    found = home_of(tenant)
    assert found.open_import == import_id
    assert [(d.matter, d.subject) for d in found.decisions] == [(Matter.ASKING, import_id)]
    discard(tenant, SYSTEM, import_id)
    assert home_of(tenant).open_import is None
