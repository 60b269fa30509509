"""Rules on the customer's own will: was consent given, and how long ago did the person last act?"""

from core.audit.scope import Query, Scope

# A consent of a later date is none yet, whatever its source.
_NO_CONSENT_SQL = """
SELECT customer, json_object('consent_date', consent_date) AS details_json
FROM customers
WHERE CASE
    WHEN consent_date IS NULL THEN coalesce(trim(consent_source), '') = ''
    ELSE consent_date > $as_of
END
"""

# A click that names nobody is one of everybody at the address. Opens are left out: machines
# fetch pictures too.
_STALE_SQL = """
WITH acts AS (
    SELECT customer, created_at AS day FROM customers
    UNION ALL
    SELECT customer, consent_date FROM customers
    UNION ALL
    SELECT customer, sale_date
    FROM sale_lines
    WHERE coalesce(document_status, 'valid') <> 'cancelled'
    UNION ALL
    SELECT customer, contact_date FROM contacts WHERE status = 'click'
    UNION ALL
    SELECT who.customer, seen.contact_date
    FROM contacts seen
    JOIN customers who ON who.email_norm = seen.email_norm
    WHERE seen.status = 'click' AND seen.customer IS NULL
),
last_acts AS (
    SELECT customer, max(day) AS last_act
    FROM acts
    WHERE day <= $as_of
    GROUP BY customer
)
SELECT
    customer,
    json_object('last_act', last_act, 'months', $months) AS details_json
FROM customers
LEFT JOIN last_acts USING (customer)
WHERE NOT coalesce(last_act > $as_of::DATE - to_months($months), FALSE)
"""


def no_consent(scope: Scope) -> Query:
    """Customers without a consent dated up to as-of and, where it has no date, without a source."""
    return Query(sql=_NO_CONSENT_SQL, values={"as_of": scope.as_of})


def stale_prospect(scope: Scope) -> Query:
    """Customers who did nothing in `(as_of - silent_months, as_of]`, or of whom nothing is known.

    Acts are lines of valid documents, returns included, clicks, the creation of the record and
    the consent; neither what was sent to them nor an open is one.
    """
    months = scope.policy.extra.silent_months
    return Query(sql=_STALE_SQL, values={"as_of": scope.as_of, "months": months})
