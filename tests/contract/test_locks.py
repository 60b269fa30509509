"""Locks on Postgres when the connection that holds them is gone."""

import pytest

from core.errors import Busy
from core.store import locks
from tests.contract.conftest import MakeStore, new_tenant
from tests.contract.kill_worlds import end_connections


@pytest.mark.postgres
def test_a_lock_whose_connection_is_gone_is_free_and_let_go_in_silence(
    make_store: MakeStore,
) -> None:
    tenant = new_tenant(make_store("postgres"))
    with locks.exclusive(tenant, "send", "busy"):
        with pytest.raises(Busy), locks.exclusive(tenant, "send", "busy"):
            pass
        end_connections(tenant.store.settings.database_url)
        with locks.exclusive(tenant, "send", "busy"):
            pass
