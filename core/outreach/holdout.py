"""Who of an audience is held out to measure what a campaign does: sticky, and equal by segment.

Each customer has a fixed place in [0, 1). In each segment those with the lowest places are held
out, so who is held out at a share of 10 % is held out at 20 % too, and mostly in the next campaign.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil

from core.errors import Refused
from core.i18n import N_

MAX_SHARE = 0.5
PROGRAMME = "campaigns"
"""Whoever shares this word is held out together; another word deals the places anew."""

_DECIMALS = 4
_PLACE_BITS = 53  # as many as a double holds exactly


def check_share(share: float) -> float:
    """Return the share rounded to 4 digits; raise `Refused` outside 0 to 0.5."""
    if not 0 <= share <= MAX_SHARE:  # NaN is refused too
        raise Refused(
            N_("At most half of the audience can be held out. Choose a share from 0 to 0.5.")
        )
    return round(float(share), _DECIMALS)


def place_of(tenant_id: str, customer: str, programme: str = PROGRAMME) -> float:
    """Return the customer's fixed place in [0, 1): the first 53 bits of a sha256.

    >>> place_of("t", "C1") == place_of("t", "C1"), 0 <= place_of("t", "C1") < 1
    (True, True)
    """
    digest = _digester(tenant_id, programme)(customer)
    place = int.from_bytes(digest[:8]) >> (64 - _PLACE_BITS)
    return place / float(1 << _PLACE_BITS)


def _digester(tenant_id: str, programme: str) -> Callable[[str], bytes]:
    """Return the function from a customer to the sha256 of tenant, programme and customer."""
    begun = hashlib.sha256(f"{tenant_id}\x1f{programme}\x1f".encode())

    def digest(customer: str) -> bytes:
        whole = begun.copy()
        whole.update(customer.encode())
        return whole.digest()

    return digest


def number_held_out(share: float, customers: int) -> int:
    """Return how many of a segment are held out: share x customers, rounded, a half down.

    So never more than half of a segment is held out at a share of 0.5 or less. The share counts
    as the decimal number that it is written as.

    >>> [number_held_out(0.1, n) for n in (4, 5, 6, 15, 16, 290)]
    [0, 0, 1, 1, 2, 29]
    """
    return max(0, ceil(Fraction(str(share)) * customers - Fraction(1, 2)))


def select_held_out(tenant_id: str, segments: Mapping[str, str], share: float) -> frozenset[str]:
    """Return the customers held out of an audience; `segments` has the segment of each.

    The order is that of the whole digests, of which a place is the beginning: no two are equal.
    """
    if share == 0:
        return frozenset()
    digest = _digester(tenant_id, PROGRAMME)
    members = defaultdict(list)
    for customer, segment in segments.items():
        members[segment].append((digest(customer), customer))
    return frozenset(
        customer
        for placed in members.values()
        for _digest, customer in sorted(placed)[: number_held_out(share, len(placed))]
    )
