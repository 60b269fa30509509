"""Rules on what the catalogue says of an item: is it for sale, and is it there at all?"""

from core.audit.scope import Query, Scope

_OUT_OF_STOCK_SQL = """
SELECT
    item.customer_no,
    item.rank,
    item.product_no,
    json_object(
        'is_active', product.is_active,
        'stock_quantity', product.stock_quantity
    ) AS details_json
FROM {items} item
JOIN product_numbers numbers ON numbers.product_no = item.product_no
JOIN products product ON product.product_key = numbers.product_key
WHERE product.stock_quantity <= 0 OR NOT coalesce(product.is_active, TRUE)
"""

_NOT_IN_CATALOGUE_SQL = """
SELECT
    item.customer_no,
    item.rank,
    item.product_no,
    json_object('in_catalogue', product.product_key IS NOT NULL) AS details_json
FROM {items} item
JOIN product_numbers numbers ON numbers.product_no = item.product_no
LEFT JOIN products product ON product.product_key = numbers.product_key
WHERE product.product_key IS NULL OR NOT coalesce(product.is_recommendable, TRUE)
"""


def out_of_stock(scope: Scope) -> Query:
    """Items of which a stock is known and none is left, or that are not active any more."""
    return Query(sql=_OUT_OF_STOCK_SQL.format(items=scope.items), values={})


def not_in_catalogue(scope: Scope) -> Query:
    """Items that are no product of the catalogue, or one that must not be recommended."""
    return Query(sql=_NOT_IN_CATALOGUE_SQL.format(items=scope.items), values={})
