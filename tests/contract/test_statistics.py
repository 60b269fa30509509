"""What Postgres knows of the tables that a load and a run fill, before autovacuum has looked."""

import pytest
from sqlalchemy import text

from core.services.accounts import SYSTEM
from core.services.execute_run import create_run, execute
from core.services.import_paths import import_paths
from core.store.statistics import OF_IMPORTS, OF_RUNS, refresh_statistics
from core.store.tenant import TenantStore
from tests.contract.conftest import MakeStore, new_tenant
from tests.golden.small_tenant import AS_OF, FOLDER


@pytest.fixture
def company(make_store: MakeStore) -> TenantStore:
    """A company alone in a database that nobody has looked at."""
    return new_tenant(make_store("postgres"))


def known(company: TenantStore) -> dict[str, float]:
    sql = """
        SELECT relname, reltuples FROM pg_class
        WHERE oid = ANY(CAST(:tables AS regclass[])) AND pg_relation_size(oid) > 0
    """
    tables = [f"public.{table}" for table in (*OF_IMPORTS, *OF_RUNS)]
    with company.read() as tx:
        return dict(tx.connection.execute(text(sql), {"tables": tables}).tuples().all())


def add_customers(company: TenantStore, first: int, last: int) -> None:
    with company.begin() as tx:
        tx.execute(
            """
            INSERT INTO customer (tenant_id, customer, from_seq, file_id)
            SELECT CAST(:tenant AS uuid), 'N' || n, 1, 1
            FROM generate_series(:first, :last) AS n
            """,
            first=first,
            last=last,
        )


def test_a_load_and_a_run_leave_no_table_that_postgres_never_looked_at(
    company: TenantStore,
) -> None:
    import_paths(company, SYSTEM, [FOLDER / "input"], as_of=AS_OF)
    execute(company, create_run(company, SYSTEM, as_of=AS_OF))
    found = known(company)
    assert {"customer", "sale_line", "reco_output", "next_action_output"} <= set(found)
    assert [table for table, rows in found.items() if rows < 0] == []


def test_a_table_is_looked_at_again_when_it_grew_by_a_tenth(company: TenantStore) -> None:
    for first, last, told in (
        (1, 2_000, 2_000),
        (2_001, 2_009, 2_000),
        (2_010, 5_000, 5_000),
    ):
        add_customers(company, first, last)
        refresh_statistics(company, OF_IMPORTS)
        assert known(company)["customer"] == told
