"""Colours that can be read, and one source for them."""

import re
from itertools import product

import pytest

from core.contracts import Scenario
from ui.charts import make_template
from ui.navigation import ROOT
from ui.theme import DARK, LIGHT, SCENARIO_COLOURS, tokens

APPEARANCES = (LIGHT, DARK)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, definition of contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("appearance", "text", "ground"),
    [
        *product(
            APPEARANCES, ("ink", "muted", "primary", "good", "warn", "bad"), ("paper", "surface")
        ),
        (LIGHT, "surface", "primary"),
        (DARK, "paper", "primary"),
    ],
)
def test_text_stands_out_from_its_ground(appearance: str, text: str, ground: str) -> None:
    colours = tokens(appearance)
    assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5


@pytest.mark.parametrize(("appearance", "scenario"), [*product(APPEARANCES, Scenario)])
def test_a_scenario_bar_stands_out_from_the_paper(appearance: str, scenario: Scenario) -> None:
    assert contrast(SCENARIO_COLOURS[appearance][scenario], tokens(appearance).paper) >= 3


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_scenario_colours_differ(appearance: str) -> None:
    assert len(set(SCENARIO_COLOURS[appearance].values())) == len(Scenario)


def test_the_report_takes_the_light_colours_of_the_pages() -> None:
    style = (ROOT / "core/services/templates/qc_report.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6});", style))
    scenarios = {s.replace("_", "-"): c for s, c in SCENARIO_COLOURS[LIGHT].items()}
    assert named == {**vars(tokens(LIGHT)), **scenarios}


def test_charts_take_the_colours_of_the_pages() -> None:
    layout = make_template(tokens(DARK), ["#123456"], "fr").layout
    assert layout.font.color == tokens(DARK).ink
    assert layout.separators == ",\u202f"
    assert layout.yaxis.rangemode == "tozero"
    assert layout.colorway == ("#123456",)
