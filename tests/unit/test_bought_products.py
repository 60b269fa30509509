"""What a customer bought: prices per 75 cl, usual gaps and the days on which things are due."""

from datetime import date
from typing import Any

from core.services.customer_view import bought_products


def bought(product: str, day: str, quantity: int = 1, cents: int = 1000, **more: Any) -> Any:
    """Return one product of one day as the database sums it."""
    return {
        "product_key": product,
        "product_name": None,
        "family": None,
        "sale_date": day,
        "quantity_milli": 1000 * quantity,
        "amount_cents": cents,
        "volume_ml": None,
        "units_per_pack": None,
        **more,
    }


def test_a_product_of_three_days_is_due_a_median_gap_after_the_last() -> None:
    days = ("2026-01-01", "2026-01-11", "2026-03-03")  # 30.5 days, as who is due for a product
    (product,) = bought_products([bought("P", day) for day in reversed(days)])
    assert (product.days, product.gap_days, product.due_on) == (3, 31, date(2026, 4, 3))
    assert product.last_on == date(2026, 3, 3)


def test_two_days_tell_no_gap_and_what_is_due_comes_first() -> None:
    rows = [bought("A", "2026-02-01"), bought("A", "2026-02-08")]
    rows += [bought("Z", f"2026-0{month}-01") for month in (1, 2, 3)]
    assert [(p.product_key, p.due_on is None) for p in bought_products(rows)] == [
        ("Z", False),
        ("A", True),
    ]


def test_the_price_is_that_of_75_cl_and_leaves_out_what_was_free() -> None:
    magnum = [bought("M", "2026-01-01", 2, 6000, volume_ml=1500)]
    magnum.append(bought("M", "2026-01-05", 3, 0, volume_ml=1500))
    crate = [bought("K", "2026-01-01", 1, 6000, units_per_pack=6)]
    paid = {p.product_key: p.paid75_cents for p in bought_products([*magnum, *crate])}
    assert paid == {"M": 1500, "K": 1000}


def test_what_went_back_whole_is_not_bought() -> None:
    assert bought_products([bought("P", "2026-01-01", 1), bought("P", "2026-01-09", -1)]) == ()
