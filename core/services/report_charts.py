"""Bars as inline SVG, for a file that opens anywhere: no script, no font, no picture from outside.

A chart is 360 units wide, two of them stand side by side on paper. Values are written beside the
bars, and each look has a pattern besides its colour, so that a black and white print tells all.
The patterns are those of `PATTERNS`, once in each document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

GOOD, BAD, WARN, MUTED, MAIN, PAST = "good", "bad", "warn", "muted", "main", "past"
_WIDTH = 360.0
_MARGIN = 12.0

_ROW, _ROW_BAR = 36.0, 12.0
_ROW_VALUE = 70.0  # room for the value at the end of the longest bar
_LEAST_SHARE = 0.08  # of a part that has room for its label

_PLOT = 120.0
_VALUE, _MARK, _LINE = 18.0, 18.0, 12.0  # heights of a value, of the label of a mark, of a line
_COLUMN_BAR = 0.72
_WIDE_ENOUGH = 36.0  # for a value in full size above a column


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a bar; `label` is written into it where a bar has several."""

    value: float
    look: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar: `label` says of what, `value` how much, in the words of the reader."""

    label: str
    value: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """Return the sum of the parts."""
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A line across columns at the left edge of the column `place`, which may be a fraction."""

    place: float
    label: str


def rows_svg(bars: Sequence[Bar], alt: str, *, are_shares: bool = False) -> str:
    """Return bars lying one below the other, the label above each and the value at its end.

    With `are_shares` each bar is as wide as the chart and its parts are told apart inside.
    """
    room = _WIDTH if are_shares else _WIDTH - _ROW_VALUE
    greatest = max((bar.total for bar in bars), default=0) or 1
    drawn = [
        piece
        for place, bar in enumerate(bars)
        for piece in _row(bar, place * _ROW, room / (bar.total or 1 if are_shares else greatest))
    ]
    return _svg(drawn, len(bars) * _ROW, alt)


def columns_svg(
    bars: Sequence[Bar], alt: str, *, slots: int, at_edges: bool, mark: Mark | None = None
) -> str:
    """Return bars standing side by side, the value above and the label below each.

    There is room for `slots` bars at least. `at_edges` puts the label at the left edge of its
    column, as on a scale; a label may have a second line after a newline.
    """
    step = (_WIDTH - _MARGIN) / max(len(bars), slots)
    unit = _PLOT / (max((bar.total for bar in bars), default=0) or 1)
    floor = _VALUE + _PLOT + (0 if mark is None else _MARK)
    frame = _Frame(floor=floor, step=step, unit=unit, at_edges=at_edges)
    drawn = [
        piece
        for place, bar in enumerate(bars)
        for piece in _column(bar, _MARGIN + place * step, frame)
    ]
    drawn.append(f'<path class="axis" d="M{_n(_MARGIN)} {_n(floor)}H{_n(_WIDTH)}"/>')
    if mark is not None:
        x = _MARGIN + mark.place * step
        drawn.append(f'<path class="mark" d="M{_n(x)} 4V{_n(floor + 5)}"/>')
        drawn.append(_text(mark.label, x - 5, 13, "end"))
    lines = max((bar.label.count("\n") + 1 for bar in bars), default=0)
    return _svg(drawn, floor + 6 + _LINE * lines, alt)


def swatch_svg(look: str) -> str:
    """Return the sample of a look, for a legend."""
    return (
        '<svg class="swatch" viewBox="0 0 18 12" width="18" height="12" aria-hidden="true">'
        f"{_rect(0.5, 0.5, 17, 11, look)}</svg>"
    )


def _row(bar: Bar, top: float, unit: float) -> Iterator[str]:
    yield _text(bar.label, 0, top + 13, "start")
    x, y = 0.0, top + 18
    for part in bar.parts:
        width = part.value * unit
        if width:
            yield _rect(x, y, width, _ROW_BAR, part.look)
        if part.label and part.value >= _LEAST_SHARE * bar.total:
            yield _text(part.label, x + width / 2, y + _ROW_BAR - 2, "middle", "inside")
        x += width
    if bar.value:
        yield _text(bar.value, x + 5, y + _ROW_BAR - 2, "start", "value")


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where columns stand: `floor` is their foot, `unit` the height of a value of 1."""

    floor: float
    step: float
    unit: float
    at_edges: bool


def _column(bar: Bar, left: float, frame: _Frame) -> Iterator[str]:
    width = frame.step * _COLUMN_BAR
    middle = left + frame.step / 2
    y = frame.floor
    for part in bar.parts:
        height = part.value * frame.unit
        if height:
            yield _rect(middle - width / 2, y - height, width, height, part.look)
        y -= height
    if bar.value:
        kind = "value" if frame.step >= _WIDE_ENOUGH else "value tight"
        yield _text(bar.value, middle, y - 4, "middle", kind)
    x = left if frame.at_edges else middle
    for line, words in enumerate(bar.label.split("\n")):
        yield _text(words, x, frame.floor + 14 + _LINE * line, "middle", "tick")


def _svg(drawn: Sequence[str], height: float, alt: str) -> str:
    box = f"0 0 {_n(_WIDTH)} {_n(height)}"
    name = escape(alt)
    return (
        f'<svg class="chart" viewBox="{box}" role="img" aria-label="{name}">{"".join(drawn)}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return (
        f'<rect class="{look}" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
        f' fill="url(#{look})"/>'
    )


def _text(words: str, x: float, y: float, anchor: str, kind: str = "label") -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(words)}</text>'


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
