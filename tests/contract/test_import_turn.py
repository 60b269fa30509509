"""A command waits while another process works on an import of the company, and says so."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import Busy, Refused
from core.services.accounts import SYSTEM
from core.services.import_files import load, receive
from core.services.import_forgetting import forget
from core.services.import_ledger import discard, entry_of, list_imports
from core.services.import_paths import import_paths
from core.store.locks import exclusive
from core.store.patience import Patience
from core.store.tenant import Store, TenantStore
from tests.contract.test_import_files import FILES, write

HELD_SECONDS = 0.3


@contextmanager
def held_for(tenant: TenantStore, seconds: float) -> Iterator[None]:
    """Let another thread hold the company's import lock for so long."""
    holding = threading.Event()

    def hold() -> None:
        with exclusive(tenant, "import", "held by the test"):
            holding.set()
            release.wait(seconds)

    release = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    yield
    release.set()
    holder.join()


def patient(tenant: TenantStore, seconds: float, told: list[str]) -> TenantStore:
    store = Store(
        tenant.store.settings,
        tenant.store.now,
        patience=Patience(seconds=seconds, tell=lambda: told.append("waiting")),
    )
    return store.tenant_store(tenant.tenant)


def test_a_command_waits_for_the_import_under_way(tenant: TenantStore, tmp_path: Path) -> None:
    told: list[str] = []
    with held_for(tenant, HELD_SECONDS):
        store = patient(tenant, 30, told)
        assert import_paths(store, SYSTEM, write(tmp_path, FILES))["status"] == "loaded"
    assert told == ["waiting"]
    store.store.dispose()


def test_a_command_waits_no_longer_than_it_may(tenant: TenantStore, tmp_path: Path) -> None:
    told: list[str] = []
    with held_for(tenant, 30):
        store = patient(tenant, 0.1, told)
        with pytest.raises(Busy, match="Another import of this company"):
            import_paths(store, SYSTEM, write(tmp_path, FILES))
    assert (told, list_imports(tenant)) == (["waiting"], [])
    store.store.dispose()


def test_nobody_waits_unless_told_to(tenant: TenantStore, tmp_path: Path) -> None:
    paths = write(tmp_path, FILES)
    import_id = receive(tenant, SYSTEM, [(p.name, p) for p in paths])
    with held_for(tenant, 30), pytest.raises(Busy):
        load(tenant, import_id)


def test_forgetting_does_not_wait(tenant: TenantStore, tmp_path: Path) -> None:
    told: list[str] = []
    paths = write(tmp_path, FILES)
    import_id = receive(tenant, SYSTEM, [(p.name, p) for p in paths])
    with held_for(tenant, 30):
        store = patient(tenant, 30, told)
        forget(store, import_id)
    assert (told, list_imports(tenant)) == ([], [])
    store.store.dispose()


def test_an_import_given_up_while_it_waits_is_not_worked_on(
    tenant: TenantStore, tmp_path: Path
) -> None:
    paths = write(tmp_path, FILES)
    import_id = receive(tenant, SYSTEM, [(p.name, p) for p in paths])
    stages: list[str] = []

    def give_up() -> None:
        discard(tenant, SYSTEM, import_id)

    with held_for(tenant, HELD_SECONDS):
        patience = Patience(seconds=30, tell=give_up)
        store = Store(tenant.store.settings, tenant.store.now, patience=patience)
        with pytest.raises(Refused, match="given up"):
            load(store.tenant_store(tenant.tenant), import_id, lambda s, *_: stages.append(s))
    assert (entry_of(tenant, import_id).status, stages) == ("discarded", [])
    store.dispose()
