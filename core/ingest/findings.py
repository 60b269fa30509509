"""What was found out about a file and what it rests on: words and values, put together later."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence that is not said yet: a gettext source string and what fills it.

    A value may be a finding itself, so that it is translated with the sentence.
    """

    message: str
    values: dict[str, object]

    def to_data(self) -> dict[str, Any]:
        """Return it JSON-ready, for `core.errors.sentence_of`."""
        return asdict(self)


Findings = Mapping[str, Finding]


def found(message: str, /, **values: object) -> Finding:
    """Return the finding `message` with its values.

    >>> found("line %(line)s", line=3).to_data()
    {'message': 'line %(line)s', 'values': {'line': 3}}
    """
    return Finding(message=message, values=values)
