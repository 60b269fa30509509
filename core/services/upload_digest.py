"""The sha256 of a file that grows: each byte is read once, right after it was written."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

_BLOCK = 1 << 20


@dataclass
class _Digest:
    """What was read of one file."""

    sha256: Any = field(default_factory=hashlib.sha256)
    read: int = 0


# A state of sha256 cannot be kept on disk: after a restart the file is read once more.
_DIGESTS: dict[Path, _Digest] = {}


def digest_so_far(path: Path, stream: BinaryIO) -> str:
    """Return the sha256 of everything in `path`, open as `stream`, which is left at its end.

    Whoever calls this holds the lock of the file.
    """
    digest = _DIGESTS.get(path)
    if digest is None or digest.read > os.fstat(stream.fileno()).st_size:
        digest = _DIGESTS[path] = _Digest()
    stream.seek(digest.read)
    while block := stream.read(_BLOCK):
        digest.sha256.update(block)
        digest.read += len(block)
    return str(digest.sha256.hexdigest())


def forget_digest(path: Path) -> None:
    """Forget what was read of `path`: it is finished or removed."""
    _DIGESTS.pop(path, None)
