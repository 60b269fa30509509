"""Which items are candidates for a customer: what is nearest to hers, and what is popular."""

from core.compiled import njit

NEAR, POPULAR = 60, 20


@njit(cache=True, nogil=True)
def choose(bought, touched, group, known, s):  # type: ignore[no-untyped-def]
    """Put the `NEAR` nearest and the `POPULAR` most popular behind what was bought."""
    s_found = s.found
    s_heap = s.heap
    s_near = s.near
    s_taken = s.taken
    s_item = s.item
    known_place = known.place
    known_by_popularity = known.by_popularity
    kept = 0  # a heap, the weakest on top
    for at in range(touched):
        other = s_found[at]
        if kept == NEAR:
            top = s_heap[0]
            if s_near[other] < s_near[top] or (
                s_near[other] == s_near[top] and known_place[group, other] > known_place[group, top]
            ):
                continue
            spot = 0
            while True:
                child = 2 * spot + 1
                if child >= kept:
                    break
                if child + 1 < kept and _weaker(s_heap[child + 1], s_heap[child], group, known, s):
                    child += 1
                if _weaker(other, s_heap[child], group, known, s):
                    break
                s_heap[spot] = s_heap[child]
                spot = child
            s_heap[spot] = other
        else:
            spot = kept
            kept += 1
            while spot > 0 and _weaker(other, s_heap[(spot - 1) // 2], group, known, s):
                s_heap[spot] = s_heap[(spot - 1) // 2]
                spot = (spot - 1) // 2
            s_heap[spot] = other
    number = bought
    for at in range(bought):
        s_taken[s_item[at]] = True
    for at in range(kept):
        s_item[number] = s_heap[at]
        s_taken[s_heap[at]] = True
        number += 1
    most = number + POPULAR
    for spot in range(known_by_popularity.shape[1]):
        if number == most:
            break
        other = known_by_popularity[group, spot]
        if not s_taken[other]:
            s_taken[other] = True
            s_item[number] = other
            number += 1
    return number


@njit(cache=True, nogil=True, inline="always")
def _weaker(one, other, group, known, s):  # type: ignore[no-untyped-def]
    if s.near[one] != s.near[other]:
        return s.near[one] < s.near[other]
    return known.place[group, one] > known.place[group, other]
