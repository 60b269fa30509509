"""The plainest run there is: how often each customer bought what, filled up with what is popular.

It is what a morning's SQL would do: no as-of date, no rules, no reasons.
"""

from contextlib import closing

import duckdb
import psycopg2

from core.store.bulk import csv_chunks, fetch_table
from core.store.dataset import SOURCES, head_of
from core.store.tenant import TenantStore

_TYPES = {"customer": "VARCHAR", "product_key": "VARCHAR", "document_id": "VARCHAR"}
_LISTS = """
CREATE TABLE lists AS
WITH popular AS (
    SELECT product_key, count(DISTINCT customer) AS buyers FROM lines GROUP BY product_key
),
own AS (
    SELECT customer, product_key, count(DISTINCT document_id) AS times FROM lines GROUP BY ALL
),
best AS (FROM popular ORDER BY buyers DESC, product_key LIMIT 5),
candidates AS (
    SELECT customer, product_key, times, buyers FROM own JOIN popular USING (product_key)
    UNION ALL
    SELECT customer, product_key, 0, buyers
    FROM (SELECT DISTINCT customer FROM lines) CROSS JOIN best
    ANTI JOIN own USING (customer, product_key)
)
SELECT
    customer,
    row_number() OVER (
        PARTITION BY customer ORDER BY times DESC, buyers DESC, product_key
    ) AS rank,
    product_key
FROM candidates
QUALIFY rank <= 5
"""
_TABLE = """
DROP TABLE IF EXISTS plain_run;
CREATE TABLE plain_run (
    customer text, rank integer, product_key text, PRIMARY KEY (customer, rank)
)
"""
_ROWS_AT_ONCE = 50_000


def plain_run(tenant: TenantStore, url: str) -> None:
    """Read the lines of `tenant` by COPY, list five products a customer, store them by COPY."""
    with duckdb.connect() as con:
        source = f"SELECT {', '.join(_TYPES)} {SOURCES['sale_lines']} AND customer IS NOT NULL"
        with tenant.read() as tx:
            fetch_table(tx, con, "lines", _TYPES, source, head=head_of(tx))
        con.execute(_LISTS)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(_TABLE)
            for chunk in csv_chunks(con, "FROM lists", _ROWS_AT_ONCE):
                cursor.copy_expert("COPY plain_run FROM STDIN (FORMAT csv)", chunk)
            connection.commit()
