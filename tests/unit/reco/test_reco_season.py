from datetime import date, timedelta

import numpy as np
import pytest

from core.reco.history import history_of_baskets
from core.reco.lines import day_number
from core.reco.season import (
    LEAST_DAYS,
    LEAST_PURCHASES,
    MONTHS_OF_TAGS,
    find_seasons,
    month_of,
    no_seasons,
    parse_months,
    seasonal_index,
)

FIRST = date(2023, 1, 1)
DAYS = 730  # two whole years: each day once a year


@pytest.mark.parametrize(
    ("tags", "months"),
    [
        (None, set()),
        ("", set()),
        ("toute l'année", set()),
        ("Été", {6, 7, 8}),
        ("ÉTÉ; Noël", {6, 7, 8, 11, 12}),
        ("hiver,printemps", {12, 1, 2, 3, 4, 5}),
        ("août/septembre|Octobre + mai", {5, 8, 9, 10}),
        ("summer holidays", {6, 7, 8, 11, 12}),
        ("fêtes et vendanges", {9, 10, 11, 12}),
    ],
)
def test_months_are_read_from_tags_in_both_languages(tags, months):
    assert parse_months(tags) == months


def test_no_tag_is_named_twice():
    tags = [tag for names in MONTHS_OF_TAGS for tag in names]
    assert len(tags) == len(set(tags))


def plain_usual(counts, month):
    """Write each family's share down as often as it was bought; take the middle one."""
    shares = [(own[month] / own.sum(), own.sum()) for own in counts if own.sum()]
    written = np.repeat(*zip(*sorted(shares), strict=True))
    return written[(len(written) + 1) // 2 - 1]


def plain_index(counts):
    index = np.ones(counts.shape)
    usual = np.array([plain_usual(counts, month) for month in range(12)])
    for family, own in enumerate(counts):
        expected = own.sum() * usual / usual.sum()
        shrunk = (own + 50) / (expected + 50)
        shrunk /= shrunk.mean()
        if own.sum() >= LEAST_PURCHASES and shrunk.max() >= 2 * shrunk.min():
            index[family] = shrunk
    return index


def test_index_is_the_share_of_a_month_against_what_is_usual():
    rng = np.random.default_rng(3)
    counts = rng.integers(500, 520, (4, 12))
    counts[0] = [20] * 5 + [200] * 3 + [20] * 4  # summer
    counts[:, 11] *= 4  # everything sells in December
    counts[1] = [0] * 11 + [LEAST_PURCHASES - 1]  # too few to tell
    found = seasonal_index(counts)
    np.testing.assert_allclose(found, plain_index(counts))
    assert found[0, 6] > 1.5
    assert found[0].mean() == pytest.approx(1)
    assert (found[1:] == 1).all()


def test_a_family_that_rules_the_summer_gives_the_others_no_season():
    flat, summer = [300] * 12, [100] * 5 + [1200] * 3 + [100] * 4
    index = seasonal_index(np.array([flat, flat, flat, flat, summer]))
    assert (index[:4] == 1).all()
    assert index[4, 6] > 2.5


@pytest.mark.parametrize("families", [0, 1])
def test_no_purchase_no_season(families):
    assert (seasonal_index(np.zeros((families, 12), np.int64)) == 1).all()


def test_a_family_that_came_lately_has_no_season_yet():
    history, first, as_of = summer_world()
    late = sold(*zip(*[(d, 1) for d in range(first, as_of + 1)] + [
        (d, 0) for d in range(as_of - 180, as_of + 1) for _ in range(5)
    ], strict=True))  # fmt: skip
    seasons = find_seasons(late, np.array([0, 1, -1], np.int32), first, as_of)
    assert seasons.group.tolist() == [0, 0, 0]
    of_summer = find_seasons(history, np.array([0, 1, -1], np.int32), first, as_of)
    assert of_summer.group[0] > 0


def sold(days, items):
    """One customer each, who bought one item on one day."""
    return history_of_baskets([[[i]] for i in items], 3, [[d] for d in days])


def summer_world(first=FIRST, days=DAYS, also=()):
    """Item 0 sells in June to August, items 1 and 2 all the year; item 2 has no family."""
    start = day_number(first)
    every = start + np.arange(days)
    summer = [d for d in every.tolist() if month_of(d) in (6, 7, 8)]
    rows = [(d, 0) for d in summer for _ in range(3)]
    rows += [(d, i) for d in every.tolist() for i in (1, 1, 1, 1, 1, 1, 2)] + [*also]
    return sold(*zip(*rows, strict=True)), start, start + days - 1


@pytest.mark.parametrize("dates", [1, 10])
def test_dates_of_long_ago_make_no_year_of_a_summer(dates):
    history, _, as_of = summer_world(date(2025, 4, 1), 200, also=[(0, 1)] * dates)
    seasons = find_seasons(history, np.array([0, 1, -1], np.int32), 0, as_of)
    assert (seasons.index == 1).all()
    assert len(seasons.clock[0]) == as_of + 1


def test_a_summer_wine_has_a_season_and_a_clock_that_runs_with_it():
    history, first, as_of = summer_world()
    seasons = find_seasons(history, np.array([0, 1, -1], np.int32), first, as_of)
    summer = seasons.index[seasons.group[0]]
    months = [(FIRST + timedelta(days=d)).month for d in range(DAYS)]
    assert summer[6] > 3 * summer[0]
    assert seasons.group[2] == 0
    assert (seasons.index[0] == 1).all()
    assert seasons.first_day == first
    ticks = seasons.clock[seasons.group[0]]
    np.testing.assert_allclose(ticks, np.cumsum(summer[np.array(months) - 1]))
    assert ticks[-1] == pytest.approx(DAYS, rel=0.01)
    assert seasons.clock[0].tolist() == list(range(1, DAYS + 1))
    assert seasons.fit(7)[0] == 1.0
    assert seasons.fit(1)[0] == pytest.approx(summer[0] / 2)
    assert seasons.fit(1)[2] == 0.5


# The tenth purchase of this world is on its second day.
@pytest.mark.parametrize(("span", "is_flat"), [(LEAST_DAYS + 1, True), (LEAST_DAYS + 2, False)])
def test_less_than_a_year_shows_no_season(span, is_flat):
    history, first, as_of = summer_world(days=span)
    seasons = find_seasons(history, np.array([0, 1, -1], np.int32), first, as_of)
    assert (seasons.index == 1).all() == is_flat


def test_the_clock_begins_where_it_is_told():
    history, first, as_of = summer_world()
    seasons = find_seasons(history, np.zeros(3, np.int32), first - 10, as_of + 5)
    assert seasons.first_day == first - 10
    assert seasons.clock.shape == (1, DAYS + 15)


def test_without_dates_the_clock_counts_plain_days():
    seasons = no_seasons(2, -3, 1)
    assert seasons.clock.tolist() == [[1, 2, 3, 4, 5]]
    assert seasons.fit(7).tolist() == [0.5, 0.5]


def test_month_of_a_day():
    days = [day_number(date(2024, 2, 29)), day_number(date(1970, 1, 1)), -1]
    assert [month_of(day) for day in days] == [2, 1, 12]
