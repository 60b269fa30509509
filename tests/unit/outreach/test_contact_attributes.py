"""Attributes at Brevo: a tenant's own names, whatever its key."""

from itertools import chain

from core.outreach.contact_attributes import attribute_names


def test_names_fit_and_no_two_tenants_share_one() -> None:
    long = "cave-cooperative-des-vignerons-de-saint-emilion"
    keys = ["a", "a-next", "a-last", "9", "x" * 32, "x" * 33, long, f"{long}-2"]
    names = list(chain.from_iterable(attribute_names(key).values() for key in keys))
    assert len(set(names)) == 4 * len(keys)
    assert max(map(len, names)) <= 50
