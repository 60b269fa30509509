"""What a column of an input file is: name, type, requirement, synonyms."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as defaulted
from enum import StrEnum
from functools import cached_property


class ColumnType(StrEnum):
    """How the text of a cell is parsed, and what it becomes."""

    TEXT = "text"  # trimmed text
    CODE = "code"  # trimmed text, compared bytewise: `007` stays `007`
    EMAIL = "email"  # trimmed text as typed; its comparison form is `email_norm`
    BOOLEAN = "boolean"  # oui/non, yes/no, 1/0, vrai/faux, x
    INTEGER = "integer"  # whole number
    DECIMAL = "decimal"  # DOUBLE, rounded to 6 digits
    MONEY = "money"  # BIGINT, hundredths of the currency unit
    QUANTITY = "quantity"  # BIGINT, thousandths of a unit sold
    VOLUME = "volume"  # INTEGER, millilitres; cells are centilitres
    DATE = "date"  # DATE; a time of day is read and dropped
    CHOICE = "choice"  # one of `choices`


DUCKDB_TYPES: Mapping[ColumnType, str] = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.CODE: "VARCHAR",
    ColumnType.EMAIL: "VARCHAR",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.DECIMAL: "DOUBLE",
    ColumnType.MONEY: "BIGINT",
    ColumnType.QUANTITY: "BIGINT",
    ColumnType.VOLUME: "BIGINT",
    ColumnType.DATE: "DATE",
    ColumnType.CHOICE: "VARCHAR",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an input file.

    `name` is the header of the contract, `field` the name inside code and database.
    `synonyms` are further headers, compared without case, accents, spaces, `_` and `-`.
    `choices` maps each accepted spelling (folded the same way) to the canonical value.
    """

    name: str
    field: str
    type: ColumnType
    required: bool = False
    synonyms: tuple[str, ...] = ()
    choices: Mapping[str, str] = defaulted(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The name and the synonyms in their comparison form."""
        return tuple(fold(header) for header in (self.name, *self.synonyms))


def names(listed: str) -> tuple[str, ...]:
    """Return the headers listed in `listed`, separated by ` | `."""
    return tuple(listed.split(" | "))


def fold(header: str) -> str:
    """Return `header` without case, accents, spaces, `_`, `-`, `.`, `°`: its comparison form.

    >>> fold("Code_Client"), fold("N° de Pièce")
    ('codeclient', 'ndepiece')
    """
    plain = unicodedata.normalize("NFKD", header.replace("°", "").casefold())
    return "".join(c for c in plain if c.isalnum())
