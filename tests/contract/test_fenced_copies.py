"""Rows in bulk are written by whom the work still belongs to, whichever thread writes them."""

import duckdb
import pytest

from core.store.bulk import store_rows_in_steps
from core.store.fence import fenced
from core.store.identity import new_id
from core.store.tenant import TenantStore

ROWS = 60_000  # more than are copied at once
COLUMNS = ("run_id", "shard_no", "customers", "tries")


class Lost(BaseException):
    """The work was given to another."""


def test_work_that_was_given_to_another_copies_nothing_more(tenant: TenantStore) -> None:
    def lose() -> None:
        raise Lost

    with pytest.raises(Lost), fenced(lose):
        copy_rows(tenant)
    assert count_rows(tenant) == 0
    copy_rows(tenant)
    assert count_rows(tenant) == ROWS


def copy_rows(tenant: TenantStore) -> None:
    select = f"SELECT '{new_id()}', range, 1, 0 FROM range({ROWS})"
    with duckdb.connect() as con:
        store_rows_in_steps(tenant, con, select, "run_shard", COLUMNS)


def count_rows(tenant: TenantStore) -> int:
    with tenant.read() as tx:
        return int(tx.scalar("SELECT count(*) FROM run_shard WHERE tenant_id = :tenant"))
