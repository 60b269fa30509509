"""The rows that a run leaves: written in steps while it is `running`, unseen until it is done."""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from core.contracts import RuleCode
from core.store.bulk import store_rows_in_steps
from core.store.run_insights import delete_insights
from core.store.tenant import TenantStore, Transaction

_DELETED_CUSTOMERS = 5_000  # customers or products, so that SQLite's other writers wait little

# What a run stores, by table, from the tables of core.reco and core.audit; `this_run` is its row.
OUTPUT_ROWS: Mapping[str, str] = {
    "reco_output": """
        SELECT
            this_run.run_id,
            customer,
            rank,
            scenario,
            product_key,
            score,
            explain_short,
            reasons_json
        FROM final_list
        CROSS JOIN this_run
        ORDER BY customer_no, rank
    """,
    "audit_output": """
        SELECT
            this_run.run_id,
            customer,
            row_number() OVER (
                PARTITION BY customer_no
                ORDER BY
                    list_position(this_run.rule_codes, rule_code),
                    product_no NULLS FIRST,
                    severity,
                    details_json
            )::INTEGER AS issue_no,
            severity,
            rule_code,
            product_key,
            details_json
        FROM issues
        JOIN customer_numbers USING (customer_no)
        LEFT JOIN product_numbers USING (product_no)
        CROSS JOIN this_run
        ORDER BY customer_no, issue_no
    """,
    "next_action_output": """
        SELECT
            this_run.run_id,
            customer,
            eligible,
            reason,
            scenario,
            audit_score,
            eligible AS gate_export,
            state,
            segment,
            monetary_cents AS value_cents,
            coalesce(list_digest, 0) AS list_digest,
            coalesce(listed, '') AS listed
        FROM verdicts
        JOIN customer_facts USING (customer_no)
        LEFT JOIN (
            SELECT
                customer_no,
                (bit_xor(md5_number_lower(
                    concat_ws(chr(31), rank, scenario, product_key)
                )) >> 1)::BIGINT AS list_digest,
                chr(31) || string_agg(product_key, chr(31) ORDER BY rank) || chr(31) AS listed
            FROM repaired_list
            JOIN product_numbers USING (product_no)
            GROUP BY customer_no
        ) AS digests USING (customer_no)
        CROSS JOIN this_run
        ORDER BY customer_no
    """,
    "run_reserve": """
        SELECT
            this_run.run_id,
            customer,
            to_json(list(json_array(product_key, scenario) ORDER BY position))::VARCHAR
                AS candidates_json
        FROM candidates
        ANTI JOIN repaired_list USING (customer_no, product_no)
        JOIN customer_numbers USING (customer_no)
        JOIN product_numbers USING (product_no)
        CROSS JOIN this_run
        GROUP BY ALL
        ORDER BY customer
    """,
}

# What a run says of products, for their page; read from `core.reco.product_figures`.
PRODUCT_ROWS: Mapping[str, str] = {
    "product_figure": """
        SELECT this_run.run_id, product_figures.*
        FROM product_figures CROSS JOIN this_run ORDER BY product_key
    """,
    "product_due": """
        SELECT this_run.run_id, product_due.*
        FROM product_due CROSS JOIN this_run ORDER BY product_key, place
    """,
}


def delete_outputs(store: TenantStore, run_id: str) -> None:
    """Remove the rows of a run that is not done, in short transactions."""
    for table in (*OUTPUT_ROWS, *PRODUCT_ROWS):
        key = "product_key" if table in PRODUCT_ROWS else "customer"
        deleted = 1
        while deleted:
            with store.begin() as tx:
                deleted = _delete_some(tx, table, key, run_id)
    with store.begin() as tx:
        delete_insights(tx, run_id)


def delete_outputs_of(store: TenantStore, run_id: str, customers: Sequence[str]) -> None:
    """Remove the rows of some customers of a run that is not done, in short transactions."""
    for table in OUTPUT_ROWS:
        for low in range(0, len(customers), _DELETED_CUSTOMERS):
            with store.begin() as tx:
                tx.execute(
                    f"DELETE FROM {table} WHERE tenant_id = :tenant AND run_id = :run_id"
                    f" AND customer {tx.among('customers')}",
                    run_id=run_id,
                    customers=tx.list_of(customers[low : low + _DELETED_CUSTOMERS]),
                )


def _delete_some(tx: Transaction, table: str, key: str, run_id: str) -> int:
    of_run = "tenant_id = :tenant AND run_id = :run_id"
    return tx.execute(
        f"DELETE FROM {table} WHERE {of_run} AND {key} IN"
        f" (SELECT DISTINCT {key} FROM {table} WHERE {of_run} LIMIT :keys)",
        run_id=run_id,
        keys=_DELETED_CUSTOMERS,
    )


def store_lists(store: TenantStore, con: DuckDBPyConnection, run_id: str) -> None:
    """Store the rows of `final_list` under `run_id`, still unseen; lists may come in parts."""
    _store(store, con, run_id, "reco_output")


def store_verdicts(store: TenantStore, con: DuckDBPyConnection, run_id: str) -> None:
    """Store the rows of `issues` and `verdicts`, and the reserves, under `run_id`, still unseen."""
    _store(store, con, run_id, "audit_output")
    _store(store, con, run_id, "next_action_output")
    _store(store, con, run_id, "run_reserve")


def store_product_figures(store: TenantStore, con: DuckDBPyConnection, run_id: str) -> None:
    """Store the figures of products, and who is due for them, under `run_id`, still unseen."""
    for table, select in PRODUCT_ROWS.items():
        _store_rows(store, con, run_id, table, select)


def name_run(con: DuckDBPyConnection, run_id: str) -> None:
    """Create `this_run`, the row of which `OUTPUT_ROWS` reads the run's id."""
    con.execute(
        "CREATE OR REPLACE TABLE this_run AS SELECT $run_id AS run_id, $codes AS rule_codes",
        {"run_id": run_id, "codes": [code.value for code in RuleCode]},
    )


def _store(store: TenantStore, con: DuckDBPyConnection, run_id: str, table: str) -> None:
    _store_rows(store, con, run_id, table, OUTPUT_ROWS[table])


def _store_rows(
    store: TenantStore, con: DuckDBPyConnection, run_id: str, table: str, select: str
) -> None:
    name_run(con, run_id)
    described = con.execute(f"DESCRIBE {select}").fetchall()
    store_rows_in_steps(store, con, select, table, [row[0] for row in described])
