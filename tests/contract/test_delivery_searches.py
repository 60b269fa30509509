"""One delivery, its lines and a batch are found by an index in a large campaign."""

from collections.abc import Callable, Sized
from uuid import uuid4

import pytest

from core.store.campaign_log import find_last_log, load_delivery_logs
from core.store.doubtful import cleared_batches, find_numbered, load_doubtful
from core.store.engine import make_engine, normalise_url
from core.store.tenant import Store, TenantStore, Transaction
from tests.contract.campaign_data import NOW
from tests.contract.conftest import new_tenant

DELIVERIES = 20_000
BATCH = 250
_AFTER_RESTORE = ("UNCONFIRMED", "REVIEW", "PLANNED", "CLAIMED")

_NUMBERS = f"""
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DELIVERIES})
"""
_FILL = (
    """
    INSERT INTO campaign (tenant_id, campaign_id, run_id, template, template_sha256, batch_size,
        mode, state, audience_json, created_at, created_by)
    VALUES (:tenant, :campaign_id, :campaign_id, 't', '', 250, 'live', 'SENDING', '{}', :now, '')
    """,
    f"""
    INSERT INTO delivery (
        tenant_id, campaign_id, email_norm, mode, delivery_no, batch_no, customer, state, key_no,
        ambiguous, payload, payload_sha256, not_after
    )
    {_NUMBERS}
    SELECT :tenant, :campaign_id, 'p' || i || '@example.com', 'live', i, (i - 1) / {BATCH} + 1,
        'C' || i, CASE WHEN i % 3 = 0 THEN 'PLANNED' ELSE 'SENT' END, 1, 0, '', '', :now
    FROM n
    """,
    f"""
    INSERT INTO brevo_logs (
        tenant_id, campaign_id, log_no, delivery_no, batch_no, mode, event, detail_json, created_at
    )
    {_NUMBERS}
    SELECT :tenant, :campaign_id, i, i, (i - 1) / {BATCH} + 1, 'live', 'claimed', '{{}}', :now
    FROM n
    """,
)


class Explaining(Transaction):
    """Keeps how the database would search for what is asked of it."""

    plan: str = ""

    def rows(self, sql: str, /, **values: object) -> list[dict[str, object]]:
        explain = "EXPLAIN QUERY PLAN" if self.is_sqlite else "EXPLAIN"
        for step in super().rows(f"{explain} {sql}", **values):
            self.plan += f"{step.get('detail') or step.get('QUERY PLAN')}\n"
        return super().rows(sql, **values)


def _analyse(store: Store) -> None:
    engine = make_engine(normalise_url(store.settings.database_url), as_app_role=False)
    with engine.begin() as connection:
        for table in ("delivery", "brevo_logs"):
            connection.exec_driver_sql(f"ANALYZE {table}")


@pytest.fixture(scope="module")
def campaign(store: Store) -> tuple[TenantStore, str]:
    """A campaign of which a third is planned; only Postgres knows the sizes of its tables."""
    tenant, campaign_id = new_tenant(store), str(uuid4())
    with tenant.begin() as tx:
        for statement in _FILL:
            tx.execute(statement, campaign_id=campaign_id, now=NOW)
    if store.data_engine.dialect.name == "postgresql":
        _analyse(store)
    return tenant, campaign_id


@pytest.mark.parametrize(
    ("search", "index", "found"),
    [
        (
            lambda tx, campaign_id: [find_numbered(tx, campaign_id, 15_000)],
            "ix_delivery_tenant_id_campaign_id_delivery_no",
            1,
        ),
        (
            lambda tx, campaign_id: load_doubtful(tx, campaign_id, 60, _AFTER_RESTORE),
            "ix_delivery_tenant_id_campaign_id_batch_no_delivery_no",
            84,
        ),
        (
            lambda tx, campaign_id: load_delivery_logs(tx, campaign_id, 15_000),
            "ix_brevo_logs_tenant_id_campaign_id_delivery_no_log_no",
            1,
        ),
        (
            lambda tx, campaign_id: [find_last_log(tx, campaign_id, "events_read")],
            "ix_brevo_logs_tenant_id_campaign_id_delivery_no_log_no",
            1,
        ),
        (
            lambda tx, campaign_id: cleared_batches(tx, campaign_id, 1),
            "ix_brevo_logs_tenant_id_campaign_id_delivery_no_log_no",
            0,
        ),
    ],
    ids=["one delivery", "a batch", "lines of a delivery", "last line of a kind", "read batches"],
)
def test_a_search_uses_its_index(
    campaign: tuple[TenantStore, str],
    search: Callable[[Transaction, str], Sized],
    index: str,
    found: int,
) -> None:
    tenant, campaign_id = campaign
    with tenant.read() as tx:
        explaining = Explaining(tx.connection, tx.tenant_id)
        assert len(search(explaining, campaign_id)) == found
    assert f"{index} " in explaining.plan, explaining.plan
