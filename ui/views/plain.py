"""Values that come from files, inside the Markdown that Streamlit reads."""

import re

_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")  # all but those that keep words of a line together
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^&])")
# Addresses, icons and arrows are looked for once the marks are read: no backslash keeps them away.
_READ_LATER = re.compile(
    r"(?<=:)(?=[a-z/])|(?<=www)(?=\.)|(?=@)|(?<=[<>=~-])(?=[<>=-])", re.IGNORECASE
)
_JOINER = "\u2060"  # no width, no break


def plain(value: object) -> str:
    """Return `value` so that Markdown shows it letter by letter, on one line."""
    one_line = _BLANKS.sub(" ", str(value)).strip()
    return _MARKS.sub(r"\\\1", _READ_LATER.sub(_JOINER, one_line))


def bold(text: str) -> str:
    """Return `text`, a sentence of ours, in bold."""
    return f"**{text}**"
