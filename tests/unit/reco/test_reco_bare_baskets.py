"""Bare baskets: what is read of the public format, and what is said of files that are not in it."""

import json
from pathlib import Path

import pytest

from core.errors import FileRefused, NotFound, Refused
from core.reco.backtest.bare_baskets import read_bare_trial
from core.services.backtest_baskets import backtest_baskets
from tests.unit.reco.backtest_data import drawn_baskets, drawn_trial

HISTORY = {"b": [[-1], [7, 3], [3], [-1]], "a": [[-1], ["x"], [], [3, "3"], [-1]]}
FUTURE = {"a": [[-1], [9, "x"], [-1]], "b": [[-1], [7], [-1]]}


def read(history: object, future: object):
    texts = (one if isinstance(one, str) else json.dumps(one) for one in (history, future))
    return read_bare_trial(*zip(("past.json", "next.json"), texts, strict=True))


def test_items_and_customers_are_numbered_bytewise() -> None:
    """Items: 3, 7, 9, x; a whole number and its text are one item, an empty basket is none."""
    trial = read(HISTORY, FUTURE)
    assert trial.history.items == 4
    assert trial.history.item.tolist() == [3, 0, 0, 1, 0]
    assert trial.history.offsets.tolist() == [0, 2, 5]
    assert trial.history.day.tolist() == [-1, 0, -1, -1, 0]
    assert trial.asked.item.tolist() == [2, 3, 1]
    assert trial.asked.offsets.tolist() == [0, 2, 3]


def test_who_has_no_future_is_learned_from_and_not_asked_for() -> None:
    trial = read(HISTORY, {"b": FUTURE["b"]})
    assert trial.history.customers == 2
    assert trial.asked.customer.tolist() == [1]
    assert trial.asked.offsets.tolist() == [0, 1]
    assert trial.asked.item.tolist() == [1]


def test_what_only_the_future_names_is_not_offered_and_empty_baskets_take_no_day() -> None:
    trial = read({**HISTORY, "c": [[-1], [3], [], [-1]]}, {**FUTURE, "c": FUTURE["b"]})
    assert trial.catalogue.offered.tolist() == [True, True, False, True]
    assert trial.history.day.tolist() == [-1, 0, -1, -1, 0, 0]
    with pytest.raises(FileRefused, match="baskets of customer number 1"):
        read({"a": [[-1], [1], [-1], [2], [-1]]}, FUTURE)


def test_the_order_of_customers_and_items_in_the_file_changes_nothing(tmp_path: Path) -> None:
    drawn = {str(n): one for n, one in enumerate(drawn_baskets(4, 80, 30, 0.6))}
    reports = []
    for turn, names in enumerate((list(drawn), sorted(drawn, reverse=True))):
        paths = [tmp_path / f"{part}{turn}.json" for part in ("past", "next")]
        for path, part in zip(paths, (slice(None, -1), slice(-1, None)), strict=True):
            content = {
                n: [[-1], *(b[:: 1 - 2 * turn] for b in drawn[n][part]), [-1]] for n in names
            }
            path.write_text(json.dumps(content, indent=turn))
        reports.append(backtest_baskets(*paths, k=5))
    assert reports[0] == reports[1]
    assert reports[0]["customers"] == 80


def test_files_give_what_arrays_give() -> None:
    drawn = drawn_baskets(4, 50, 9, 0.6)
    trial = drawn_trial(4, customers=50, items=9, habit=0.6)
    found = read(
        {f"{n:03}": [[-1], *one[:-1], [-1]] for n, one in enumerate(drawn)},
        {f"{n:03}": [[-1], one[-1], [-1]] for n, one in enumerate(drawn)},
    )
    assert found.history.item.tolist() == trial.history.item.tolist()
    assert found.history.day.tolist() == trial.history.day.tolist()
    assert found.asked.item.tolist() == trial.asked.item.tolist()


@pytest.mark.parametrize(
    ("history", "future", "sentence"),
    [
        ("", FUTURE, "past.json is not JSON: line 1"),
        ('{"a": [[-1],\n[1], [-1]', FUTURE, "past.json is not JSON: line 2, column 10"),
        ('{"a": [[-1], [1], [-1]]} {}', FUTURE, "past.json is not JSON"),
        ('{"a": [[-1], [1], [-1]],}', FUTURE, "past.json is not JSON"),
        ("{a: 1}", FUTURE, "past.json is not JSON"),
        ("[" * 100_000, FUTURE, "past.json is not JSON"),
        ("[[-1], [1], [-1]]", FUTURE, "must be one JSON object"),
        ("null", FUTURE, "must be one JSON object"),
        ({}, FUTURE, "past.json holds no customer"),
        ({"a": 7}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1], [1], [-1]], "b": [[1], [2]]}, FUTURE, "baskets of customer number 2"),
        ({"a": [[-1], 7, [-1]]}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1], [1.5], [-1]]}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1], [True], [-1]]}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1], [[1]], [-1]]}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1]]}, FUTURE, "baskets of customer number 1"),
        ({"a": [[-1], [-1]]}, FUTURE, "past.json has no basket for customer number 1"),
        ({"a": [[-1], [], [-1]]}, FUTURE, "past.json has no basket for customer number 1"),
        ('{"a": [[-1],[1],[-1]], "a": [[-1],[1],[-1]]}', FUTURE, "names customer number 2 twice"),
        (HISTORY, {"a": [[-1], [1], [2], [-1]]}, "next.json must have exactly one basket"),
        (HISTORY, {"a": [[-1], [], [-1]]}, "next.json must have exactly one basket"),
        (HISTORY, {**FUTURE, "c": [[-1], [1], [-1]]}, "of next.json are missing in past.json"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(
    history: object, future: object, sentence: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        read(history, future)
    assert sentence in str(refused.value)


def test_a_missing_file_another_encoding_and_a_bad_number_are_said(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text("\ufeff" + json.dumps(HISTORY))
    bad.write_bytes(b'{"\xff\xfe')
    with pytest.raises(NotFound, match=r"none.json cannot be read"):
        backtest_baskets(good, tmp_path / "none.json", 10)
    with pytest.raises(NotFound, match="cannot be read"):
        backtest_baskets(tmp_path, good, 10)
    with pytest.raises(FileRefused, match="not UTF-8"):
        backtest_baskets(good, bad, 10)
    for k in (0, 101):
        with pytest.raises(Refused, match="from 1 to 100"):
            backtest_baskets(good, good, k)
