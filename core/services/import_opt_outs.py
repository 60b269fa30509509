"""Opt-outs that a clients file contradicts, wherever they were said: in a file or by message."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.ingest.clean import ParsedFile
from core.ingest.opt_outs import name_kept_opt_outs, says_yes
from core.store.opt_outs import fetch_opted_out
from core.store.tenant import Transaction


def keep_opt_outs(tx: Transaction, con: DuckDBPyConnection, parsed: ParsedFile) -> None:
    """Put a remark on every row that would write again to somebody who has opted out."""
    if parsed.kind is FileKind.CLIENTS and says_yes(con, parsed.prefix):
        fetch_opted_out(tx, con, "opted_out")
        name_kept_opt_outs(con, parsed.prefix, "opted_out")
