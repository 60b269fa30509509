"""Rules on the customer: may this person, at this address, be written to today?

An address counts trimmed and without case (`email_norm`). An event that names a customer and no
address happened at the customer's own address.
"""

from collections.abc import Mapping

from core.audit.scope import Query, Scope

BOUNCE_CAUSES = ("hard_bounce", "soft_bounces")
# Reasons of a suppression that may be repeated in an issue; free text may carry a name.
SUPPRESSION_CAUSES = (
    "opt_out",
    "unsubscribe",
    "complaint",
    "manual",
    *BOUNCE_CAUSES,
)
EMAIL_CHANNELS = ("email", "mail", "courriel", "mel", "emailing")

_MISSING_EMAIL_SQL = """
SELECT
    who.customer,
    json_object(
        'address', CASE WHEN who.email_norm IS NULL THEN 'blank' ELSE 'malformed' END
    ) AS details_json
FROM customers who
LEFT JOIN deliverable form ON form.email_norm = who.email_norm
WHERE NOT coalesce(form.ok, FALSE)
"""

# Opt-outs follow the person and the address, bounces the address alone: a bounce keeps its
# person only when no address is known at all. Repeated identical contact rows are one event.
_SUPPRESSED_SQL = """
WITH events AS (
    SELECT DISTINCT
        seen.customer,
        seen.email_norm,
        coalesce(seen.email_norm, own.email_norm) AS address,
        seen.contact_date,
        seen.status,
        seen.channel,
        seen.campaign
    FROM contacts seen
    LEFT JOIN customers own ON own.customer = seen.customer
    WHERE seen.status IN (
        'unsubscribe', 'complaint', 'hard_bounce', 'soft_bounce', 'delivered', 'open', 'click'
    )
),
deliveries AS (
    SELECT
        CASE WHEN address IS NULL THEN customer END AS customer,
        address,
        coalesce('a' || address, 'c' || customer) AS target,
        contact_date,
        status
    FROM events
),
runs_of_bounces AS (
    SELECT
        customer,
        address,
        target,
        contact_date AS first_date,
        lead(contact_date, $bounces_less_one) OVER (
            PARTITION BY target ORDER BY contact_date
        ) AS last_date
    FROM deliveries
    WHERE status = 'soft_bounce'
),
evidence AS (
    SELECT customer, email_norm AS address, 'opt_out' AS cause, NULL::DATE AS since
    FROM customers
    WHERE email_opt_out
    UNION ALL
    SELECT
        CASE
            WHEN NOT coalesce(list_contains($bounce_causes, kept.reason), FALSE)
                OR coalesce(kept.email_norm, own.email_norm) IS NULL
            THEN kept.customer
        END,
        coalesce(kept.email_norm, own.email_norm),
        CASE WHEN list_contains($causes, kept.reason) THEN kept.reason ELSE 'suppressed' END,
        kept.since
    FROM suppressions kept
    LEFT JOIN customers own ON own.customer = kept.customer
    UNION ALL
    SELECT customer, address, status, contact_date
    FROM events
    WHERE status IN ('unsubscribe', 'complaint')
    UNION ALL
    SELECT customer, address, status, contact_date
    FROM deliveries
    WHERE status = 'hard_bounce'
    UNION ALL
    SELECT run.customer, run.address, 'soft_bounces', run.last_date
    FROM runs_of_bounces run
    WHERE run.last_date IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM deliveries arrived
            WHERE arrived.target = run.target
                AND arrived.status IN ('delivered', 'open', 'click')
                AND arrived.contact_date > run.first_date
                AND arrived.contact_date < run.last_date
        )
),
suppressed AS (
    SELECT customer, cause, since, TRUE AS own_event
    FROM evidence
    WHERE customer IS NOT NULL
    UNION ALL
    SELECT who.customer, evidence.cause, evidence.since, FALSE
    FROM evidence
    JOIN customers who ON who.email_norm = evidence.address
)
SELECT
    who.customer,
    json_object(
        'causes', list_sort(list(DISTINCT suppressed.cause)),
        'since', min(suppressed.since),
        'through', CASE WHEN bool_or(suppressed.own_event) THEN 'customer' ELSE 'address' END
    ) AS details_json
FROM suppressed
JOIN customers who ON who.customer = suppressed.customer
GROUP BY who.customer
"""

_SUPPRESSED_NEEDS_SQL = """
SELECT 1 FROM customers WHERE email_opt_out
UNION ALL
SELECT 1 FROM suppressions
UNION ALL
SELECT 1 FROM contacts
WHERE status IN ('unsubscribe', 'complaint', 'hard_bounce', 'soft_bounce')
LIMIT 1
"""

_IS_MESSAGE = """
seen.status IN ('sent', 'delivered')
AND seen.contact_date > $window_start
AND seen.contact_date <= $as_of
AND (
    coalesce(trim(seen.channel), '') = ''
    OR list_contains($email_channels, regexp_replace(lower(seen.channel), '[^a-z]', '', 'g'))
)
"""

# Live e-mails of a window, and whom each of them touched: the person or the address.
_TOUCHED = f"""
WITH messages AS (
    SELECT
        seen.customer,
        coalesce(seen.email_norm, own.email_norm) AS address,
        seen.contact_date,
        coalesce(seen.campaign, '') AS campaign
    FROM contacts seen
    LEFT JOIN customers own ON own.customer = seen.customer
    WHERE {_IS_MESSAGE}
),
touched AS (
    SELECT *, TRUE AS own_event
    FROM messages
    WHERE customer IS NOT NULL
    UNION ALL
    SELECT messages.* REPLACE (who.customer AS customer), FALSE
    FROM messages
    JOIN customers who ON who.email_norm = messages.address
)
"""

_SILENCE_SQL = f"""
{_TOUCHED}
SELECT
    who.customer,
    json_object(
        'last_message', max(touched.contact_date),
        'through', CASE WHEN bool_or(touched.own_event) THEN 'customer' ELSE 'address' END,
        'window_days', $window_days
    ) AS details_json
FROM touched
JOIN customers who ON who.customer = touched.customer
GROUP BY who.customer
"""

# One mailbox, day and campaign is one message, however often and under whatever status it is told.
_FREQUENCY_SQL = f"""
{_TOUCHED},
counted AS (
    SELECT
        customer,
        count(DISTINCT (coalesce('a' || address, 'c' || customer), contact_date, campaign))
            AS messages,
        max(contact_date) AS last_message
    FROM touched
    GROUP BY customer
)
SELECT
    customer,
    json_object(
        'cap', $cap,
        'last_message', last_message,
        'messages', messages,
        'window_days', $window_days
    ) AS details_json
FROM counted
JOIN customers USING (customer)
WHERE messages >= $cap
"""


def missing_email(scope: Scope) -> Query:  # noqa: ARG001 - every rule takes the same argument
    """Customers whose address is blank or not deliverable in form (table `deliverable`)."""
    return Query(sql=_MISSING_EMAIL_SQL, values={})


def optout_or_bounce(scope: Scope) -> Query:
    """Customers suppressed by flag, list, unsubscribe, complaint or bounces, of whatever date.

    Soft bounces suppress when as many as the policy says follow each other with no delivery,
    open or click dated strictly between the first and the last of them.
    """
    return Query(
        sql=_SUPPRESSED_SQL,
        values={
            "bounces_less_one": scope.policy.soft_bounces_in_a_row - 1,
            "causes": list(SUPPRESSION_CAUSES),
            "bounce_causes": list(BOUNCE_CAUSES),
        },
        needs=Query(sql=_SUPPRESSED_NEEDS_SQL, values={}),
    )


def silence_window(scope: Scope) -> Query:
    """Customers written to by e-mail, or whose address was, within the silence window."""
    window = _window(scope, scope.policy.silence_window_days)
    values = {**window, "window_days": scope.policy.silence_window_days}
    return Query(sql=_SILENCE_SQL, values=values, needs=_messages(window))


def frequency_cap(scope: Scope) -> Query:
    """Customers who were sent `cap_messages` e-mails or more, or whose address was, within the cap.

    Rows of one mailbox, day and campaign are one message.
    """
    extra = scope.policy.extra
    window = _window(scope, extra.cap_days)
    values = {**window, "window_days": extra.cap_days, "cap": extra.cap_messages}
    return Query(sql=_FREQUENCY_SQL, values=values, needs=_messages(window))


def _window(scope: Scope, days: int) -> dict[str, object]:
    return {
        "window_start": scope.days_before(days),
        "as_of": scope.as_of,
        "email_channels": list(EMAIL_CHANNELS),
    }


def _messages(window: Mapping[str, object]) -> Query:
    return Query(sql=f"SELECT 1 FROM contacts seen WHERE {_IS_MESSAGE} LIMIT 1", values=window)
