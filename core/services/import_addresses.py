"""The addresses that an opt-out follows: every one that was ever said of the person.

They are kept when the wish arrives, and when an address arrives after it: a customer's row holds
only the newest address, and another person may be known under an earlier one.
"""

from duckdb import DuckDBPyConnection

from core.contracts import FileKind
from core.services.import_history import said_before, said_here
from core.services.import_state import SAID_ADDRESSES, layers_of, state_table, visible_table
from core.store.opt_outs import fetch_wishes
from core.store.tenant import TenantStore, Transaction

_EARLIER = "earlier_wishes"
_FEW = 1_000
_NAMED = f"SELECT DISTINCT customer FROM {{clients}} LIMIT {_FEW + 1}"
# Earlier files are read again only for who leaves by this import, or left before she had an
# address. An opt-out carries no date; an unsubscription under an address is of that one alone.
_WISHES = f"""
CREATE OR REPLACE TABLE wishes AS
SELECT DISTINCT customer, reason, since, is_new FROM (
    SELECT customer, 'opt_out' AS reason, CAST(NULL AS DATE) AS since,
        customer NOT IN (SELECT customer FROM {{visible}} WHERE email_opt_out) AS is_new
    FROM {{clients}} WHERE email_opt_out
    UNION ALL
    SELECT customer, status, contact_date, true FROM {{contacts}}
    WHERE file_no IS NOT NULL AND email_norm IS NULL AND status IN ('unsubscribe', 'complaint')
    UNION ALL
    SELECT customer, reason, CASE WHEN reason <> 'opt_out' THEN since END,
        reason <> 'opt_out' AND addresses = 0
    FROM {_EARLIER} WHERE customer IN (SELECT customer FROM {{clients}})
    {{rejected}}
)
"""
_REJECTED = """
UNION ALL
SELECT customer, reason, since, true FROM {p}_rejected_opt_outs
WHERE customer IS NOT NULL AND (reason = 'opt_out' OR email IS NULL)
"""
# What creating sales tell has no `email`; `addresses` are those of the rows that were folded.
_ADDRESSES = f"""
INSERT INTO {SAID_ADDRESSES}
WITH said AS (
    {{said}}
    UNION ALL BY NAME
    SELECT CAST(NULL AS VARCHAR) AS email, CAST(NULL AS VARCHAR[]) AS addresses WHERE false
)
SELECT DISTINCT customer, lower(known.email), wishes.reason, wishes.since
FROM (
    SELECT customer, email FROM said
    UNION ALL
    SELECT customer, unnest(addresses) FROM said
) AS known
JOIN wishes USING (customer) WHERE known.email IS NOT NULL AND {{condition}}
"""


def find_said_addresses(store: TenantStore, tx: Transaction, con: DuckDBPyConnection) -> None:
    """Fill `said_addresses` with every address ever said of those who opted out as persons.

    What was said before matters for those whom this import opts out, what this import says for
    those who left before: an opt-out follows every address of a person, whichever came first.
    Columns: `customer, email_norm, reason, since`.
    """
    _find_wishes(tx, con)
    con.execute(
        f"CREATE OR REPLACE TABLE {SAID_ADDRESSES}"
        " (customer VARCHAR, email_norm VARCHAR, reason VARCHAR, since DATE)"
    )
    for _, said in said_here(con, FileKind.CLIENTS):
        con.execute(_ADDRESSES.format(said=said, condition="true"))
    if con.execute("FROM wishes WHERE is_new LIMIT 1").fetchone():
        for said in said_before(store, tx, FileKind.CLIENTS):
            con.execute(_ADDRESSES.format(said=said, condition="is_new"))


def _find_wishes(tx: Transaction, con: DuckDBPyConnection) -> None:
    """Create `wishes(customer, reason, since, is_new)`, also those before of its customers."""
    named = con.execute(_NAMED.format(clients=state_table(FileKind.CLIENTS))).fetchall()
    few = None if len(named) > _FEW else [row[0] for row in named]
    fetch_wishes(tx, con, _EARLIER, few)
    rejected = " ".join(
        _REJECTED.format(p=layer.prefix)
        for kind in (FileKind.CLIENTS, FileKind.CONTACTS)
        for layer in layers_of(con, kind)
        if layer.is_said and layer.file_no
    )
    con.execute(
        _WISHES.format(
            visible=visible_table(FileKind.CLIENTS),
            clients=state_table(FileKind.CLIENTS),
            contacts=state_table(FileKind.CONTACTS),
            rejected=rejected,
        )
    )
