"""The cells that the one-pass reader reads by itself mean what a plain parser says."""

import re
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.ingest.byte_words import PADDING
from core.ingest.plain_cells import (
    DIFFERENT,
    DMY,
    EITHER,
    FIRST,
    ISO,
    MDY,
    SECOND,
    SURE,
    parse_date,
    parse_number,
)

NUMBER = re.compile(r"([+-]?)(\d{1,9})(?:\.(\d+))?")
DATE = re.compile(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
EPOCH = date(1970, 1, 1)


def data_of(text: str) -> np.ndarray:
    """Return the bytes of `text` with others around them, as the reader's memory has them."""
    around = b"7" * PADDING
    return np.frombuffer(around + text.encode() + around, np.uint8)


def expected_number(text: str, scale: int) -> tuple[bool, int, int]:
    found = NUMBER.fullmatch(text)
    value = Decimal(text) * 10**scale if found else Decimal("0.5")
    if found is None or value != int(value):
        return False, 0, 0
    whole, decimals = found[2], found[3] or ""
    votes = 0
    if decimals and (len(decimals) != 3 or whole == "0"):
        votes = 1 << SURE
    elif decimals and len(whole) <= 3 and whole[0] != "0":
        votes = 1 << EITHER
    return True, int(value), votes


def expected_date(text: str, order: int) -> tuple[bool, int | None, int]:
    found = DATE.fullmatch(text)
    if found is None:
        return False, 0, 0
    one, two, three = (int(found[k]) for k in (1, 2, 3))
    if len(found[1]) == 4 and len(found[3]) <= 2:
        return True, days_of(one, two, three), 0
    if order == ISO or len(found[1]) > 2 or len(found[3]) != 4:
        return False, 0, 0
    votes = (one > 12) << FIRST | (two > 12) << SECOND | (one != two) << DIFFERENT
    month, day = (two, one) if order == DMY else (one, two)
    return True, days_of(three, month, day), votes


def days_of(year: int, month: int, day: int) -> int | None:
    """Return the days since 1970, None of a day that there is not."""
    try:
        return (date(year, month, day) - EPOCH).days
    except ValueError:
        return None


digits = st.text("0123456789", min_size=1, max_size=10)
numbers = st.one_of(
    st.text("0123456789.+-:/", min_size=1, max_size=12),
    st.tuples(st.sampled_from(["", "-", "+"]), digits, digits).map(
        lambda n: f"{n[0]}{n[1]}.{n[2]}"
    ),
    digits,
)


@settings(max_examples=500, deadline=None)
@example(text="12345678", scale=3)
@example(text="1.234", scale=3)
@example(text="0.500", scale=2)
@example(text="99999.99", scale=2)
@example(text="1:5", scale=0)
@example(text="?1", scale=0)
@given(text=numbers, scale=st.sampled_from([0, 1, 2, 3, 6]))
def test_a_number_is_read_as_an_exact_decimal(text: str, scale: int) -> None:
    found = parse_number(data_of(text), PADDING, PADDING + len(text), ord("."), scale)
    assert found == expected_number(text, scale)


between = st.sampled_from("-./")
parts = st.tuples(digits, between, digits, between, digits).map("".join)
written = st.dates(date(1, 1, 1)).flatmap(
    lambda day: st.sampled_from(
        [f"{day:%Y-%m-%d}", f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y} 8:05"]
    )
)


@pytest.mark.parametrize("order", [ISO, DMY, MDY])
@settings(max_examples=300, deadline=None)
@example(text="2024-02-30")
@example(text="1900-02-29")
@example(text="2000-13-01")
@example(text="30/02/2024")
@example(text="2024-0:-11")
@given(text=st.one_of(written, parts, st.text("0123456789-/:", min_size=1, max_size=12)))
def test_a_date_is_read_by_the_calendar(order: int, text: str) -> None:
    plain, days, votes = parse_date(data_of(text), PADDING, PADDING + len(text), order)
    expected = expected_date(text, order)
    assert (plain, votes) == (expected[0], expected[2])
    if expected[1] is None:
        assert days < (date(1, 1, 1) - EPOCH).days
    else:
        assert days == expected[1]
