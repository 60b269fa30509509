"""How a line of the log is written: when in UTC, how grave, by whom, for whom, what.

Each line is one record, as text or as JSON. What it was written for — `request`, `tenant`, `job`,
all of them opaque ids — is bound for a block and stands on every line that is written in it.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE = "%(asctime)s %(levelname)s %(name)s %(ids)s%(message)s"
_WHEN = "%Y-%m-%dT%H:%M:%SZ"
REQUEST, TENANT, JOB = "request", "tenant", "job"
T = TypeVar("T")

# A dictionary, and not a value for each: what a route of a thread learns of its caller is meant for
# the lines of the whole request, and a context that was copied keeps the same dictionary.
_BOUND: ContextVar[dict[str, str] | None] = ContextVar("log_ids", default=None)


@contextmanager
def bound(**ids: str) -> Iterator[None]:
    """Let the lines of the block say what they are written for, beside what is bound already."""
    token = _BOUND.set({**bound_ids(), **ids})
    try:
        yield
    finally:
        _BOUND.reset(token)


def bind_further(**ids: str) -> None:
    """Add to what is bound, until the end of the block that binds it, or of the thread."""
    held = _BOUND.get()
    if held is None:
        _BOUND.set(dict(ids))
    else:
        held.update(ids)


def bound_ids() -> Mapping[str, str]:
    """Return what is bound here."""
    return _BOUND.get() or {}


def with_ids_of_here(work: Callable[..., T]) -> Callable[..., T]:
    """Return `work` for another thread, whose lines say what those of this one do."""
    here = copy_context()
    return lambda *given: here.copy().run(work, *given)


def formatter_of(log_format: str) -> logging.Formatter:
    """Return what writes the lines of `LOG_FORMAT`: `text` or `json`."""
    return JsonLine() if log_format == "json" else OneLine()


class OneLine(logging.Formatter):
    """Writes a record on one line: a text with a line break in it cannot pass for a second one."""

    def __init__(self) -> None:
        super().__init__(_LINE, _WHEN)
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, line breaks and other control characters spelt out."""
        record.ids = "".join(f"{name}={value} " for name, value in bound_ids().items())
        return _CONTROL.sub(_spelt, super().format(record))


class JsonLine(logging.Formatter):
    """Writes a record as one JSON object: `time`, `level`, `logger`, `message` and what is bound.

    An exception's text and frames follow the message, as they do on a line of text.
    """

    def __init__(self) -> None:
        super().__init__("%(message)s", _WHEN)
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; whatever is in the message stays within its string."""
        told = {
            "time": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "logger": record.name,
            "message": super().format(record),
            **bound_ids(),
        }
        return json.dumps(told, ensure_ascii=True)


def _spelt(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
