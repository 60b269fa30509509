"""Draw the page anew when the system turns light or dark: charts carry the colours of their run.

Streamlit's own parts follow by themselves, and it tells the script nothing.
"""

from functools import lru_cache
from typing import Any

import streamlit as st

# Streamlit takes a moment to follow; asked too early it still tells the script the old colours.
_SCRIPT = """
const SETTLES_MS = 400;

export default function (component) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let timer = null;
  const tell = () => {
    clearTimeout(timer);
    timer = setTimeout(() => component.setTriggerValue("turned", dark.matches), SETTLES_MS);
  };
  dark.addEventListener("change", tell);
  return () => {
    clearTimeout(timer);
    dark.removeEventListener("change", tell);
  };
}
"""


def follow_appearance() -> None:
    """Draw nothing that is seen; run the page again after a change of the system."""
    _component()(key="appearance", on_turned_change=lambda: None)


@lru_cache(maxsize=1)
def _component() -> Any:
    return st.components.v2.component("appearance", html="<span hidden></span>", js=_SCRIPT)
