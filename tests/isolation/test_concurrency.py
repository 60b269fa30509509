"""Sixteen threads read and write as two companies at once: none waits in vain, none is lost."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest

from core.store.tenant import Store, TenantStore
from core.store.transaction import Transaction
from tests.contract.campaign_data import NOW
from tests.contract.conftest import MakeStore, new_tenant

THREADS, TRANSACTIONS = 16, 200


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, make_store: MakeStore) -> Store:
    return make_store(request.param)


def test_mixed_transactions_lose_nothing(store: Store) -> None:
    companies = [new_tenant(store), new_tenant(store)]
    for company in companies:
        with company.begin() as tx:
            tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 0)")
    with ThreadPoolExecutor(THREADS) as threads:
        done = threads.map(_work, repeat(companies), range(THREADS))
        written: Counter[str] = sum(done, Counter())
    assert sum(written.values()) > THREADS
    for company in companies:
        with company.read() as tx:
            found = (tx.scalar("SELECT seq FROM tenant_head WHERE tenant_id = :tenant"), _rows(tx))
        assert found == (written[company.tenant_id],) * 2


def _work(companies: list[TenantStore], thread: int) -> Counter[str]:
    """Count up, each time with a row of its own, or read both; return how often it counted."""
    draw, written = random.Random(thread), Counter[str]()
    for number in range(TRANSACTIONS):
        company = draw.choice(companies)
        if draw.random() < 0.5:
            with company.begin() as tx:
                _count_up(tx, f"{thread} {number}", draw)
            written[company.tenant_id] += 1
        else:
            with company.read() as tx:
                seq = tx.scalar("SELECT seq FROM tenant_head WHERE tenant_id = :tenant")
                assert seq == _rows(tx), "a transaction saw two states"
    return written


def _count_up(tx: Transaction, name: str, draw: random.Random) -> None:
    if tx.is_sqlite or draw.random() < 0.5:
        tx.execute("UPDATE tenant_head SET seq = seq + 1 WHERE tenant_id = :tenant")
    else:
        locked = tx.scalar("SELECT seq FROM tenant_head WHERE tenant_id = :tenant FOR UPDATE")
        tx.execute("UPDATE tenant_head SET seq = :seq WHERE tenant_id = :tenant", seq=locked + 1)
    tx.execute(
        "INSERT INTO contact_push (tenant_id, email_norm, digest, pushed_at)"
        " VALUES (:tenant, :name, '', :now)",
        name=name,
        now=NOW,
    )


def _rows(tx: Transaction) -> int:
    return int(tx.scalar("SELECT count(*) FROM contact_push WHERE tenant_id = :tenant"))
