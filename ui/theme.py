"""The colours of DESIGN.md as the pages see them: `.streamlit/config.toml` holds the values."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from core.contracts import Scenario

LIGHT, DARK = "light", "dark"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The named colours of one appearance."""

    paper: str
    surface: str
    line: str
    ink: str
    muted: str
    primary: str
    good: str
    warn: str
    bad: str


_OPTIONS = {
    "paper": "backgroundColor",
    "surface": "secondaryBackgroundColor",
    "line": "borderColor",
    "ink": "textColor",
    "muted": "grayColor",
    "primary": "primaryColor",
    "good": "greenColor",
    "warn": "orangeColor",
    "bad": "redColor",
}

_SCENARIO_LIGHT: Mapping[Scenario, str] = {
    Scenario.REBUY: "#7A1F3D",
    Scenario.CROSS_SELL: "#2F6F73",
    Scenario.UPSELL: "#A1762B",
    Scenario.WINBACK: "#6A4C7D",
    Scenario.NURTURE: "#5B7553",
}
_SCENARIO_DARK: Mapping[Scenario, str] = {
    Scenario.REBUY: "#D97A97",
    Scenario.CROSS_SELL: "#6FB3B7",
    Scenario.UPSELL: "#D9AE55",
    Scenario.WINBACK: "#B79BCB",
    Scenario.NURTURE: "#9DBB93",
}
SCENARIO_COLOURS: Mapping[str, Mapping[Scenario, str]] = {
    LIGHT: _SCENARIO_LIGHT,
    DARK: _SCENARIO_DARK,
}


def appearance() -> str:
    """Return `light` or `dark`, as the browser shows the page."""
    return DARK if st.context.theme.type == DARK else LIGHT


def tokens(of: str | None = None) -> Tokens:
    """Return the colours of an appearance, by default the current one."""
    section = of or appearance()
    return Tokens(
        **{
            name: str(st.get_option(f"theme.{section}.{option}"))
            for name, option in _OPTIONS.items()
        }
    )


def scenario_colours() -> Mapping[Scenario, str]:
    """Return the colour of each scenario in the current appearance."""
    return SCENARIO_COLOURS[appearance()]


def segment_colours() -> Mapping[str, str]:
    """Return the colour of each segment in the current appearance, always the same.

    Like segments share a hue, for five hues can be told apart: titles tell the rest.
    """
    hues, colours = scenario_colours(), tokens()
    by_hue = {
        hues[Scenario.REBUY]: ("champion", "loyal"),
        hues[Scenario.UPSELL]: ("big_spender",),
        hues[Scenario.CROSS_SELL]: ("recent", "promising"),
        hues[Scenario.WINBACK]: ("must_keep", "at_risk"),
        colours.muted: ("dormant", "prospect"),
    }
    return {segment: colour for colour, segments in by_hue.items() for segment in segments}


def translucent(colour: str, opacity: float = 0.4) -> str:
    """Return a colour such as `#7A1F3D` so that what is behind it shows.

    >>> translucent("#7A1F3D")
    'rgba(122,31,61,0.4)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def heat_scale() -> list[tuple[float, str]]:
    """Return the scale of a heat map: from the surface of the page half way to the primary colour.

    On all of it text in ink has a contrast of AA.
    """
    colours = tokens()
    return [(0.0, colours.surface), (1.0, mixed(colours.surface, colours.primary))]


def mixed(one: str, other: str) -> str:
    """Return the colour half way between two.

    >>> mixed("#000000", "#FFFFFF")
    '#808080'
    """
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{(low + high + 1) // 2:02X}" for low, high in pairs)


def draw_corrections() -> None:
    """Bring colours that Streamlit chooses up to AA; leave tables their width.

    A button without a frame is told by its colour. Dialogs and popovers hang outside the
    application, where the page has no colour scheme.
    """
    light, dark = tokens(LIGHT), tokens(DARK)
    st.html(
        f"""
        <style>
        [data-testid^="stBaseButton-primary"] {{
            color: light-dark({light.surface}, {dark.paper});
        }}
        [data-testid="stCaptionContainer"] {{
            color: light-dark({light.muted}, {dark.muted});
            opacity: 1;
        }}
        [data-testid="stBaseButton-tertiary"] {{
            color: light-dark({light.primary}, {dark.primary});
        }}
        .stMarkdownBadge {{
            background-color: transparent !important;
            border: 1px solid color-mix(in srgb, currentColor 35%, transparent);
        }}
        [data-testid="stDialog"],
        [data-testid="stPopoverBody"] {{
            color-scheme: {appearance()};
        }}
        [data-testid="stMainBlockContainer"] {{
            padding-left: clamp(1rem, 3vw, 5rem);
            padding-right: clamp(1rem, 3vw, 5rem);
        }}
        </style>
        """
    )
