"""Opt-outs of a file: those it contradicts stay, and each is named; those it brings are counted."""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.counts import count_rows
from core.ingest.clean import ParsedFile

# Those who opted out by an earlier file carry the remark already.
_KEEP = """
INSERT INTO {p}_issues
SELECT f.record, f.line, 'email_opt_out', NULL, 'OPT_OUT_KEPT', false
FROM {p}_folded AS f
WHERE NOT f.email_opt_out
  AND (
    f.customer IN (SELECT customer FROM {opted_out} WHERE customer IS NOT NULL)
    OR lower(f.email) IN (SELECT email_norm FROM {opted_out} WHERE email_norm IS NOT NULL)
  )
  AND f.record NOT IN (SELECT record FROM {p}_issues WHERE code = 'OPT_OUT_KEPT')
ORDER BY f.record
"""
# Who leaves by the rows that are loaded, and under which address.
_LEAVING = {
    FileKind.CLIENTS: """
        SELECT l.customer, l.email_norm FROM {p}_load AS l LEFT JOIN {p}_changes AS c
            ON c.identity = l.customer AND c.field = 'email_opt_out'
        WHERE l.email_opt_out AND (l.action = 'new' OR c.field IS NOT NULL)
    """,
    FileKind.CONTACTS: """
        SELECT customer, email_norm FROM {p}_load
        WHERE action = 'new' AND status IN ('unsubscribe', 'complaint')
    """,
}
_WITH_REJECTED = "({leaving} UNION ALL SELECT customer, lower(email) FROM {p}_rejected_opt_outs)"
_NOT_GONE = """
SELECT DISTINCT coalesce(customer, email_norm) FROM {leaving}
WHERE coalesce(customer NOT IN (
    SELECT customer FROM {opted_out} WHERE customer IS NOT NULL), true)
  AND coalesce(email_norm NOT IN (
    SELECT email_norm FROM {opted_out} WHERE email_norm IS NOT NULL), true)
"""


def says_yes(con: DuckDBPyConnection, parsed: ParsedFile) -> bool:
    """Tell whether the folded file says of anybody that she may be written to."""
    if parsed.kind is not FileKind.CLIENTS:
        return False
    return count_rows(con, f"{parsed.prefix}_folded WHERE NOT email_opt_out") > 0


def says_no(con: DuckDBPyConnection, parsed: ParsedFile) -> bool:
    """Tell whether anybody leaves by the compared file."""
    return parsed.kind in _LEAVING and count_rows(con, _leaving(parsed)) > 0


def name_kept_opt_outs(con: DuckDBPyConnection, prefix: str, opted_out: str) -> None:
    """Add an `OPT_OUT_KEPT` issue per customer in `opted_out` whom the file would write to.

    `opted_out` has `customer` and `email_norm`: an opt-out follows the person and the address.
    """
    con.execute(_KEEP.format(p=prefix, opted_out=opted_out))


def count_leaving(con: DuckDBPyConnection, parsed: ParsedFile, opted_out: str | None) -> int:
    """Return how many persons leave by the compared file, those in `opted_out` left out.

    In a row that is rejected too; None: nobody had left.
    """
    if parsed.kind not in _LEAVING:
        return 0
    gone = opted_out or "(SELECT NULL AS customer, NULL AS email_norm WHERE false)"
    return count_rows(con, f"({_NOT_GONE.format(leaving=_leaving(parsed), opted_out=gone)})")


def _leaving(parsed: ParsedFile) -> str:
    leaving = _LEAVING[parsed.kind].format(p=parsed.prefix)
    return _WITH_REJECTED.format(leaving=leaving, p=parsed.prefix)
