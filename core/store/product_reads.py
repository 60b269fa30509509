"""What the page Products reads: the catalogue with the figures that the last run kept."""

from dataclasses import dataclass
from typing import Any

from core.store.customer_search import fold_name, with_folded
from core.store.dataset import VISIBLE, head_of
from core.store.run_outputs import bytewise
from core.store.tenant import Transaction

Row = dict[str, Any]

_FIGURES = """
LEFT JOIN product_figure AS figure
    ON figure.tenant_id = :tenant AND figure.run_id = :run_id
    AND figure.product_key = article.product_key
"""
_COLUMNS = """
    article.product_key, article.name, article.family, article.vintage, article.price_cents,
    article.stock_quantity, article.is_active, article.is_recommendable,
    figure.units_milli, figure.revenue_cents, figure.buyers, figure.repeat_buyers,
    figure.last_sale, figure.due_customers
"""
_ARTICLES = f"SELECT * FROM product WHERE {VISIBLE}"
_FOLDED = with_folded(_ARTICLES, "name")
_LISTED = f"""
FROM ({{articles}}) AS article
{_FIGURES}
WHERE {{conditions}}
"""
_CONDITIONS = {
    "term": "(article.folded LIKE :name ESCAPE '!'"
    " OR lower(article.product_key) LIKE :key ESCAPE '!')",
    "family": "article.family = :family",
    "sold_out": "article.stock_quantity <= 0",
    "inactive": "(article.is_active = FALSE OR article.is_recommendable = FALSE)",
    "unsold": "coalesce(figure.units_milli, 0) <= 0",
    "short": "article.stock_quantity < figure.due_customers",
}
# What comes first; of equals, and of all without a figure, the first key.
ORDERS = {
    "revenue": "coalesce(figure.revenue_cents, 0) DESC",
    "name": "{name}",
    "buyers": "coalesce(figure.buyers, 0) DESC",
    "repeat": "coalesce(1.0 * figure.repeat_buyers / nullif(figure.buyers, 0), -1) DESC",
    "last_sale": "coalesce(CAST(figure.last_sale AS TEXT), '') DESC",
    "stock": "article.stock_quantity IS NULL, article.stock_quantity",
    "due": "coalesce(figure.due_customers, 0) DESC",
}
_DUE = f"""
SELECT product_due.customer, person.name, person.first_name, person.last_name,
    product_due.last_on, product_due.due_on
FROM product_due
LEFT JOIN (SELECT * FROM customer WHERE {VISIBLE}) AS person
    ON person.customer = product_due.customer
WHERE product_due.tenant_id = :tenant AND product_due.run_id = :run_id
    AND product_due.product_key = :product_key
ORDER BY product_due.place
"""


@dataclass(frozen=True, kw_only=True)
class ProductFilter:
    """Which products: whose name or key holds `term`, of a family, of one `kind`.

    The name is looked through without regard to case and accents.
    `kind` is `sold_out`, `inactive`, `unsold` (nothing in 12 months) or `short` (less in stock than
    customers are due); None leaves a condition out. `order` is one of `ORDERS`.
    """

    term: str | None = None
    family: str | None = None
    kind: str | None = None
    order: str = "revenue"

    def listed(self) -> tuple[str, dict[str, object]]:
        """Return the SQL of the products with their figures, and the values it binds."""
        asked = {"term": self.term, "family": self.family}
        names = [name for name, value in asked.items() if value]
        names += [self.kind] if self.kind else []
        values: dict[str, object] = {"family": self.family} if self.family else {}
        if self.term:
            values["key"] = f"%{_escaped(self.term.lower())}%"
            # What folds away, like an apostrophe alone, is looked for as it is.
            values["name"] = f"%{_escaped(fold_name(self.term) or self.term)}%"
        conditions = " AND ".join(_CONDITIONS[name] for name in names) or "TRUE"
        articles = _FOLDED if self.term or self.order == "name" else _ARTICLES
        return _LISTED.format(articles=articles, conditions=conditions), values


def _escaped(text: str) -> str:
    for sign in "!%_":
        text = text.replace(sign, f"!{sign}")
    return text


def load_products(
    tx: Transaction, run_id: str | None, wanted: ProductFilter, *, limit: int, offset: int
) -> list[Row]:
    """Return a page of products in the order that is `wanted`; figures may be None."""
    listed, values = wanted.listed()
    order = ORDERS[wanted.order].format(name=bytewise(tx, "article.folded"))
    return tx.rows(
        f"SELECT {_COLUMNS} {listed}"
        f" ORDER BY {order}, {bytewise(tx, 'article.product_key')} LIMIT :limit OFFSET :offset",
        head=head_of(tx),
        run_id=run_id,
        limit=limit,
        offset=offset,
        **values,
    )


def count_products(tx: Transaction, run_id: str | None, wanted: ProductFilter) -> int:
    """Return how many products meet `wanted`."""
    listed, values = wanted.listed()
    return int(tx.scalar(f"SELECT count(*) {listed}", head=head_of(tx), run_id=run_id, **values))


def load_families(tx: Transaction) -> dict[str, int]:
    """Return the families of the visible products with their products, in alphabetical order."""
    rows = tx.rows(
        f"SELECT family, count(*) AS products FROM product WHERE {VISIBLE}"
        " AND family IS NOT NULL GROUP BY family",
        head=head_of(tx),
    )
    found = {row["family"]: int(row["products"]) for row in rows}
    return dict(sorted(found.items(), key=lambda one: one[0].casefold()))


def find_product(tx: Transaction, run_id: str | None, product_key: str) -> Row | None:
    """Return one visible product with all its figures, None for figures of no run."""
    return tx.row(
        f"SELECT {_COLUMNS}, figure.gap_days, figure.months_json, figure.gaps_json,"
        " figure.neighbours_json, figure.demand_json, figure.is_of_last_year"
        f" {_LISTED.format(articles=_ARTICLES, conditions='article.product_key = :product_key')}",
        head=head_of(tx),
        run_id=run_id,
        product_key=product_key,
    )


def load_due(tx: Transaction, run_id: str, product_key: str) -> list[Row]:
    """Return the first customers who are due for a product, with their names."""
    return tx.rows(_DUE, head=head_of(tx), run_id=run_id, product_key=product_key)


def load_last_sale(tx: Transaction, run_id: str) -> object:
    """Return the day of the last sale of any product as a run found it, None without any."""
    return tx.scalar(
        "SELECT max(last_sale) FROM product_figure WHERE tenant_id = :tenant AND run_id = :run_id",
        run_id=run_id,
    )
