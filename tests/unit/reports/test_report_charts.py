"""Bars as SVG: as long as their values, with their words, within their frame."""

import re
from xml.etree import ElementTree

import pytest

from core.services.report_charts import (
    BAD,
    GOOD,
    Bar,
    Mark,
    Part,
    columns_svg,
    rows_svg,
)

WIDTH = 360


def bar(*values: float, label: str = "A", value: str = "1") -> Bar:
    looks = (GOOD, BAD)
    parts = tuple(Part(value=v, look=look) for v, look in zip(values, looks, strict=False))
    return Bar(label=label, value=value, parts=parts)


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def numbers(svg: str, tag: str, name: str) -> list[float]:
    return [float(element.get(name, "nan")) for element in drawn(svg).iter(tag)]


def test_rows_are_as_long_as_their_values() -> None:
    widths = numbers(rows_svg([bar(200), bar(50), bar(0)], "Which?"), "rect", "width")
    assert widths == [290, 72.5]


def test_parts_follow_one_another_and_shares_fill_the_width() -> None:
    svg = rows_svg([bar(1, 3, value=""), bar(2, 0, value="")], "Which?", are_shares=True)
    assert numbers(svg, "rect", "x") == [0, 90, 0]
    assert numbers(svg, "rect", "width") == [90, 270, 360]


def test_columns_stand_on_the_floor_and_parts_on_one_another() -> None:
    svg = columns_svg([bar(30, 10), bar(0, 20)], "Which?", slots=2, at_edges=False)
    tops, heights = numbers(svg, "rect", "y"), numbers(svg, "rect", "height")
    assert heights == [90, 30, 60]
    assert [top + height for top, height in zip(tops, heights, strict=True)] == [138, 48, 138]


def test_few_columns_stay_narrow() -> None:
    (one,) = numbers(columns_svg([bar(1)], "Which?", slots=8, at_edges=False), "rect", "width")
    assert one < WIDTH / 8


def test_a_mark_stands_at_the_left_edge_of_its_place() -> None:
    bars = [bar(1) for _ in range(4)]
    svg = columns_svg(
        bars, "Which?", slots=4, at_edges=True, mark=Mark(place=2, label="gate at 80")
    )
    assert 'class="mark" d="M186 4V' in svg
    ticks = [float(t.get("x", "")) for t in drawn(svg).iter("text") if t.get("class") == "tick"]
    assert ticks[2] == 186


@pytest.mark.parametrize("values", [[], [0, 0], [1], [541_909, 3, 0], [0.000001]])
def test_everything_stays_within_the_frame(values: list[float]) -> None:
    bars = [bar(value, label=f"{value}\n2026") for value in values]
    for svg in (
        rows_svg(bars, "Which?"),
        columns_svg(bars, "Which?", slots=3, at_edges=True),
    ):
        _, _, width, height = map(float, drawn(svg).get("viewBox", "").split())
        assert width == WIDTH
        for rect in drawn(svg).iter("rect"):
            x, y, w, h = (float(rect.get(name, "")) for name in ("x", "y", "width", "height"))
            assert x + w <= width
            assert 0 <= y <= y + h <= height


def test_words_are_escaped() -> None:
    hostile = '<b>"Reds" & whites</b>'
    for svg in (
        rows_svg([bar(1, label=hostile, value=hostile)], hostile),
        columns_svg([bar(1, label=hostile, value=hostile)], hostile, slots=1, at_edges=False),
    ):
        assert drawn(svg).get("aria-label") == hostile
        assert [text.text for text in drawn(svg).iter("text")].count(hostile) == 2
        assert not re.search("<b>", svg)


def test_a_narrow_part_has_no_label() -> None:
    parts = (Part(value=95, look=GOOD, label="95%"), Part(value=5, look=BAD, label="5%"))
    svg = rows_svg([Bar(label="A", value="", parts=parts)], "Which?", are_shares=True)
    assert [text.text for text in drawn(svg).iter("text")] == ["A", "95%"]
