"""Values that come from files, inside the Markdown that Streamlit reads."""

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^])")


def plain(value: object) -> str:
    """Return `value` so that Markdown shows it letter by letter, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(str(value).split()))


def bold(text: str) -> str:
    """Return `text`, a sentence of ours, in bold."""
    return f"**{text}**"
