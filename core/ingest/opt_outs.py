"""Opt-outs that a clients file contradicts: they stay, and each is named."""

from duckdb import DuckDBPyConnection

_WILLING = "SELECT count(*) FROM {p}_folded WHERE NOT email_opt_out"
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


def says_yes(con: DuckDBPyConnection, prefix: str) -> bool:
    """Tell whether the folded clients file says of anybody that she may be written to."""
    found = con.execute(_WILLING.format(p=prefix)).fetchone()
    return bool(found and found[0])


def name_kept_opt_outs(con: DuckDBPyConnection, prefix: str, opted_out: str) -> None:
    """Add an `OPT_OUT_KEPT` issue per customer in `opted_out` whom the file would write to.

    `opted_out` has `customer` and `email_norm`: an opt-out follows the person and the address.
    """
    con.execute(_KEEP.format(p=prefix, opted_out=opted_out))
