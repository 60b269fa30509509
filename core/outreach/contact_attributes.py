"""Whom a push to Brevo is about, and with which attributes.

Works on DuckDB tables handed in: `profiles(customer, segment, value_cents, next_product)`,
`purchases(customer, last_purchase)`, `pushes(email_norm, digest)`, `customers`,
`deliverable(email_norm, ok)` and `suppressed(customer)`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from duckdb import DuckDBPyConnection

from core.outreach.brevo_records import AttributeKind, ContactChange
from core.outreach.one_address import yields_to_another
from core.outreach.wording import language_of

NOTHING = "-"
"""Stands where there is no value: at Brevo an empty one would leave the value of the last push."""

# 8,000 contacts with names of 100 characters stay under the 8 MB that Brevo calls safe.
CHUNK_CONTACTS = 8_000
_LONGEST_NAME = 100
_LONGEST_KEY = 32
_NAME_PREFIX = "CRM_"


class Field(StrEnum):
    """What a contact is told to have, in the order of the digest."""

    SEGMENT = "SEGMENT"
    NEXT_PRODUCT = "NEXT_PRODUCT"
    LAST_PURCHASE = "LAST_PURCHASE"
    LANGUAGE = "LANGUAGE"


KINDS: Mapping[Field, AttributeKind] = {
    Field.SEGMENT: AttributeKind.TEXT,
    Field.NEXT_PRODUCT: AttributeKind.TEXT,
    Field.LAST_PURCHASE: AttributeKind.DATE,
    Field.LANGUAGE: AttributeKind.TEXT,
}

_REACHABLE_SQL = f"""
CREATE OR REPLACE TABLE reachable AS
WITH judged AS (
    SELECT
        profile.*,
        who.email_norm,
        who.language,
        CASE
            WHEN who.customer IS NULL OR NOT coalesce(form.ok, FALSE) THEN 'without_address'
            WHEN blocked.customer IS NOT NULL THEN 'suppressed'
        END AS loss
    FROM profiles profile
    LEFT JOIN customers who ON who.customer = profile.customer
    LEFT JOIN deliverable form ON form.email_norm = who.email_norm
    LEFT JOIN suppressed blocked ON blocked.customer = profile.customer
),
placed AS (
    SELECT
        *,
        ({yields_to_another("loss")}) AS is_shared
    FROM judged
)
SELECT
    customer,
    email_norm,
    CASE WHEN is_shared THEN 'shared' ELSE loss END AS loss,
    coalesce(nullif(trim(segment), ''), $nothing) AS segment,
    coalesce(
        nullif(left(trim(regexp_replace(next_product, '[\\x00-\\x20\\x7f]+', ' ', 'g')),
            $longest), ''),
        $nothing
    ) AS next_product,
    coalesce(CAST(bought.last_purchase AS VARCHAR), '') AS last_purchase,
    spoken.language
FROM placed
LEFT JOIN purchases bought USING (customer)
LEFT JOIN languages spoken ON spoken.stated IS NOT DISTINCT FROM placed.language
"""

_CHANGED_SQL = """
CREATE OR REPLACE TABLE changed AS
WITH wanted AS (
    SELECT
        email_norm,
        segment,
        next_product,
        last_purchase,
        language,
        sha256(concat_ws(chr(31), segment, next_product, last_purchase, language)) AS digest
    FROM reachable
    WHERE loss IS NULL
)
SELECT wanted.*
FROM wanted
LEFT JOIN pushes known USING (email_norm)
WHERE wanted.digest IS DISTINCT FROM known.digest
ORDER BY email_norm
"""

_GONE_SQL = """
CREATE OR REPLACE TABLE gone AS
SELECT pushes.email_norm
FROM pushes
ANTI JOIN (SELECT email_norm FROM reachable WHERE loss IS NULL) USING (email_norm)
ORDER BY email_norm
"""

_COUNTS_SQL = """
SELECT
    count(*) AS customers,
    count(*) FILTER (loss = 'without_address') AS without_address,
    count(*) FILTER (loss = 'suppressed') AS suppressed,
    count(*) FILTER (loss = 'shared') AS shared,
    (SELECT count(*) FROM changed) AS changed,
    (SELECT count(*) FROM gone) AS gone
FROM reachable
"""


@dataclass(frozen=True, kw_only=True)
class ContactCounts:
    """Who is pushed: `customers = without_address + suppressed + shared + contacts`.

    `contacts = unchanged + changed`; `gone` are addresses of earlier pushes that are not to be on
    the list any more.
    """

    customers: int
    without_address: int
    suppressed: int
    shared: int
    changed: int
    gone: int

    @property
    def contacts(self) -> int:
        """Addresses that Brevo is to know, each once."""
        return self.customers - self.without_address - self.suppressed - self.shared

    @property
    def unchanged(self) -> int:
        """Addresses whose attributes Brevo has accepted already."""
        return self.contacts - self.changed


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What one call pushes, with the digest of each address."""

    changes: Sequence[ContactChange]
    digests: Mapping[str, str]


def attribute_names(tenant_key: str) -> Mapping[Field, str]:
    """Return the names under which a tenant's attributes stand at Brevo.

    Attributes belong to the account, which all tenants of an instance share: with the key in each
    name, two of them with one customer leave each other's values alone. Names have 50 characters
    at most; a key that is too long gives its beginning and a digest, after a second underscore,
    with which no key begins.

    >>> attribute_names("cave-du-port")[Field.SEGMENT]
    'CRM_CAVE_DU_PORT_SEGMENT'
    """
    part = tenant_key
    if len(part) > _LONGEST_KEY:
        digest = hashlib.sha256(tenant_key.encode()).hexdigest()[:8]
        part = f"_{tenant_key[: _LONGEST_KEY - 10]}_{digest}"
    prefix = _NAME_PREFIX + part.upper().replace("-", "_")
    return {field: f"{prefix}_{field}" for field in Field}


def select_contacts(con: DuckDBPyConnection, tenant_language: str) -> ContactCounts:
    """Create `reachable`, a row per customer, `changed` and `gone`, a row per address.

    Of the customers with one address one stands for it, as in campaigns
    (`core.outreach.one_address`).
    """
    _tell_languages(con, tenant_language)
    con.execute(_REACHABLE_SQL, {"nothing": NOTHING, "longest": _LONGEST_NAME})
    con.execute(_CHANGED_SQL)
    con.execute(_GONE_SQL)
    found = con.execute(_COUNTS_SQL)
    names = [column[0] for column in found.description or ()]
    return ContactCounts(**dict(zip(names, found.fetchall()[0], strict=True)))


def changed_chunks(
    con: DuckDBPyConnection, names: Mapping[Field, str], size: int
) -> Iterator[Chunk]:
    """Yield the contacts of `changed`, `size` at once, in bytewise order of the addresses."""
    fields = ", ".join(field.lower() for field in Field)
    rows = con.cursor().execute(
        f"SELECT email_norm, digest, {fields} FROM changed ORDER BY email_norm"
    )
    while part := rows.fetchmany(size):
        yield Chunk(
            changes=[
                ContactChange(email=email, attributes=_filled(names, values))
                for email, _, *values in part
            ],
            digests={email: digest for email, digest, *_ in part},
        )


def gone_chunks(con: DuckDBPyConnection, size: int) -> Iterator[list[str]]:
    """Yield the addresses of `gone`, `size` at once, in bytewise order."""
    rows = con.cursor().execute("SELECT email_norm FROM gone ORDER BY email_norm")
    while part := rows.fetchmany(size):
        yield [email for (email,) in part]


def _tell_languages(con: DuckDBPyConnection, tenant_language: str) -> None:
    stated = [row[0] for row in con.execute("SELECT DISTINCT language FROM customers").fetchall()]
    told = {language: language_of(language, tenant_language) for language in [None, *stated]}
    con.execute("CREATE OR REPLACE TABLE languages (stated VARCHAR, language VARCHAR)")
    con.executemany("INSERT INTO languages VALUES (?, ?)", [list(pair) for pair in told.items()])


def _filled(names: Mapping[Field, str], values: Sequence[str]) -> dict[str, str]:
    pairs = zip(Field, values, strict=True)
    return {names[field]: value for field, value in pairs if value}
