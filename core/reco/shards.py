"""Work on customers in slices, side by side: compiled kernels release the interpreter.

A slice is a range of customers. What a kernel makes of one customer never depends on another, so
the results are the same for any number of slices and threads.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.reco.tables import IntArray

Result = TypeVar("Result")
Slice = tuple[int, int]


def slices_of(offsets: IntArray, rows: int) -> list[Slice]:
    """Return ranges of customers with about `rows` rows each, all customers in all.

    A customer counts for one row more than she has; a range ends near 3/2 x `rows` of these.

    >>> slices_of(np.array([0, 2, 4, 6]), 4)
    [(0, 2), (2, 3)]
    """
    customers = len(offsets) - 1
    weight = offsets[1:] + np.arange(1, customers + 1)  # one more each, for those without rows
    cuts = np.flatnonzero(np.diff((weight - 1) // max(rows * 3 // 2, 1))) + 1
    edges = [0, *cuts.tolist(), customers]
    return list(pairwise(edges))


def slices_of_rows(rows: int, size: int) -> list[Slice]:
    """Return ranges of `size` rows, the last one shorter; one in all where there are no rows.

    >>> slices_of_rows(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return list(pairwise([*range(0, max(rows, 1), size), rows]))


def run_slices(
    work: Callable[[int, int], Result], slices: Sequence[Slice], threads: int | None = None
) -> Iterator[Result]:
    """Yield `work(low, high)` of every slice, in their order, computed side by side.

    At most two results per thread wait to be taken, so that memory stays with the slices.
    """
    threads = threads or os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work, *one) for one in slices[: 2 * threads]]
        for at in range(len(slices)):
            result = waiting.pop(0).result()
            if at + 2 * threads < len(slices):
                waiting.append(pool.submit(work, *slices[at + 2 * threads]))
            yield result


def joined(parts: Sequence[Sequence[NDArray[Any]]]) -> list[NDArray[Any]]:
    """Return the columns of `parts`, each a sequence of the same columns, one after another."""
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]
