"""The tenant's state in DuckDB while an import is worked: read once, moved on by each file."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.changeset import FileVersion
from core.ingest.labels import build_labels
from core.store.tenant import Transaction
from core.store.versions import STORED, fetch_state

_SUPPRESSING = ("unsubscribe", "complaint", "hard_bounce")


def state_table(kind: FileKind) -> str:
    """Return the name of the DuckDB table with the rows of `kind`.

    Columns: the stored fields, `exported_at`, `sha256` of the file that wrote the row, `file_no`
    (NULL: as in the database) and `was_visible` (an earlier version is in the database).
    """
    return f"state_{kind.value}"


_RENUMBERED = """
SELECT count(DISTINCT row.document_id) FROM {p}_rows AS row
WHERE EXISTS (
    FROM {state} AS known
    WHERE known.document_id = row.document_id
        AND (known.line_no IS NULL) <> (row.line_no IS NULL)
)
"""


def count_renumbered(con: DuckDBPyConnection, prefix: str) -> int:
    """Return how many documents of a sales file are known with line numbers it lacks, or without.

    Their lines have other identities, so that loading the file counts these documents twice.
    """
    query = _RENUMBERED.format(p=prefix, state=state_table(FileKind.SALES))
    found = con.execute(query).fetchone()
    assert found is not None
    return int(found[0])


def open_state(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Create the state tables from the database, and the empty tables a load adds to."""
    for kind, stored in STORED.items():
        table = state_table(kind)
        fetch_state(tx, con, kind, "fetched_state")
        con.execute(
            f"CREATE OR REPLACE TABLE {table} AS"
            " SELECT *, CAST(NULL AS INTEGER) AS file_no, true AS was_visible FROM fetched_state"
        )
        columns = ", ".join(f'"{name}" {kind_}' for name, kind_ in stored.types.items())
        con.execute(f"CREATE OR REPLACE TABLE older_{kind.value} ({columns}, file_no INTEGER)")
    con.execute("DROP TABLE fetched_state")


def create_labels(con: DuckDBPyConnection) -> str:
    """Create `product_labels(label_norm, product_key)`: the names that mean one product only."""
    build_labels(con, "product_labels", state_table(FileKind.PRODUCTS))
    return "product_labels"


def move_state(
    con: DuckDBPyConnection, kind: FileKind, prefix: str, version: FileVersion, file_no: int
) -> None:
    """Put what the compared file of `prefix` changes into the state tables, as of `file_no`."""
    columns = (
        f"TIMESTAMP '{version.exported_at}' AS exported_at, '{version.sha256}' AS sha256,"
        f" {file_no} AS file_no"
    )
    _move(con, kind, f"SELECT * FROM {prefix}_load WHERE action <> 'older'", columns)
    names = ", ".join(f'"{name}"' for name in STORED[kind].types)
    con.execute(
        f"INSERT INTO older_{kind.value} SELECT {names}, {file_no}"
        f" FROM {prefix}_load WHERE action = 'older'"
    )
    if kind is FileKind.SALES:
        _move(con, FileKind.PRODUCTS, f"SELECT * FROM {prefix}_new_products", columns)
        _move(con, FileKind.CLIENTS, f"SELECT * FROM {prefix}_new_customers", columns)


def _move(con: DuckDBPyConnection, kind: FileKind, source: str, version: str) -> None:
    """Replace the state rows of the identities in `source`, columns matched by name."""
    stored = STORED[kind]
    table, identity = state_table(kind), stored.identity
    con.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT *, {version} FROM ({source})")
    there = {row[0] for row in con.execute("DESCRIBE incoming").fetchall()}
    names = [name for name in (*stored.types, "exported_at", "sha256", "file_no") if name in there]
    listed = ", ".join(f'"{name}"' for name in names)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE was AS SELECT incoming.*,"
        " coalesce(state.was_visible, false) AS was_visible"
        f' FROM incoming LEFT JOIN {table} AS state USING ("{identity}")'.replace(
            "incoming.*", ", ".join(f'incoming."{name}"' for name in names)
        )
    )
    con.execute(f'DELETE FROM {table} WHERE "{identity}" IN (SELECT "{identity}" FROM was)')
    con.execute(
        f"INSERT INTO {table} ({listed}, was_visible) SELECT {listed}, was_visible FROM was"
    )


def staged_select(kind: FileKind) -> str:
    """Return the SELECT of what a load stages of `kind`.

    Columns: the stored fields, `file_no`, `is_older`, `replaces_visible`.
    """
    stored = STORED[kind]
    names = ", ".join(f'"{name}"' for name in stored.types)
    identity = stored.identity
    return f"""
        SELECT {names}, file_no, false AS is_older, was_visible AS replaces_visible
        FROM {state_table(kind)} WHERE file_no IS NOT NULL
        UNION ALL
        SELECT {names}, file_no, true, false
        FROM (
            SELECT *, row_number() OVER (PARTITION BY "{identity}" ORDER BY file_no DESC) AS nth
            FROM older_{kind.value}
        )
        WHERE nth = 1 AND "{identity}" NOT IN (
            SELECT "{identity}" FROM {state_table(kind)} WHERE file_no IS NOT NULL
        )
    """


def suppression_select() -> str:
    """Return the SELECT of the suppressions that the changed rows bring.

    Columns: `suppression_id, customer, email_norm, reason, source, since`; `since` is NULL
    where the file carries no date.
    """
    statuses = ", ".join(f"'{status}'" for status in _SUPPRESSING)
    return f"""
        SELECT
            md5(concat_ws(chr(31), reason, coalesce(customer, ''), coalesce(email_norm, '')))
                AS suppression_id,
            customer, email_norm, reason, 'import' AS source, min(since) AS since
        FROM (
            SELECT customer, email_norm, 'opt_out' AS reason, CAST(NULL AS DATE) AS since
            FROM {state_table(FileKind.CLIENTS)}
            WHERE file_no IS NOT NULL AND email_opt_out
            UNION ALL
            SELECT customer, email_norm, status, contact_date
            FROM {state_table(FileKind.CONTACTS)}
            WHERE file_no IS NOT NULL AND status IN ({statuses})
        )
        GROUP BY ALL
    """
