"""What is there of the things an import names: read from the database into the state's tables.

A tenant may have ten million sale lines and a file a hundred: only the rows are fetched that the
files speak of. A file that speaks of a large part of everything fetches it whole, which is faster.
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.services.import_state import customer_keys, state_table, visible_table
from core.store.dataset import head_of
from core.store.tenant import Transaction
from core.store.versions import STORED
from core.store.visible import (
    count_visible,
    fetch_all,
    fetch_by,
    fetch_known_customers,
    fetch_renumbered,
)

_FEW = 250_000
_LARGE_PART = 0.3

_IDENTITIES = """
SELECT {identity} FROM {named}
WHERE {identity} NOT IN (SELECT {identity} FROM {there}) ORDER BY {identity}
"""
# What `find_holds` judges returns by: any line of the same product to the same customer.
_RETURNED = """
SELECT DISTINCT customer, product_key FROM {p}_folded
WHERE quantity_milli < 0 AND customer IS NOT NULL AND product_key IS NOT NULL
    AND document_status IS DISTINCT FROM 'cancelled'
ORDER BY ALL
"""
_CUSTOMERS = """
SELECT DISTINCT customer FROM {p}_rows
WHERE customer IS NOT NULL AND customer NOT IN (SELECT customer FROM {known}) ORDER BY customer
"""
_NAMED_CUSTOMERS = "(SELECT DISTINCT customer FROM {p}_rows WHERE customer IS NOT NULL)"
_ADD = """
INSERT INTO {there} SELECT * FROM fetched
WHERE {identity} NOT IN (SELECT {identity} FROM {there})
"""
_NUMBERED = """
SELECT DISTINCT document_id, CASE WHEN line_no IS NULL THEN '0' ELSE '1' END AS numbered
FROM {p}_rows ORDER BY ALL
"""
_RENUMBERED = """
(
    SELECT document_id FROM renumbered
    UNION
    SELECT f.document_id FROM ({numbered}) AS f JOIN {state} AS known USING (document_id)
    WHERE (known.line_no IS NULL) = (f.numbered = '1')
)
"""


def fetch_products(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Fetch every product: few, and labels are compared with all their names."""
    if head_of(tx):
        _fetch_whole(tx, con, FileKind.PRODUCTS)


def fetch_named(
    tx: Transaction,
    con: DuckDBPyConnection,
    kind: FileKind,
    prefix: str,
    *,
    creates_customers: bool = False,
) -> None:
    """Fetch what is there of the identities, customers and returned sales of a folded file.

    Where it creates customers it also tells of those that are there: their rows will be asked for.
    """
    if not head_of(tx):
        return
    if kind is not FileKind.PRODUCTS:
        fetch_identities(tx, con, kind, f"{prefix}_folded")
    if kind is FileKind.SALES:
        _fetch_rows(tx, con, kind, _RETURNED.format(p=prefix))
    if creates_customers:
        fetch_identities(tx, con, FileKind.CLIENTS, _NAMED_CUSTOMERS.format(p=prefix))
    elif kind in (FileKind.SALES, FileKind.CONTACTS):
        fetch_customers(tx, con, _CUSTOMERS.format(p=prefix, known=customer_keys()))


def fetch_customers(tx: Transaction, con: DuckDBPyConnection, keys: str) -> None:
    """Add the customers of the DuckDB select `keys`, none known so far, that are there."""
    if head_of(tx):
        fetch_known_customers(tx, con, "fetched_customers", keys)
        con.execute("INSERT INTO known_customers SELECT customer FROM fetched_customers")


def fetch_identities(tx: Transaction, con: DuckDBPyConnection, kind: FileKind, named: str) -> None:
    """Fetch what is there of the identities in the relation `named`, each there once."""
    if head_of(tx):
        names = {"named": named, "there": visible_table(kind)}
        keys = _IDENTITIES.format(identity=f'"{STORED[kind].identity}"', **names)
        _fetch_rows(tx, con, kind, keys)


def _fetch_rows(tx: Transaction, con: DuckDBPyConnection, kind: FileKind, keys: str) -> None:
    """Add the visible rows that agree with `keys` to those fetched before, each once."""
    con.execute(f"CREATE OR REPLACE TABLE asked AS {keys}")
    asked = count_rows(con, "asked")
    if not asked or _is_whole(con, kind):
        return
    if asked > _FEW and asked > _LARGE_PART * count_visible(tx, kind):
        _fetch_whole(tx, con, kind)
        return
    fetch_by(tx, con, kind, "fetched", "SELECT * FROM asked")
    identity = f'"{STORED[kind].identity}"'
    con.execute(_ADD.format(there=visible_table(kind), identity=identity))


def _is_whole(con: DuckDBPyConnection, kind: FileKind) -> bool:
    return bool(con.execute("FROM whole_kind WHERE kind = ?", [kind.value]).fetchone())


def _fetch_whole(tx: Transaction, con: DuckDBPyConnection, kind: FileKind) -> None:
    fetch_all(tx, con, kind, visible_table(kind))
    con.execute("INSERT INTO whole_kind VALUES (?)", [kind.value])


def count_renumbered(tx: Transaction, con: DuckDBPyConnection, prefix: str) -> int:
    """Return how many documents of a sales file are known with line numbers it lacks, or without.

    Their lines have other identities, so that loading the file counts these documents twice.
    """
    numbered = _NUMBERED.format(p=prefix)
    con.execute("CREATE OR REPLACE TABLE renumbered (document_id VARCHAR)")
    if head_of(tx) and not _is_whole(con, FileKind.SALES):
        fetch_renumbered(tx, con, "renumbered", numbered)
    return count_rows(con, _RENUMBERED.format(numbered=numbered, state=state_table(FileKind.SALES)))
