"""The sale that a return waits for, wherever it was said: in any file and in any version.

A return is loaded once a sale of its product to its customer was said, in its own document or not
later than itself. A correction may move or cancel that sale afterwards, and a later file of the
same import may bring it: neither may make the result depend on the order of the files. So returns
that were held without a visible sale are looked up in all that was said.
"""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.parquet import parquet_rows
from core.services.import_archive import archive_of
from core.services.import_state import SOLD, Layer, layers_of
from core.store.imports import load_loaded_ids
from core.store.tenant import TenantStore, Transaction

_RETURNED = """
CREATE OR REPLACE TABLE returned AS
SELECT DISTINCT customer, product_key, document_id, sale_date FROM ({held})
"""
_HELD = """
SELECT customer, product_key, document_id, sale_date FROM {p}_held
WHERE code = 'RETURN_WITHOUT_SALE'
"""
_WAITING = """
SELECT row_json ->> 'customer' AS customer, row_json ->> 'product_key' AS product_key,
    row_json ->> 'document_id' AS document_id, CAST(row_json ->> 'sale_date' AS DATE) AS sale_date
FROM waiting_rows ANTI JOIN released_rows USING (import_id, file_no, line)
WHERE code = 'RETURN_WITHOUT_SALE'
"""
_FOUND = """
INSERT INTO {sold}
SELECT DISTINCT customer, product_key, said.document_id, said.sale_date
FROM ({said}) AS said JOIN returned USING (customer, product_key)
WHERE said.quantity_milli > 0 AND said.document_status IS DISTINCT FROM 'cancelled'
    AND (said.document_id = returned.document_id OR said.sale_date <= returned.sale_date)
    AND (customer, product_key, said.document_id, said.sale_date) NOT IN (
        SELECT (customer, product_key, document_id, sale_date) FROM {sold}
    )
"""
_SAID = "SELECT customer, product_key, document_id, sale_date, quantity_milli, document_status FROM"


def find_sold(
    store: TenantStore, tx: Transaction, con: DuckDBPyConnection, prefixes: Sequence[str]
) -> bool:
    """Look for the sales of the returns that wait; tell whether any was found that is new.

    `prefixes` are those of the sales files worked. What waits since earlier imports was looked up
    when it came, so that only what this import says can be new to it.
    """
    here = [f"{_SAID} {layer.prefix}_history" for layer in _said_here(con)]
    before = count_rows(con, SOLD)
    if held := [_HELD.format(p=prefix) for prefix in prefixes]:
        con.execute(_RETURNED.format(held=" UNION ALL ".join(held)))
        if count_rows(con, "returned"):
            _find(con, [*here, *_said_before(store, tx)])
    if count_rows(con, "waiting_rows"):
        con.execute(_RETURNED.format(held=_WAITING))
        if count_rows(con, "returned"):
            _find(con, here)
    return count_rows(con, SOLD) > before


def _find(con: DuckDBPyConnection, said: Sequence[str]) -> None:
    for source in said:
        con.execute(_FOUND.format(sold=SOLD, said=source))


def _said_here(con: DuckDBPyConnection) -> list[Layer]:
    return [layer for layer in layers_of(con, FileKind.SALES) if layer.is_said]


def _said_before(store: TenantStore, tx: Transaction) -> list[str]:
    archives = [archive_of(store, import_id) for import_id in load_loaded_ids(tx)]
    paths = [path for archive in archives for path in archive.all_said(FileKind.SALES.value)]
    return [f"{_SAID} {parquet_rows(paths)}"] if paths else []
