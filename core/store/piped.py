"""Reading what another thread writes while it writes, with a bounded amount in between."""

import fcntl
import os
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import BinaryIO

_PIPE_BYTES = 1 << 20  # the most that Linux gives without privileges
_PIECE_BYTES = 1 << 18  # what is made of a piece fits the cache


def read_written(write: Callable[[BinaryIO], object]) -> Generator[bytes]:
    """Yield in pieces what `write` writes; raise what it raises.

    Who closes this before the end waits for `write`, whose next bytes are a broken pipe to it.
    """
    reading, writing = os.pipe()
    with suppress(OSError):  # a user has so much for all pipes; a smaller one does too
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    failed: list[BaseException] = []
    thread = threading.Thread(target=_write, args=(write, writing, failed), daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb", buffering=0) as stream:
            while piece := stream.read(_PIECE_BYTES):
                yield piece
    finally:
        thread.join()
    if failed:
        raise failed[0]


def _write(write: Callable[[BinaryIO], object], writing: int, failed: list[BaseException]) -> None:
    try:
        with os.fdopen(writing, "wb", buffering=_PIECE_BYTES) as stream:
            write(stream)
    except BaseException as error:  # noqa: BLE001 - the reader raises it
        failed.append(error)
