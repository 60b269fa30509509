"""Values that come from files, inside the Markdown that Streamlit reads."""

import re

_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")  # all but those that keep words of a line together
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^])")


def plain(value: object) -> str:
    """Return `value` so that Markdown shows it letter by letter, on one line."""
    return _MARKS.sub(r"\\\1", _BLANKS.sub(" ", str(value)).strip())


def bold(text: str) -> str:
    """Return `text`, a sentence of ours, in bold."""
    return f"**{text}**"
