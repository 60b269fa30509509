"""Rules on the list: does each item, and the list as a whole, suit what this customer bought?

All read a table of `core.audit.scope.load_items` and the facts of purchases, returns netted.
"""

from core.audit.scope import MICRO, Query, Scope, share_in_micro

_RECENT_SQL = """
WITH twice AS (
    SELECT customer_no, chain_no, min(rank) AS first_rank
    FROM {items}
    GROUP BY customer_no, chain_no
    HAVING count(*) > 1 AND NOT $alone
),
bought AS (
    SELECT customer_no, chain_no, max(last_date) AS bought_on
    FROM customer_products
    JOIN product_numbers USING (product_no)
    WHERE last_date > $window_start AND last_date <= $as_of
    GROUP BY customer_no, chain_no
),
sent AS (
    SELECT customer_no, chain_no, max(sent_on) AS sent_on
    FROM sent_items
    JOIN customer_numbers USING (customer)
    JOIN product_numbers USING (product_key)
    WHERE sent_on > $window_start AND sent_on <= $as_of
    GROUP BY customer_no, chain_no
)
SELECT
    item.customer_no,
    item.rank,
    item.product_no,
    json_object(
        'bought_on', bought.bought_on,
        'listed_at_rank', twice.first_rank,
        'sent_on', sent.sent_on,
        'window_days', $window_days
    ) AS details_json
FROM {items} item
LEFT JOIN twice
    ON twice.customer_no = item.customer_no
    AND twice.chain_no = item.chain_no
    AND twice.first_rank < item.rank
LEFT JOIN bought
    ON bought.customer_no = item.customer_no AND bought.chain_no = item.chain_no
LEFT JOIN sent ON sent.customer_no = item.customer_no AND sent.chain_no = item.chain_no
WHERE twice.first_rank IS NOT NULL OR bought.bought_on IS NOT NULL OR sent.sent_on IS NOT NULL
"""

_UPSELL_SQL = """
SELECT
    item.customer_no,
    item.rank,
    item.product_no,
    json_object(
        'family', item.family,
        'paid75_cents', paid.paid75_cents,
        'price75_cents', item.price75_cents
    ) AS details_json
FROM {items} item
LEFT JOIN customer_families paid
    ON paid.customer_no = item.customer_no AND paid.family_no = item.family_no
WHERE item.scenario = 'upsell' AND NOT coalesce(item.price75_cents > paid.paid75_cents, FALSE)
"""

_CROSS_SELL_SQL = """
WITH known AS (
    SELECT item.customer_no, item.rank, item.product_no, bought.last_date, numbers.product_key
    FROM (SELECT * FROM {items} WHERE scenario = 'cross_sell') item
    JOIN product_numbers numbers ON numbers.chain_no = item.chain_no
    JOIN customer_products bought
        ON bought.customer_no = item.customer_no AND bought.product_no = numbers.product_no
)
SELECT
    customer_no,
    rank,
    product_no,
    json_object(
        'bought_product', arg_max(product_key, (last_date, product_key)),
        'last_date', max(last_date)
    ) AS details_json
FROM known
GROUP BY customer_no, rank, product_no
"""

_DIVERSITY_SQL = """
WITH lists AS (
    SELECT customer_no, count(*) AS items
    FROM {items}
    GROUP BY customer_no
    HAVING count(*) >= $min_items
),
families AS (
    SELECT customer_no, family, count(*) AS of_family
    FROM {items}
    GROUP BY customer_no, family, CASE WHEN family IS NULL THEN rank END
)
SELECT
    customer_no,
    NULL::INTEGER AS rank,
    NULL::INTEGER AS product_no,
    json_object('family', family, 'items', items, 'of_family', of_family) AS details_json
FROM lists
JOIN families USING (customer_no)
WHERE of_family * {micro} > items * $max_share_micro
QUALIFY row_number() OVER (PARTITION BY customer_no ORDER BY of_family DESC, family) = 1
"""

_TOO_FEW_SQL = """
SELECT
    customer_no,
    NULL::INTEGER AS rank,
    NULL::INTEGER AS product_no,
    json_object('items', count(*), 'min_items', $min_items) AS details_json
FROM {items}
GROUP BY customer_no
HAVING count(*) < $min_items
"""

_SUGAR_SQL = """
SELECT
    item.customer_no,
    item.rank,
    item.product_no,
    json_object(
        'family', item.family,
        'share', round(coalesce(tasted.volume, 0) / families.sweet_volume, 4),
        'sweetness', item.sweetness
    ) AS details_json
FROM {items} item
JOIN customer_families families
    ON families.customer_no = item.customer_no AND families.family_no = item.family_no
LEFT JOIN customer_sweetness tasted
    ON tasted.customer_no = item.customer_no
    AND tasted.family_no = item.family_no
    AND tasted.sweetness_no = item.sweetness_no
WHERE item.sweetness_no IS NOT NULL
    AND families.sweet_volume > 0
    AND coalesce(tasted.volume, 0)::HUGEINT * {micro}
        < families.sweet_volume::HUGEINT * $min_share_micro
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


def too_few_items(scope: Scope) -> Query:
    """Lists shorter than the policy wants; an empty one is no list."""
    return Query(
        sql=_TOO_FEW_SQL.format(items=scope.items),
        values={"min_items": scope.policy.extra.fewest_items},
    )


def sugar_mismatch(scope: Scope) -> Query:
    """Items whose sweetness is too small a share of what this customer drinks in the family.

    The share counts 75-cl equivalents of known sweetness; nothing known, nothing said.
    """
    return Query(
        sql=_SUGAR_SQL.format(items=scope.items, micro=MICRO),
        values={"min_share_micro": share_in_micro(scope.policy.sugar_min_share)},
    )
