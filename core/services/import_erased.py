"""People who were erased, met again in a file: their rows are rejected, their cells not kept."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.erased import reject_erased
from core.services.person_keys import known_keys
from core.store.erased import fetch_erased, has_erased
from core.store.subjects import ERASED_MARK
from core.store.tenant import TenantStore, Transaction

_ERASED = "erased_people"


def reject_erased_rows(
    store: TenantStore, tx: Transaction, con: DuckDBPyConnection, parsed: ParsedFile
) -> int:
    """Reject the parsed rows that name an erased person; return how many there were."""
    if parsed.kind is FileKind.PRODUCTS:
        return 0
    known = has_erased(tx)
    if known:
        fetch_erased(tx, con, _ERASED)
    erased = _ERASED if known else None
    keys = known_keys(store)
    return sum(reject_erased(con, parsed, erased, key.pads(), ERASED_MARK) for key in keys)
