"""A digest of many rows that does not depend on their order.

Each row has a hash of 128 bits; the digest is their sum, modulo 2^128, so that tables are compared
without being sorted, which databases of different collations would do differently.
"""

import hashlib
import io
from collections.abc import Iterable
from typing import Any, BinaryIO

_BYTES = 16
_MODULUS = 1 << (8 * _BYTES)


class RowDigest:
    """Counts rows and sums their hashes."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: bytes) -> None:
        """Take one row in."""
        self.rows += 1
        self._sum += int.from_bytes(hashlib.blake2b(row, digest_size=_BYTES).digest())

    @property
    def text(self) -> str:
        """The digest of the rows so far."""
        return f"{self._sum % _MODULUS:032x}"


class DigestingWriter(io.RawIOBase):
    """Passes the lines of a COPY on to `target`, if there is one, and takes each into a digest."""

    def __init__(self, target: BinaryIO | None, digest: RowDigest) -> None:
        super().__init__()
        self._target, self._digest, self._rest = target, digest, b""

    def writable(self) -> bool:
        """Be written to."""
        return True

    def write(self, chunk: Any, /) -> int:
        """Take a piece of the copy, which may end within a line."""
        data = bytes(chunk)
        if self._target is not None:
            self._target.write(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._digest.add(line)
        return len(data)


def digest_of(rows: Iterable[object]) -> RowDigest:
    """Return the digest of rows as SQLite gives them."""
    digest = RowDigest()
    for row in rows:
        digest.add(repr(row).encode())
    return digest
