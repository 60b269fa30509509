"""Texts put together by the kernel against a plain reading of their recipes."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reco import texts
from core.reco.texts import NOTHING, Op, Pieces, Step, Wanted, write_texts

WORDS = ["", "a", "Cuvée « Été »", '"', "[", "{", "x" * 700]
COLUMNS = ("one", "two")


def piece(number):
    return WORDS[number] if number >= 0 else ""


def plain(recipe, row):
    """What a recipe writes of one row, step by step."""
    text = ""
    for op, column, argument, before, after, wanted in recipe:
        value = int(row[column]) if column else 0
        if wanted is not Wanted.ALWAYS and value < 0:
            continue
        if wanted is Wanted.LISTED and text and text[-1] not in "[{":
            text += ","
        text += piece(before) + said(op, value, argument) + piece(after)
    return text


def said(op, value, argument):
    if op is Op.PIECE:
        return piece(argument + value) if value >= 0 else ""
    decimals = {Op.WHOLE: 0, Op.TENTHS: 1, Op.MILLIONTHS: 6}.get(op)
    return "" if decimals is None else f"{Decimal(value).scaleb(-decimals):f}"


@st.composite
def steps(draw):
    op, any_piece = draw(st.sampled_from(Op)), st.integers(-1, len(WORDS) - 1)
    column = draw(st.sampled_from(COLUMNS))
    if op is Op.PIECE:
        column = "small"  # which goes up to 3
    elif op is Op.NOTHING:
        column = draw(st.sampled_from(("", *COLUMNS)))
    argument = draw(st.integers(0, len(WORDS) - 4))
    return Step(
        op, column, argument, draw(any_piece), draw(any_piece), draw(st.sampled_from(Wanted))
    )


recipes = st.lists(steps(), max_size=8)
numbers = st.one_of(st.integers(-1, 11), st.integers(-(2**31) + 1, 2**31 - 1))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), made=st.lists(recipes, min_size=1, max_size=3))
def test_texts_are_what_their_recipes_say(data, made):
    rows = data.draw(st.lists(st.tuples(numbers, numbers, st.integers(-1, 3)), max_size=12))
    names = (*COLUMNS, "small")
    columns = {name: np.array([row[at] for row in rows], int) for at, name in enumerate(names)}
    chosen = np.array([at % len(made) for at in range(len(rows))], np.int8)
    pieces = Pieces()
    pieces.add(WORDS)
    found = write_texts(made, chosen, columns, pieces).to_pylist()
    expected = [
        plain(made[chosen[at]], dict(zip(names, row, strict=True))) for at, row in enumerate(rows)
    ]
    assert found == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_keep_their_order_over_many_slices(monkeypatch, threads):
    monkeypatch.setattr(texts, "ROWS_PER_SLICE", 7)
    column = {"one": np.arange(100)}
    recipe = [Step(Op.WHOLE, "one")]
    found = write_texts([recipe], np.zeros(100, np.int8), column, Pieces(), threads)
    assert found.to_pylist() == [str(number) for number in range(100)]


@pytest.mark.parametrize("most", [texts._MOST_KINDS, 3], ids=["by table", "by sorting"])
def test_a_value_is_said_once_and_only_where_it_is_asked_for(monkeypatch, most):
    monkeypatch.setattr(texts, "_MOST_KINDS", most)
    asked = []

    def say(value):
        asked.append(value)
        return f"<{value}>"

    pieces = Pieces()
    pieces.add(["before"])
    values = np.array([5, NOTHING, 2, 5, 7, 2])
    said = pieces.said(values, say, np.array([True, True, True, True, False, True]))
    assert sorted(asked) == [2, 5]
    found = write_texts([[Step(Op.PIECE, "said")]], np.zeros(6, np.int8), {"said": said}, pieces)
    assert found.to_pylist() == ["<5>", "", "<2>", "<5>", "", "<2>"]
