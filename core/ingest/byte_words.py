"""Several bytes at once inside a compiled loop.

A loop over single bytes takes a nanosecond or two for each. Eight of them fit a register, and
sixty-four are compared at once. Both read past the place they are asked for, so `PADDING`
readable bytes must follow the data.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic
from numpy import uint64

from core.compiled import njit

PADDING = 64
_ALL = uint64(0xFFFFFFFFFFFFFFFF)
_BYTE, _WORD, _BLOCK = ir.IntType(8), ir.IntType(64), ir.VectorType(ir.IntType(8), PADDING)


def _loaded(context: Any, builder: Any, signature: Any, arguments: Any, kind: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    start = builder.bitcast(array.data, ir.PointerType(_BYTE))
    place = builder.bitcast(builder.gep(start, [arguments[1]]), ir.PointerType(kind))
    return builder.load(place, align=1)


def _load_word(_context: Any, data: Any, _at: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _loaded(context, builder, signature, arguments, _WORD)

    return types.uint64(data, types.int64), make


def _equal_bits(_context: Any, data: Any, _at: Any, _sign: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block = _loaded(context, builder, signature, arguments, _BLOCK)
        sign = _spread(builder, builder.trunc(arguments[2], _BYTE))
        return builder.bitcast(builder.icmp_unsigned("==", block, sign), _WORD)

    return types.uint64(data, types.int64, types.int64), make


def _spread(builder: Any, sign: Any) -> Any:
    one = builder.insert_element(ir.Constant(_BLOCK, ir.Undefined), sign, ir.Constant(_WORD, 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), PADDING), [0] * PADDING)
    return builder.shuffle_vector(one, one, places)


def _lowest_bit(_context: Any, _bits: Any) -> Any:
    def make(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), make


def _count_bits(_context: Any, _bits: Any) -> Any:
    def make(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), make


# (data, at): the eight bytes from `at` on, the first one lowest.
load_word: Any = intrinsic(_load_word)
# (data, at, sign): a bit for each of the 64 bytes from `at` on, whether it is `sign`.
equal_bits: Any = intrinsic(_equal_bits)
# (bits): the place of the lowest bit that is set; one must be.
lowest_bit: Any = intrinsic(_lowest_bit)
# (bits): how many bits are set.
count_bits: Any = intrinsic(_count_bits)


@njit(cache=True, nogil=True)
def first_bytes(word, count):  # type: ignore[no-untyped-def]
    """Return `word` with all but its first `count` bytes, one to eight, set to zero."""
    return word & (_ALL >> uint64(64 - 8 * count))
