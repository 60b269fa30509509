"""Codes that take the place of what could name a person, made with a salt that is thrown away."""

import hashlib
from dataclasses import dataclass

PREFIX = "erased-"
UNIT = "\x1f"  # between the parts of a line's key


@dataclass(frozen=True)
class Opaque:
    """Codes of one erasure: equal for equal values, so that a basket stays one."""

    salt: str

    def code(self, value: str) -> str:
        """Return the code of any value.

        >>> Opaque("s").code("C1") == Opaque("s").code("C1"), Opaque("s").code("C1")[:7]
        (True, 'erased-')
        """
        digest = hashlib.sha256(f"{self.salt}{UNIT}{value}".encode()).hexdigest()
        return PREFIX + digest[:20]

    def document(self, document_id: str, customer: str) -> str:
        """Return the code of a customer's part of a document."""
        return self.code(f"{document_id}{UNIT}{customer}")


def opaque_line_key(line_key: str, document_id: str, line_no: str | None, document: str) -> str:
    """Return the key that the same line has without its customer, in the document `document`.

    It is what a file without the customer's code would give: see `core.ingest.identity`.
    """
    before, _, rest = line_key.partition(document_id + UNIT)
    if before or not rest:  # of no file: a key of another making
        return f"{document}{UNIT}{hashlib.sha256(f'{document}{line_key}'.encode()).hexdigest()}"
    if line_no is None:
        rest = rest.rpartition(UNIT)[0] + UNIT
    return f"{document}{UNIT}{rest}"
