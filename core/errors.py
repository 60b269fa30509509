"""One tree of errors. A message says what, which record, and what to do next.

No address, key or row content stands in a message: errors are logged and shown across the
product. `str(error)` is English; a page or the command line asks for `error.sentence(language)`.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.i18n import N_, SOURCE_LANGUAGE, translate

DATABASE_AWAY = N_("The database does not answer. Check that it runs, then try again.")


def sentence_of(
    data: Mapping[str, Any], language: str = SOURCE_LANGUAGE, write: Callable[[object], str] = str
) -> str:
    """Return the sentence of an error's `to_data()` in `language`, each value as `write` has it."""
    values = {
        name: sentence_of(value, language, write) if isinstance(value, Mapping) else write(value)
        for name, value in data["values"].items()
    }
    return translate(language, data["message"], **values)


class CrmError(Exception):
    """Base of every error a user may read.

    `message` is a gettext source string with `%(name)s` placeholders, `values` fills them.
    """

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def sentence(
        self, language: str = SOURCE_LANGUAGE, write: Callable[[object], str] = str
    ) -> str:
        """Return the sentence to show, in `language`, an error among the values with it.

        `write` makes a value harmless where markup is read: a message is ours, a value may be a
        text of a file.
        """
        return sentence_of(self.to_data(), language, write)

    def to_data(self) -> dict[str, Any]:
        """Return message and values JSON-ready, for `sentence_of` in another process."""
        values = {
            name: value.to_data() if isinstance(value, CrmError) else str(value)
            for name, value in self.values.items()
        }
        return {"message": self.message, "values": values}

    def __str__(self) -> str:
        return self.sentence()


class SettingsError(CrmError):
    """A configuration value cannot be used; the program does not start."""


class NotFound(CrmError):
    """What was named does not exist for this tenant."""


class NotAllowed(CrmError):
    """The user's role does not permit the action, or nobody is signed in."""


class NotSignedIn(CrmError):
    """The caller has shown neither a session nor a token that is good."""


class Refused(CrmError):
    """The request is understood and declined: a state, a limit or a duplicate stands against it."""


class FileRefused(Refused):
    """A file cannot be read as a table: its name, the reason and the remedy."""


class QuestionOpen(Refused):
    """The file does not settle something (a date order, a kind); `question` names the choice.

    `options` lists the answers; the command line names the option, the page draws a choice.
    `examples` are cells of the file that fit more than one answer: content, shown to the tenant
    beside the sentence and never part of it.
    """

    def __init__(
        self,
        message: str,
        /,
        *,
        question: str,
        options: tuple[str, ...],
        **values: object,
    ) -> None:
        super().__init__(message, **values)
        self.question = question
        self.options = options
        self.examples: tuple[OpenExample, ...] = ()

    def with_examples(self, examples: "tuple[OpenExample, ...]") -> "QuestionOpen":
        """Return this question with rows of the file that it is about."""
        self.examples = examples
        return self


@dataclass(frozen=True, kw_only=True)
class OpenExample:
    """One row that a question is about: its line, the header of the cell, the cell."""

    line: int
    header: str
    cell: str


class Stopped(Refused):
    """Somebody stopped the work that was under way."""


class StoreUnavailable(CrmError):
    """The database does not answer or is not at the expected schema version."""


class Busy(Refused):
    """Another import, run or send of this tenant is under way."""


class BrevoError(CrmError):
    """A call to Brevo did not do what it was to do.

    `status` is that of the answer (None without one), `code` Brevo's own, `wait_seconds` the time
    until a limit ends. No cause is kept: the errors of the libraries hold the request and its key.
    """

    def __init__(
        self,
        message: str,
        /,
        *,
        status: int | None = None,
        code: str | None = None,
        wait_seconds: float | None = None,
        **values: object,
    ) -> None:
        super().__init__(message, **values)
        self.status = status
        self.code = code
        self.wait_seconds = wait_seconds


class BrevoRefused(BrevoError):
    """The key, the credit or the right is missing: no call of this kind would succeed now."""


class BrevoLimited(BrevoError):
    """Too many calls of this kind; nothing was done."""


class BrevoRejected(BrevoError):
    """Brevo has declined this request, by its `code`."""


class BrevoUnreachable(BrevoError):
    """There was no whole answer: what the call was to do may be done or not."""


class BrevoUnexpected(BrevoError):
    """The answer is not one that Brevo documents: what was asked may be done or not."""


def frames_of(error: BaseException) -> str:
    """Return the kind of `error` and where it arose, for the log.

    Its message is left out: a database's or a parser's message may quote a row.
    """
    places = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return f"{type(error).__qualname__} at {' > '.join(places)}"
