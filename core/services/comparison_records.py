"""Records of the comparison of two runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.services.policy_fields import Change
from core.services.run_records import RunCard
from core.store.own_changes import OwnChanges
from core.store.run_pairs import CONDITIONS

KINDS = tuple(CONDITIONS)
"""The kinds of change by which customers are counted and listed."""


class Cause(StrEnum):
    """What can make two runs differ."""

    DATA = "data"
    DATE = "date"
    POLICY = "policy"
    CODE = "code"


@dataclass(frozen=True, kw_only=True)
class Transition:
    """How many customers of both runs went from one verdict to another."""

    before: str
    after: str
    customers: int


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """What differs between two runs as a whole, and how many customers changed.

    `tables` are the data that differ, `code` the versions of the program, `counts` the customers by
    each of `KINDS`; `scenarios` has the proposals per scenario before and after.
    """

    older: RunCard
    newer: RunCard
    causes: tuple[Cause, ...]
    policy_changes: tuple[Change, ...]
    tables: tuple[str, ...]
    code: tuple[str, str]
    counts: Mapping[str, int]
    transitions: tuple[Transition, ...]
    scenarios: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class ListItem:
    """One product of a list, by its name in the catalogue now."""

    rank: int
    scenario: str
    product_key: str
    product_name: str
    score: float


@dataclass(frozen=True, kw_only=True)
class CustomerDifference:
    """One customer in both runs; the sides of a run she is not in are None or empty.

    `own` is what differs in her own data; `is_own_known` is False when a revision is gone, and
    then only the lines between the as-of dates are counted.
    """

    customer: str
    reason_before: str | None
    reason_after: str | None
    state_before: str | None
    state_after: str | None
    segment_before: str | None
    segment_after: str | None
    is_list_changed: bool
    before: tuple[ListItem, ...]
    after: tuple[ListItem, ...]
    own: OwnChanges
    is_own_known: bool

    @property
    def is_changed(self) -> bool:
        """Tell whether her list or her verdict differs, or she is in one run only."""
        return self.is_list_changed or self.reason_before != self.reason_after
