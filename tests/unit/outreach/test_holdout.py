"""Who is held out: exact by segment, the same whoever asks, and growing with the share."""

from collections import Counter
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.outreach.holdout import check_share, number_held_out, place_of, select_held_out

SHARES = st.integers(0, 50).map(lambda percent: percent / 100)
AUDIENCES = st.dictionaries(st.text(max_size=8), st.sampled_from("ABC"), max_size=60)


@given(AUDIENCES, SHARES)
def test_each_segment_gives_its_rounded_share_of_the_lowest_places(
    segments: dict[str, str], share: float
) -> None:
    held = select_held_out("t", segments, share)
    sizes, counts = Counter(segments.values()), Counter(segments[code] for code in held)
    for segment, size in sizes.items():
        exact = Fraction(str(share)) * size
        assert abs(counts[segment] - exact) <= Fraction(1, 2)
        assert counts[segment] <= size / 2
        places = {True: [0.0], False: [1.0]}
        for code in (code for code in segments if segments[code] == segment):
            places[code in held].append(place_of("t", code))
        assert max(places[True]) <= min(places[False])


@given(AUDIENCES, SHARES, SHARES)
def test_who_is_held_out_at_a_share_is_held_out_at_any_higher_one(
    segments: dict[str, str], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert select_held_out("t", segments, low) <= select_held_out("t", segments, high)


@given(AUDIENCES, SHARES, st.randoms(use_true_random=False))
def test_the_order_of_the_audience_does_not_matter(
    segments: dict[str, str], share: float, shuffler: Random
) -> None:
    mixed = list(segments.items())
    shuffler.shuffle(mixed)
    assert select_held_out("t", dict(mixed), share) == select_held_out("t", segments, share)


def test_places_are_fixed_for_ever_and_spread_evenly() -> None:
    """The literal holds that no release deals the places of a running programme anew."""
    assert place_of("0b1c", "C00001") == 0.23137732598102623
    tenths = Counter(int(10 * place_of("t", f"C{n}")) for n in range(10_000))
    assert all(900 < count < 1100 for count in tenths.values())
    assert place_of("t", "C1") != place_of("u", "C1") != place_of("t", "C1", "next")


def test_a_share_counts_as_it_is_written() -> None:
    """0.29 x 100 is 28.999999999999996 in binary."""
    assert number_held_out(0.29, 100) == 29
    assert number_held_out(0.1, 15) == 1


@pytest.mark.parametrize("share", [-0.01, 0.51, float("nan"), float("inf")])
def test_other_shares_are_refused(share: float) -> None:
    with pytest.raises(Refused, match=r"0 to 0\.5"):
        check_share(share)
