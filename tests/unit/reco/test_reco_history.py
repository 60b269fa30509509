"""Histories of bare baskets: the fast way equals the plain one."""

from hypothesis import given
from hypothesis import strategies as st

from core.reco.history import history_of_baskets

baskets = st.lists(st.lists(st.lists(st.integers(0, 6), max_size=5), max_size=5), max_size=6)


@given(baskets, st.booleans())
def test_rows_come_by_customer_basket_and_item(
    drawn: list[list[list[int]]], has_days: bool
) -> None:
    days = [[3 * at for at in range(len(listed))] for listed in drawn] if has_days else None
    found = history_of_baskets(drawn, 7, days)
    if days is not None:
        days = [[d for d, b in zip(*of, strict=True) if b] for of in zip(days, drawn, strict=True)]
    drawn = [[basket for basket in listed if basket] for listed in drawn]
    rows = [
        (customer, days[customer][at] if days else at - len(listed) + 1, at, item)
        for customer, listed in enumerate(drawn)
        for at, basket in enumerate(listed)
        for item in sorted(set(basket))
    ]
    assert found.item.tolist() == [row[3] for row in rows]
    assert found.day.tolist() == [row[1] for row in rows]
    places = list(dict.fromkeys((row[0], row[2]) for row in rows))
    assert found.basket.tolist() == [places.index((row[0], row[2])) for row in rows]
    counts = [sum(row[0] == customer for row in rows) for customer in range(len(drawn))]
    assert found.offsets.tolist() == [sum(counts[:n]) for n in range(len(drawn) + 1)]
