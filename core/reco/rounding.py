"""Parts of whole numbers, exact however large: what an import takes may not fit when multiplied."""

import numpy as np

from core.reco.tables import IntArray

_FITS = 2.0**62  # half of what int64 holds: room for the rounding of the estimate


def rounded_part(number: IntArray, part: IntArray, whole: IntArray) -> IntArray:
    """Return number x part / whole of each row, half rounded up, which must fit int64.

    `part` is 0 or more, `whole` above 0. Only the rows whose product might not fit take Python's
    integers.

    >>> rounded_part(np.array([7, 10**12]), np.array([1, 10**12]), np.array([2, 10**12])).tolist()
    [4, 1000000000000]
    """
    found: IntArray = (2 * number * part + whole) // (2 * whole)
    size = 2 * np.abs(number.astype(np.float64)) * part + 2 * whole.astype(np.float64)
    for row in np.flatnonzero(size >= _FITS):
        one, of, all_of = int(number[row]), int(part[row]), int(whole[row])
        found[row] = (2 * one * of + all_of) // (2 * all_of)
    return found
