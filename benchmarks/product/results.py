"""`RESULTS.md` and its plot: what was measured, beside what, on which machine."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import log
from pathlib import Path
from xml.sax.saxutils import escape

PLOT = "results.svg"
_LIBRARIES = ("duckdb", "numpy", "numba", "pyarrow", "SQLAlchemy", "psycopg2-binary", "dbos")
_LEAST = 0.25
_ROW, _BAR, _LEFT, _WIDTH = 26, 14, 250, 330
_HEAD = """# Results of `make bench`

Written by `make bench` on {day}; `BENCH_CUSTOMERS={customers}`. Each measurement has its
reference in the same run, so what counts is the ratio; a ratio of 1 is the reference itself.

| machine | |
|---|---|
| processors | {cores} |
| memory | {memory:.0f} GB |
| load when it began | {load:.1f} |
| Python | {python} |
| Postgres | {postgres} (embedded, its own settings) |
| libraries | {libraries} |

| step | ours | reference | ratio | reference is |
|---|---|---|---|---|
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of ours and of a reference, and in words what each is."""

    step: str
    ours: float
    reference: float
    beside: str
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the reference's seconds ours took."""
        return self.ours / self.reference


def results_text(found: Sequence[Measured], *, customers: int, postgres: str, load: float) -> str:
    """Return the page that says what was found, without the name of the machine."""
    head = _HEAD.format(
        day=datetime.now(UTC).date().isoformat(),
        customers=customers,
        cores=os.cpu_count(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        load=load,
        python=platform.python_version(),
        postgres=postgres,
        libraries=", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
    )
    rows = "".join(
        f"| {one.step} | {_told(one.ours)} | {_told(one.reference)} | {one.ratio:.2f} |"
        f" {one.beside} |\n"
        for one in found
    )
    notes = "".join(f"- **{one.step}**: {one.note}\n" for one in found if one.note)
    return f"{head}{rows}\n![Ratios]({PLOT})\n\n## Method\n\n{notes}"


def plot(found: Sequence[Measured]) -> str:
    """Return an SVG with a bar for each ratio, and a line where ours and reference are equal.

    The axis is logarithmic and begins at `_LEAST`: the same factor has the same length.
    """
    widest = max([2.0, *(one.ratio for one in found)])
    height = _ROW * len(found) + 40
    one = _LEFT + _length(1, widest)
    bars = "".join(_bar(at, each, widest) for at, each in enumerate(found))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 70} {height}"'
        ' font-family="sans-serif" font-size="12" role="img" aria-label="Ratios to the references">'
        f'{bars}<line x1="{one:.1f}" x2="{one:.1f}" y1="4" y2="{height - 24}" stroke="#333"'
        f' stroke-dasharray="3 3"/><text x="{one:.1f}" y="{height - 8}" text-anchor="middle">'
        "1 = the reference (logarithmic)</text></svg>\n"
    )


def write_results(folder: Path, text: str, found: Sequence[Measured]) -> None:
    """Write the page and its plot into `folder`."""
    (folder / "RESULTS.md").write_text(text, encoding="utf-8")
    (folder / PLOT).write_text(plot(found), encoding="utf-8")


def shown(found: Iterable[Measured]) -> str:
    """Return the ratios in lines, for whoever watches."""
    return "\n".join(f"{one.step}: {_told(one.ours)}, {one.ratio:.2f} times" for one in found)


def _bar(at: int, one: Measured, widest: float) -> str:
    top, width = _ROW * at + 10, _length(one.ratio, widest)
    return (
        f'<text x="{_LEFT - 8}" y="{top + 11}" text-anchor="end">{escape(one.step)}</text>'
        f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="#7b2d43"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{top + 11}">{one.ratio:.2f}</text>'
    )


def _length(ratio: float, widest: float) -> float:
    return _WIDTH * log(max(ratio, _LEAST) / _LEAST) / log(widest / _LEAST)


def _told(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
