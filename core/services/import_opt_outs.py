"""Opt-outs that a clients file contradicts, wherever they were said, and those that files bring."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.opt_outs import name_kept_opt_outs, says_no, says_yes
from core.services.import_state import SAID_ADDRESSES, layers_of, state_table
from core.store.opt_outs import fetch_opted_out
from core.store.tenant import Transaction
from core.store.visible import fetch_people

_OPTED_OUT = "opted_out"
_SUPPRESSING = ("unsubscribe", "complaint", "hard_bounce")
_SAYING = (FileKind.CLIENTS, FileKind.CONTACTS)
_WISHES = "reason IN ('opt_out', 'unsubscribe', 'complaint')"
_ANYBODY = f"SELECT count(*) FROM {{suppressions}} WHERE {_WISHES}"
# Several people may share an address: who leaves under it leaves for all of them.
_LEAVING = f"""
WITH leaving AS (SELECT customer, email_norm FROM {{suppressions}} WHERE {_WISHES}),
everybody AS (
    SELECT customer, email_norm FROM people
    UNION ALL
    SELECT customer, email_norm FROM {{clients}} WHERE file_no IS NOT NULL
)
SELECT
    count(DISTINCT customer) FILTER (
        (
            customer IN (SELECT customer FROM leaving WHERE customer IS NOT NULL)
            OR coalesce(email_norm IN (SELECT email_norm FROM leaving
                WHERE email_norm IS NOT NULL), false)
        )
        AND customer NOT IN (SELECT customer FROM gone WHERE customer IS NOT NULL)
        AND coalesce(email_norm NOT IN (SELECT email_norm FROM gone
            WHERE email_norm IS NOT NULL), true)
    ),
    count(DISTINCT customer)
FROM everybody
"""


def keep_opt_outs(tx: Transaction, con: DuckDBPyConnection, parsed: ParsedFile) -> str | None:
    """Put a remark on every row that would write again to somebody who has opted out.

    Return the table (customer, email_norm) of those who have, by earlier files of this import too;
    None when the compared file says nothing of such wishes.
    """
    is_yes = says_yes(con, parsed)
    if not is_yes and not says_no(con, parsed):
        return None
    fetch_opted_out(tx, con, _OPTED_OUT)
    con.execute(f"INSERT INTO {_OPTED_OUT} {_left_here(con)}")
    if is_yes:
        name_kept_opt_outs(con, parsed.prefix, _OPTED_OUT)
    return _OPTED_OUT


def _left_here(con: DuckDBPyConnection) -> str:
    """Return the SELECT of those who leave by the files worked so far."""
    clients, contacts = state_table(FileKind.CLIENTS), state_table(FileKind.CONTACTS)
    layers = (layer for kind in _SAYING for layer in layers_of(con, kind) if layer.is_said)
    return " UNION ALL ".join(
        (
            f"SELECT customer, email_norm FROM {clients}"
            " WHERE file_no IS NOT NULL AND email_opt_out",
            f"SELECT customer, email_norm FROM {contacts}"
            " WHERE file_no IS NOT NULL AND status IN ('unsubscribe', 'complaint')",
            *(
                f"SELECT customer, lower(email) FROM {layer.prefix}_rejected_opt_outs"
                for layer in layers
            ),
        )
    )


def count_leaving(
    tx: Transaction, con: DuckDBPyConnection, suppressions: str
) -> tuple[int, int] | None:
    """Return how many customers the suppressions newly opt out, and how many there will be.

    None when nobody leaves. `suppressions` has `customer`, `email_norm` and `reason`; bounces are
    nobody's wish.
    """
    if not _row(con, _ANYBODY.format(suppressions=suppressions))[0]:
        return None
    fetch_opted_out(tx, con, "gone")
    fetch_people(tx, con, "people")
    clients = state_table(FileKind.CLIENTS)
    leaving, customers = _row(con, _LEAVING.format(suppressions=suppressions, clients=clients))
    return leaving, customers


def _row(con: DuckDBPyConnection, query: str) -> tuple[int, ...]:
    found = con.execute(query).fetchone()
    assert found is not None
    return found


def suppression_select(con: DuckDBPyConnection) -> str:
    """Return the SELECT of the suppressions that the worked files bring, rejected rows with.

    Columns: `suppression_id, customer, email_norm, reason, source, since`; `since` is NULL
    where the file carries no date. `said_addresses` is what `find_said_addresses` fills.
    """
    statuses = ", ".join(f"'{status}'" for status in _SUPPRESSING)
    rejected = "".join(
        f"SELECT customer, lower(email), reason, since FROM {layer.prefix}_rejected_opt_outs"
        " UNION ALL "
        for kind in (FileKind.CLIENTS, FileKind.CONTACTS)
        for layer in layers_of(con, kind)
        if layer.is_said and layer.file_no  # rows that waited are rejected by nobody
    )
    return f"""
        SELECT
            md5(
                concat_ws(chr(31), reason, coalesce(customer, ''), coalesce(email_norm, ''), since)
            ) AS suppression_id,
            customer, email_norm, reason, 'import' AS source, since
        FROM (
            SELECT customer, email_norm, 'opt_out' AS reason, CAST(NULL AS DATE) AS since
            FROM {state_table(FileKind.CLIENTS)}
            WHERE file_no IS NOT NULL AND email_opt_out
            UNION ALL
            SELECT customer, email_norm, reason, since FROM {SAID_ADDRESSES}
            UNION ALL
            {rejected}
            SELECT customer, email_norm, status, contact_date
            FROM {state_table(FileKind.CONTACTS)}
            WHERE file_no IS NOT NULL AND status IN ({statuses})
        )
        GROUP BY ALL
    """
