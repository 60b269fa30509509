"""The visible state of a tenant as DuckDB tables, in bytewise order, with its hash."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from core.contracts import DATASET_TABLES
from core.store.bulk import fetch_table
from core.store.run_outputs import counts
from core.store.tenant import Transaction

VISIBLE = "tenant_id = :tenant AND from_seq <= :head AND (to_seq IS NULL OR to_seq > :head)"


def visible_in(table: str) -> str:
    """Return the SQL of `VISIBLE` for `table` in a join, which itself keeps to the tenant."""
    return f"{table}.from_seq <= :head AND ({table}.to_seq IS NULL OR {table}.to_seq > :head)"


# Imports that are published by now, and those that were when `:head` was the newest.
_PUBLISHED = "status IN ('loaded', 'undone')"
_PUBLISHED_BY_THEN = "(status = 'undone' OR (status = 'loaded' AND seq <= :head))"
# Suppressions that were ever in force, and those that count now.
ENTERED = f"""
    suppression.tenant_id = :tenant
    AND (
        import_id IS NULL
        OR import_id IN (
            SELECT import_id FROM imports
            WHERE tenant_id = :tenant AND {_PUBLISHED}
        )
    )
"""
IN_FORCE = f"{ENTERED} AND lifted_at IS NULL"
# An event that made a suppression counts no more once that suppression is lifted; a search of each
# kind by an index.
_NOT_LIFTED = " AND ".join(
    f"""
    NOT EXISTS (
        SELECT 1 FROM suppression AS lifted
        WHERE lifted.tenant_id = :tenant
            AND lifted.{column} = contact_history.{column}
            AND lifted.reason = contact_history.status
            AND lifted.since = contact_history.contact_date
            AND lifted.lifted_at IS NOT NULL
    )
    """
    for column in ("email_norm", "customer")
)

# What each dataset table is read from; a tenant's rows as they are visible at `:head`.
SOURCES: Mapping[str, str] = {
    "customers": f"FROM customer WHERE {VISIBLE}",
    "products": f"FROM product WHERE {VISIBLE}",
    "sale_lines": f"FROM sale_line WHERE {VISIBLE}",
    # A dry run contacts nobody, so no rule may see it and no hash may change by it.
    "contacts": f"""
        FROM contact_history
        WHERE {VISIBLE} AND status <> 'dry_run'
            AND (
                status NOT IN ('unsubscribe', 'complaint', 'hard_bounce')
                OR ({_NOT_LIFTED})
            )
    """,
    # Those of an import count once it is published, and stay when it is undone. An opt-out
    # without address says no more than those of the same customer with one.
    "suppressions": f"""
        FROM (
            SELECT tenant_id, customer, email_norm, reason, min(since) AS since
            FROM suppression
            WHERE {IN_FORCE}
            GROUP BY tenant_id, customer, email_norm, reason
        ) AS kept
        WHERE tenant_id = :tenant
            AND (
                email_norm IS NOT NULL
                OR reason <> 'opt_out'
                OR NOT EXISTS (
                    SELECT 1 FROM suppression
                    WHERE {IN_FORCE}
                        AND suppression.customer = kept.customer
                        AND suppression.reason = 'opt_out'
                        AND suppression.email_norm IS NOT NULL
                )
            )
    """,
    "sent_items": f"""
        FROM (
            SELECT
                delivery.customer,
                reco_output.product_key,
                substr(CAST(delivery.claimed_at AS TEXT), 1, 10) AS sent_on
            FROM delivery
            JOIN campaign
                ON campaign.tenant_id = delivery.tenant_id
                AND campaign.campaign_id = delivery.campaign_id
            JOIN reco_output
                ON reco_output.tenant_id = campaign.tenant_id
                AND reco_output.run_id = campaign.run_id
                AND reco_output.customer = delivery.customer
                AND {counts("reco_output", "campaign.review_no")}
            WHERE delivery.tenant_id = :tenant
                AND delivery.mode = 'live'
                AND delivery.state = 'SENT'
        ) AS sent
    """,
}


_OF_CUSTOMER: Mapping[str, str] = {
    "customers": "customer = :customer",
    "sale_lines": "customer = :customer",
    "contacts": "customer = :customer OR email_norm = :email_norm",
    "suppressions": "customer = :customer OR email_norm = :email_norm",
    "sent_items": "customer = :customer",
}


def head_of(tx: Transaction) -> int:
    """Return the sequence number of the tenant's last published import, 0 before the first."""
    return int(tx.scalar("SELECT seq FROM tenant_head WHERE tenant_id = :tenant") or 0)


@dataclass(frozen=True, kw_only=True)
class Revision:
    """A state of a tenant's data: its hash, the hash of each table, and the head it stands at.

    `import_id` is the import published at `seq`: after an undo another one takes the number.
    """

    sha256: str
    seq: int
    import_id: str | None
    tables: Mapping[str, str]


def load_dataset(tx: Transaction, con: DuckDBPyConnection) -> str:
    """Create the tables of `DATASET_TABLES` in `con`; return the sha256 of their content."""
    return load_revision(tx, con).sha256


def load_revision(tx: Transaction, con: DuckDBPyConnection, seq: int | None = None) -> Revision:
    """Create the tables of `DATASET_TABLES` in `con` as they are, or as imports left them at `seq`.

    The hash is the same on every database and for every physical order of the rows.
    """
    head = head_of(tx) if seq is None else seq
    tables = {}
    for table, types in DATASET_TABLES.items():
        names = ", ".join(f'"{name}"' for name in types)
        source = SOURCES[table]
        if seq is not None:
            source = source.replace(_PUBLISHED, _PUBLISHED_BY_THEN)
        values = {"head": head} if ":head" in source else {}
        fetch_table(tx, con, "unordered", types, f"SELECT {names} {source}", **values)
        con.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM unordered ORDER BY ALL")
        tables[table] = _content_hash(con, table, types)
    con.execute("DROP TABLE unordered")
    lines = "".join(f"{table}:{content}\n" for table, content in tables.items())
    return Revision(
        sha256=hashlib.sha256(lines.encode()).hexdigest(),
        seq=head,
        import_id=import_at(tx, head),
        tables=tables,
    )


def load_dataset_of(
    tx: Transaction, con: DuckDBPyConnection, customer: str, email_norm: str | None
) -> None:
    """Create the tables of `DATASET_TABLES` with all products, and the rest of one customer alone.

    Events at her address come too, whoever they name.
    """
    values: dict[str, object] = {"customer": customer, "email_norm": email_norm}
    for table, types in DATASET_TABLES.items():
        names = ", ".join(f'"{name}"' for name in types)
        source = f"SELECT {names} {SOURCES[table]}"
        if condition := _OF_CUSTOMER.get(table):
            source = f"SELECT {names} FROM ({source}) AS whole WHERE {condition}"
        bound = {name: value for name, value in values.items() if f":{name}" in source}
        bound |= {"head": head_of(tx)} if ":head" in source else {}
        fetch_table(tx, con, table, types, source, **bound)


def add_products(tx: Transaction, con: DuckDBPyConnection, keys: Sequence[str]) -> None:
    """Add to `products` those of `keys` that it lacks and the catalogue has by now."""
    types = DATASET_TABLES["products"]
    names = ", ".join(f'"{name}"' for name in types)
    source = f"SELECT {names} {SOURCES['products']} AND product_key {tx.among('keys')}"
    fetch_table(tx, con, "chosen", types, source, head=head_of(tx), keys=tx.list_of(keys))
    con.execute(
        "CREATE OR REPLACE TABLE products AS SELECT * FROM"
        " (FROM products UNION ALL FROM chosen ANTI JOIN products USING (product_key))"
        " ORDER BY ALL"
    )
    con.execute("DROP TABLE chosen")


def import_at(tx: Transaction, seq: int) -> str | None:
    """Return the loaded import that was published at `seq`, or None."""
    found = tx.scalar(
        "SELECT CAST(import_id AS TEXT) FROM imports"
        " WHERE tenant_id = :tenant AND status = 'loaded' AND seq = :seq",
        seq=seq,
    )
    return None if found is None else str(found)


def _content_hash(con: DuckDBPyConnection, table: str, types: Mapping[str, str]) -> str:
    cells = ", ".join(f'coalesce(CAST("{name}" AS VARCHAR), chr(30))' for name in types)
    found = con.execute(
        f"SELECT count(*), sum(CAST(md5_number_lower(concat_ws(chr(31), {cells})) AS HUGEINT))"
        f" FROM {table}"
    ).fetchone()
    assert found is not None
    return f"{found[0]}:{found[1] or 0}"
