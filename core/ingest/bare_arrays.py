"""Arrays without reference counts inside a compiled loop.

Numba counts references atomically wherever a function takes an array: 20 ns for each call in an
inner loop, more than most of them do. An array that does not own its memory is not counted.
"""

from typing import Any

from numba import carray, types  # type: ignore[attr-defined]  # carray has no stub
from numba.core.extending import intrinsic

from core.compiled import njit


@intrinsic
def _as_pointer(_context: Any, address: Any) -> Any:
    def make_pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        return builder.inttoptr(arguments[0], kind)

    return types.voidptr(address), make_pointer


@njit(cache=True, nogil=True, inline="always")
def bare(array):  # type: ignore[no-untyped-def]
    """Return a view of the contiguous `array` that must not outlive it."""
    address = array.ctypes.data
    return carray(_as_pointer(address), array.shape, array.dtype)  # type: ignore[call-arg]
