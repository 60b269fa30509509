"""Nothing crosses: what another tenant has under the same names changes no byte of a run."""

import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core.services.accounts import SYSTEM
from core.services.policies import save_policy
from core.store.tenant import TenantStore
from tests.golden.small_tenant import (
    AS_OF,
    comparable_files,
    open_tenant,
    run_small_tenant,
    store_small_tenant,
)

# The same customers, addresses, products and documents, and something else said of each.
_CONTRADICTIONS = (
    """
    UPDATE customer SET customer_type = 'trade', email_opt_out = NOT email_opt_out
    WHERE tenant_id = :tenant
    """,
    """
    UPDATE product SET price_cents = 3 * price_cents, family = 'Bulles', stock_quantity = 1
    WHERE tenant_id = :tenant
    """,
    """
    UPDATE sale_line SET sale_date = date(sale_date, '-30 days'), quantity_milli = 9000
    WHERE tenant_id = :tenant
    """,
    """
    INSERT INTO contact_history
        (tenant_id, event_key, from_seq, file_id, customer, email_norm, contact_date, status,
         channel)
    SELECT tenant_id, customer, 1, 1, customer, email_norm, :yesterday, 'hard_bounce', 'email'
    FROM customer WHERE tenant_id = :tenant
    """,
    """
    INSERT INTO suppression
        (tenant_id, suppression_id, customer, email_norm, reason, source, since)
    SELECT tenant_id, customer, customer, email_norm, 'complaint', 'link', :yesterday
    FROM customer WHERE tenant_id = :tenant
    """,
)
_CAMPAIGN_OF_A_RUN = (
    """
    INSERT INTO campaign
        (tenant_id, campaign_id, run_id, template, template_sha256, batch_size, mode, state,
         audience_json, created_at, created_by)
    VALUES (:tenant, :campaign, :run, '', '', 250, 'live', 'DONE', '{}', :yesterday, 'test')
    """,
    """
    INSERT INTO delivery
        (tenant_id, campaign_id, email_norm, mode, delivery_no, batch_no, customer, state, key_no,
         ambiguous, payload, payload_sha256, not_after, claimed_at)
    SELECT tenant_id, :campaign, customer, 'live', 1, 1, customer, 'SENT', 0,
        0, '', '', :yesterday, :yesterday
    FROM customer WHERE tenant_id = :tenant
    """,
)


def contradict(tenant: TenantStore) -> None:
    """Fill `tenant` with the codes, keys and addresses of the small tenant, all else different."""
    store_small_tenant(tenant)
    save_policy(tenant, SYSTEM, {"top_n": 2, "audit.silence_window_days": 0})
    yesterday = AS_OF - timedelta(days=1)
    with tenant.begin() as tx:
        for sql in _CONTRADICTIONS:
            tx.execute(sql, **{"yesterday": yesterday} if ":yesterday" in sql else {})
    run = run_small_tenant(tenant)
    values = {"yesterday": yesterday, "campaign": str(uuid.uuid4()), "run": run}
    with tenant.begin() as tx:
        for sql in _CAMPAIGN_OF_A_RUN:
            tx.execute(sql, **{name: value for name, value in values.items() if f":{name}" in sql})


def test_another_tenant_with_the_same_names_changes_nothing(tmp_path: Path) -> None:
    one = open_tenant(tmp_path)
    alone = comparable_files(one, run_small_tenant(one))
    other = one.store.tenant_store(
        replace(one.tenant, tenant_id=str(uuid.uuid4()), key="other", language="fr")
    )
    contradict(other)
    assert comparable_files(one, run_small_tenant(one)) == alone
    one.store.dispose()
