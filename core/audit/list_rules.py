"""Rules on the list: does each item, and the list as a whole, suit what this customer bought?

All read a table of `core.audit.scope.load_items` and the facts of purchases, returns netted.
"""

from core.audit.scope import MICRO, Query, Scope, share_in_micro

_RECENT_SQL = """
WITH twice AS (
    SELECT customer, chain, min(rank) AS first_rank
    FROM {items}
    GROUP BY customer, chain
    HAVING count(*) > 1 AND NOT $alone
),
bought AS (
    SELECT
        lines.customer,
        coalesce(facts.chain, lines.product_key) AS chain,
        max(lines.sale_date) AS bought_on
    FROM net_lines lines
    LEFT JOIN product_facts facts ON facts.product_key = lines.product_key
    WHERE lines.sale_date > $window_start AND lines.sale_date <= $as_of
    GROUP BY ALL
),
sent AS (
    SELECT
        earlier.customer,
        coalesce(facts.chain, earlier.product_key) AS chain,
        max(earlier.sent_on) AS sent_on
    FROM sent_items earlier
    LEFT JOIN product_facts facts ON facts.product_key = earlier.product_key
    WHERE earlier.sent_on > $window_start AND earlier.sent_on <= $as_of
    GROUP BY ALL
)
SELECT
    item.customer,
    item.rank,
    item.product_key,
    json_object(
        'bought_on', bought.bought_on,
        'listed_at_rank', twice.first_rank,
        'sent_on', sent.sent_on,
        'window_days', $window_days
    ) AS details_json
FROM {items} item
LEFT JOIN twice
    ON twice.customer = item.customer AND twice.chain = item.chain AND twice.first_rank < item.rank
LEFT JOIN bought ON bought.customer = item.customer AND bought.chain = item.chain
LEFT JOIN sent ON sent.customer = item.customer AND sent.chain = item.chain
WHERE twice.first_rank IS NOT NULL OR bought.bought_on IS NOT NULL OR sent.sent_on IS NOT NULL
"""

_UPSELL_SQL = """
SELECT
    item.customer,
    item.rank,
    item.product_key,
    json_object(
        'family', item.family,
        'paid75_cents', paid.paid75_cents,
        'price75_cents', item.price75_cents
    ) AS details_json
FROM {items} item
LEFT JOIN customer_families paid ON paid.customer = item.customer AND paid.family = item.family
WHERE item.scenario = 'upsell' AND NOT coalesce(item.price75_cents > paid.paid75_cents, FALSE)
"""

_CROSS_SELL_SQL = """
SELECT
    item.customer,
    item.rank,
    item.product_key,
    json_object(
        'bought_product', arg_max(bought.product_key, (bought.last_date, bought.product_key)),
        'last_date', max(bought.last_date)
    ) AS details_json
FROM {items} item
JOIN customer_products bought
    ON bought.customer = item.customer AND bought.chain = item.chain
WHERE item.scenario = 'cross_sell'
GROUP BY item.customer, item.rank, item.product_key
"""

_DIVERSITY_SQL = """
WITH lists AS (
    SELECT customer, count(*) AS items
    FROM {items}
    GROUP BY customer
    HAVING count(*) >= $min_items
),
families AS (
    SELECT customer, family, count(*) AS of_family
    FROM {items}
    GROUP BY customer, family, CASE WHEN family IS NULL THEN rank END
)
SELECT
    customer,
    NULL::INTEGER AS rank,
    NULL::VARCHAR AS product_key,
    json_object('family', family, 'items', items, 'of_family', of_family) AS details_json
FROM lists
JOIN families USING (customer)
WHERE of_family * {micro} > items * $max_share_micro
QUALIFY row_number() OVER (PARTITION BY customer ORDER BY of_family DESC, family) = 1
"""

_SUGAR_SQL = """
WITH families AS (
    SELECT customer, family, max(family_volume) AS family_volume
    FROM customer_sweetness
    GROUP BY customer, family
)
SELECT
    item.customer,
    item.rank,
    item.product_key,
    json_object(
        'family', item.family,
        'share', round(coalesce(tasted.volume, 0) / families.family_volume, 4),
        'sweetness', item.sweetness
    ) AS details_json
FROM {items} item
JOIN families ON families.customer = item.customer AND families.family = item.family
LEFT JOIN customer_sweetness tasted
    ON tasted.customer = item.customer
    AND tasted.family = item.family
    AND tasted.sweetness = item.sweetness
WHERE item.sweetness IS NOT NULL
    AND families.family_volume > 0
    AND coalesce(tasted.volume, 0)::HUGEINT * {micro}
        < families.family_volume::HUGEINT * $min_share_micro
"""


def recent_duplicate(scope: Scope) -> Query:
    """Items whose vintage chain stands earlier in the list, or was sent or bought lately.

    Both windows are `(as_of - recent_days, as_of]`; a purchase fully returned is no purchase.
    """
    days = scope.policy.recent_days
    return Query(
        sql=_RECENT_SQL.format(items=scope.items),
        values={
            "window_start": scope.days_before(days),
            "as_of": scope.as_of,
            "window_days": days,
            "alone": scope.alone,
        },
    )


def upsell_not_higher(scope: Scope) -> Query:
    """Upsell items not above what this customer pays per 75 cl in the family, or unknown."""
    return Query(sql=_UPSELL_SQL.format(items=scope.items), values={})


def cross_sell_not_new(scope: Scope) -> Query:
    """Cross-sell items of which this customer bought the product or another of its chain."""
    return Query(sql=_CROSS_SELL_SQL.format(items=scope.items), values={})


def low_diversity(scope: Scope) -> Query:
    """Lists with too large a share in one family; an item of unknown family is its own."""
    return Query(
        sql=_DIVERSITY_SQL.format(items=scope.items, micro=MICRO),
        values={
            "min_items": scope.policy.diversity_min_items,
            "max_share_micro": share_in_micro(scope.policy.diversity_max_share),
        },
    )


def sugar_mismatch(scope: Scope) -> Query:
    """Items whose sweetness is too small a share of what this customer drinks in the family.

    The share counts 75-cl equivalents of known sweetness; nothing known, nothing said.
    """
    return Query(
        sql=_SUGAR_SQL.format(items=scope.items, micro=MICRO),
        values={"min_share_micro": share_in_micro(scope.policy.sugar_min_share)},
    )
