"""The statistics by which Postgres plans, made as soon as much was written.

Autovacuum looks once a minute at most; until then a page would go through whole tables, or through
one for each row of another. Row security does not touch this: statistics tell no session of rows.
"""

from collections.abc import Sequence

from sqlalchemy import text

from core.store.tenant import TenantStore

OF_IMPORTS = ("contact_history", "customer", "held_row", "product", "sale_line", "suppression")
OF_RUNS = (
    "audit_output",
    "next_action_output",
    "product_due",
    "product_figure",
    "reco_output",
    "run_reserve",
)
_GROWN_BY = 1.1  # as autovacuum waits for by default

# Postgres counts rows less than no, where it never looked at a table.
_GROWN = text("""
SELECT relname FROM pg_class
WHERE oid = ANY(CAST(:tables AS regclass[]))
    AND (
        reltuples < 0
        OR pg_relation_size(oid) > :grown * relpages * current_setting('block_size')::bigint
    )
ORDER BY relname
""")


def refresh_statistics(store: TenantStore, tables: Sequence[str]) -> None:
    """Let Postgres look at those of `tables` that grew by a tenth since it last did.

    Nothing on SQLite. Where the app role may not (before Postgres 17), or somebody is at it
    already, it is left to autovacuum.
    """
    if store.store.data_engine.dialect.name != "postgresql":
        return
    with store.read() as tx:
        values = {"tables": [f"public.{table}" for table in tables], "grown": _GROWN_BY}
        grown = tx.connection.execute(_GROWN, values).scalars().all()
    for table in grown:
        with store.begin() as tx:
            tx.connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) public.{table}")
