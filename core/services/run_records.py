"""Records of the Runs, QC and Exports pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.reco.profiles import TraitValue
from core.store.runs import RunStatus


@dataclass(frozen=True, kw_only=True)
class RunCard:
    """A run in a list; the figures are None or empty until it is done.

    `error` is set when it failed; `seconds` is the time its stages took; `policy_version` is the
    version its policy came from, 0 for the defaults, None when it was not kept; `review_no` is the
    review in force, 0 before the first.
    """

    run_id: str
    status: RunStatus
    as_of: date
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    error: str | None
    customers: int | None
    eligible: int | None
    gating_rate: float | None
    recommendations: int | None
    scenario_counts: Mapping[str, int]
    seconds: float | None
    policy_version: int | None
    review_no: int


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """A run with its summary (empty until it is done) and its warnings as sentences."""

    card: RunCard
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ScoreBin:
    """Customers whose audit score is from `score_from` to below `score_from + 10`."""

    score_from: int
    customers: int
    eligible: int


@dataclass(frozen=True, kw_only=True)
class RuleCount:
    """Issues of one rule and severity, with the rule's sentence and remedy.

    `is_repair`: none of them stands any more, since each was taken out of a list. An INFO that is
    no repair is a remark, of a rule that the policy does not score.
    """

    rule_code: str
    severity: str
    issues: int
    customers: int
    sentence: str
    remedy: str
    is_repair: bool


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """Customers of one verdict; `OK` counts the eligible ones."""

    reason: str
    customers: int


@dataclass(frozen=True, kw_only=True)
class ScenarioCount:
    """Recommendations of one scenario in one segment, and the customers who have one."""

    segment: str
    scenario: str
    items: int
    customers: int


@dataclass(frozen=True, kw_only=True)
class GroupCount:
    """Customers of one segment or state; value is the net revenue of 24 months in cents."""

    name: str
    customers: int
    eligible: int
    value_cents: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The figures of the QC page; bins, rules and groups without customers are left out."""

    customers: int
    eligible: int
    gating_rate: float
    gate_export: bool
    score_bins: tuple[ScoreBin, ...]
    issues: tuple[RuleCount, ...]
    reasons: tuple[ReasonCount, ...]
    scenario_mix: tuple[ScenarioCount, ...]
    segments: tuple[GroupCount, ...]
    states: tuple[GroupCount, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One customer of a run; `rules` are those she fails, repairs left out."""

    customer: str
    name: str
    eligible: bool
    gate_export: bool
    reason: str
    scenario: str
    audit_score: int
    state: str
    segment: str
    value_cents: int
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VerdictPage:
    """A page of verdicts, and how many there are in all."""

    verdicts: tuple[Verdict, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class Item:
    """One recommendation with its evidence; name, family and price as in the catalogue now."""

    rank: int
    product_key: str
    product_name: str
    family: str | None
    price_cents: int | None
    scenario: str
    score: float
    explain_short: str
    reasons: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One audit issue in words; severity INFO tells of a repair."""

    severity: str
    rule_code: str
    product_key: str | None
    product_name: str | None
    sentence: str
    remedy: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """What was bought in one month (`2026-03`) of one family, net of returns."""

    month: str
    family: str | None
    documents: int
    quantity_milli: int
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact event."""

    contact_date: date | None
    status: str
    channel: str | None
    campaign: str | None


@dataclass(frozen=True, kw_only=True)
class CustomerDetail:
    """Everything a run says of one customer, and what it rests on.

    `product_names` has the products that the reasons name, by key.
    """

    verdict: Verdict
    email: str | None
    language: str | None
    customer_type: str | None
    items: tuple[Item, ...]
    issues: tuple[Issue, ...]
    purchases: tuple[Purchases, ...]
    contacts: tuple[Contact, ...]
    taste: tuple[TraitValue, ...]
    product_names: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class GatingPoint:
    """The gating rate of one finished run."""

    run_id: str
    as_of: date
    created_at: datetime
    customers: int
    eligible: int
    gating_rate: float
