"""What a customer's own data differ in: found by an index, whatever else the tenant has."""

import re
from datetime import timedelta
from typing import Any

import pytest

from core.store.own_changes import Between, load_own_changes
from core.store.tenant import TenantStore, Transaction
from tests.contract.conftest import NOW, MakeStore, new_tenant
from tests.golden.small_tenant import AS_OF, store_small_tenant

pytestmark = pytest.mark.both_stores

TABLES = {"customer", "sale_line", "contact_history", "suppression", "delivery"}
BETWEEN = Between(
    older_seq=1,
    newer_seq=2,
    older_read=NOW - timedelta(hours=2),
    newer_read=NOW,
    older_as_of=AS_OF,
    newer_as_of=AS_OF + timedelta(days=9),
)


def suppress(tx: Transaction, key: str, **values: object) -> None:
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    tx.execute(
        f"INSERT INTO suppression (tenant_id, suppression_id, reason, source, since, {names})"
        f" VALUES (:tenant, :key, 'unsubscribe', 'link', :day, {marks})",
        key=key,
        day=NOW.date(),
        **values,
    )


def test_suppressions_count_once_by_customer_and_by_address(tenant: TenantStore) -> None:
    store_small_tenant(tenant)
    with tenant.begin() as tx:
        address = tx.scalar(
            "SELECT email_norm FROM customer WHERE tenant_id = :tenant AND customer = 'B3'"
        )
        suppress(tx, "hers", customer="B3")
        suppress(tx, "address", email_norm=address)
        suppress(tx, "both", customer="B3", email_norm=address)
        suppress(tx, "other", customer="A1")
        suppress(tx, "nobody", email_norm="nobody@example.com")
    with tenant.read() as tx:
        found = load_own_changes(tx, BETWEEN, ["B3", "a2"])
    assert {customer: own.suppressions for customer, own in found.items()} == {"B3": 3, "a2": 0}


def test_every_search_goes_by_an_index(make_store: MakeStore) -> None:
    """SQLite tells how it searches: by customer or address, and through no whole table."""
    tenant = new_tenant(make_store("sqlite"))
    asked: list[tuple[str, dict[str, object]]] = []

    class Listening(Transaction):
        def rows(self, sql: str, **values: object) -> list[dict[str, Any]]:
            asked.append((sql, values))
            return super().rows(sql, **values)

    with tenant.read() as tx:
        load_own_changes(Listening(tx.connection, tx.tenant_id), BETWEEN, ["B3"])
        plans = [
            str(step["detail"])
            for sql, values in asked
            for step in tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)
        ]
    reads = [plan for plan in plans if re.match(rf"(SEARCH|SCAN) ({'|'.join(TABLES)})\b", plan)]
    assert {plan.split()[1] for plan in reads} == TABLES
    assert [plan for plan in reads if not re.search(r"\b(customer|email_norm)=\?", plan)] == []
