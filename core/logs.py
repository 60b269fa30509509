"""How a line of the log is written: when in UTC, how grave, by whom, what; never two lines."""

import logging
import re
import time

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"


class OneLine(logging.Formatter):
    """Writes a record on one line: a text with a line break in it cannot pass for a second one."""

    def __init__(self) -> None:
        super().__init__(_LINE, "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, line breaks and other control characters spelt out."""
        return _CONTROL.sub(_spelt, super().format(record))


def _spelt(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
