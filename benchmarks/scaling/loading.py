"""A tenant of `benchmarks.recommender.make_tenant` in Postgres, by COPY and without an import."""

from pathlib import Path

from benchmarks.recommender.make_tenant import open_tenant
from core.contracts import DATASET_TABLES
from core.services.accounts import create_tenant
from core.store.bulk import store_rows_in_steps
from core.store.tenant import Store, TenantStore

_SELECTED = {
    "customer": "SELECT customer, email_norm AS email, email_norm, email_opt_out, language,"
    " customer_type FROM customers",
    "product": f"SELECT {', '.join(DATASET_TABLES['products'])} FROM products",
    "sale_line": "SELECT document_id, line_key, product_key, customer, quantity_milli,"
    " amount_cents, sale_date, document_status, is_gift FROM sale_lines",
}


def load_tenant(store: Store, key: str, source: Path) -> TenantStore:
    """Return a new tenant with the customers, products and lines of the Parquet in `source`."""
    tenant = store.tenant_store(create_tenant(store, key, "Large"))
    with open_tenant(source) as con:
        for table, select in _SELECTED.items():
            versioned = f"SELECT *, 1 AS from_seq, 1 AS file_id FROM ({select})"
            names = [row[0] for row in con.execute(f"DESCRIBE {versioned}").fetchall()]
            store_rows_in_steps(tenant, con, versioned, table, names)
    with tenant.begin() as tx:
        tx.execute("INSERT INTO tenant_head (tenant_id, seq) VALUES (:tenant, 1)")
    return tenant
