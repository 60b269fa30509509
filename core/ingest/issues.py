"""Every code a row of a file can carry: what it means, what to do, what it does to the row."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.i18n import N_


class Effect(StrEnum):
    """What an issue does to its row."""

    REJECT = "reject"  # the row is not loaded
    HOLD = "hold"  # the row waits for a decision or for its sale
    WARN = "warn"  # the row is loaded


@dataclass(frozen=True, kw_only=True)
class RowIssue:
    """One code: `sentence` says what is the matter, `remedy` what to do about it."""

    code: str
    effect: Effect
    sentence: str
    remedy: str

    @property
    def rejects(self) -> bool:
        """Whether the row is not loaded."""
        return self.effect is Effect.REJECT


def _reject(code: str, sentence: str, remedy: str) -> RowIssue:
    return RowIssue(code=code, effect=Effect.REJECT, sentence=sentence, remedy=remedy)


def _hold(code: str, sentence: str, remedy: str) -> RowIssue:
    return RowIssue(code=code, effect=Effect.HOLD, sentence=sentence, remedy=remedy)


def _warn(code: str, sentence: str, remedy: str) -> RowIssue:
    return RowIssue(code=code, effect=Effect.WARN, sentence=sentence, remedy=remedy)


_ALL = (
    _reject(
        "MISSING_CELLS",
        N_("The row has fewer cells than the header."),
        N_("Look for a line break or a missing delimiter in this row."),
    ),
    _reject(
        "EXTRA_CELLS",
        N_("The row has more cells than the header."),
        N_("Put quotes around the cell that contains the delimiter."),
    ),
    _reject(
        "UNTERMINATED_QUOTE",
        N_("A quote is opened in this row and never closed properly."),
        N_("Close the quote, or double the quotes inside the cell."),
    ),
    _reject(
        "BAD_QUOTE",
        N_("A quoted cell goes on after its closing quote."),
        N_("Double the quotes inside the cell."),
    ),
    _reject(
        "NUL_BYTE",
        N_("The row contains a zero byte: the file was damaged on its way."),
        N_("Export the file again."),
    ),
    _reject(
        "TOO_LONG",
        N_("A cell is longer than allowed."),
        N_("Shorten the cell, or look for a quote that is not closed."),
    ),
    _reject(
        "STRAY_LINE_END",
        N_("A line end of another kind than the file's stands in the middle of a cell."),
        N_("Put what follows it in a row of its own, or quotes around the cell."),
    ),
    _reject(
        "MISSING_VALUE",
        N_("A required cell is blank."),
        N_("Fill in the cell."),
    ),
    _reject(
        "BAD_NUMBER",
        N_("The cell is not a number."),
        N_("Write a plain number, with the decimal sign used in the rest of the file."),
    ),
    _reject(
        "BAD_DATE",
        N_("The cell is not a date of the calendar."),
        N_("Write the date as in the rest of the file, with a year of four digits."),
    ),
    _reject(
        "BAD_BOOLEAN",
        N_("The cell is neither yes nor no."),
        N_("Write yes or no."),
    ),
    _reject(
        "BAD_CHOICE",
        N_("The cell is none of the accepted words."),
        N_(
            "Accepted are, for customers: private, trade; for documents: valid, cancelled; for"
            " contacts: sent, delivered, open, click, unsubscribe, complaint, soft bounce, hard"
            " bounce."
        ),
    ),
    _reject(
        "OUT_OF_RANGE",
        N_("The number or date is outside what is possible."),
        N_("Check the value; the unit may be another one."),
    ),
    _reject(
        "FUTURE_DATE",
        N_("The sale is dated after the date of the import."),
        N_("Correct the date, or import the row again when the day has come."),
    ),
    _reject(
        "CONFLICTING_DUPLICATE",
        N_("The same sale line stands in the file with another date; the last one counts."),
        N_("Keep the right line only."),
    ),
    _reject(
        "CURRENCY_UNKNOWN",
        N_("The currency is not yours and the mapping has no rate for it."),
        N_("Add the rate to the mapping, or convert the amount."),
    ),
    _reject(
        "UNKNOWN_LINE",
        N_("The line number is not that of a rejected row, or that row was put right before."),
        N_(
            "Leave the column of line numbers as it was downloaded, one row for each number. What"
            " is loaded is changed by an ordinary file."
        ),
    ),
    _reject(
        "ERASED_PERSON",
        N_("The row names a person who was erased; nothing of it is kept."),
        N_("Nothing to do. Take the person out of the program that this file comes from."),
    ),
    _hold(
        "UNKNOWN_PRODUCT",
        N_("The product is not in the catalogue."),
        N_("Import the products file with it, or create it among the waiting rows."),
    ),
    _hold(
        "UNKNOWN_LABEL",
        N_("No product is known under this label."),
        N_("Say among the waiting rows which product it is; the answer is remembered."),
    ),
    _hold(
        "UNKNOWN_CUSTOMER",
        N_("The customer is not known."),
        N_("Import the clients file with it, or create the customer among the waiting rows."),
    ),
    _hold(
        "RETURN_WITHOUT_SALE",
        N_("This return has no earlier sale of the product to the customer."),
        N_("Import the sale; the return is then counted."),
    ),
    _warn(
        "MISSING_EMAIL",
        N_("The customer has no e-mail address and cannot be written to."),
        N_("Add the address when you have it."),
    ),
    _warn(
        "MALFORMED_EMAIL",
        N_("The e-mail address cannot be right."),
        N_("Correct the address; until then the customer cannot be written to."),
    ),
    _warn(
        "OPT_OUT_KEPT",
        N_("The file would have written to someone who has opted out; the opt-out is kept."),
        N_("Nothing to do. Only an administrator may lift an opt-out, with a reason."),
    ),
    _warn(
        "OPT_OUT_TAKEN",
        N_("The row is rejected, but the opt-out that it says counts."),
        N_("Correct the row for its other cells; nobody is written to meanwhile."),
    ),
    _warn(
        "ROWS_IN_CELL",
        N_("One cell holds what looks like whole rows; none of them is read as a row."),
        N_("If they are rows, take out the quote before that cell and the one after it."),
    ),
)

ISSUES: Mapping[str, RowIssue] = {issue.code: issue for issue in _ALL}
