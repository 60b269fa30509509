"""Every tunable number, validated, per tenant, hashed into each run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from core.contracts import EXTRA_RULES, USUAL_SEVERITIES, RuleCode, Scenario, Severity
from core.errors import Refused
from core.i18n import N_


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Weights(_Frozen):
    """Weights of the score's components; each set is normalised to sum 1 when used."""

    affinity: float = Field(default=0.35, ge=0, le=1)
    due: float = Field(default=0.15, ge=0, le=1)
    popularity: float = Field(default=0.15, ge=0, le=1)
    price_fit: float = Field(default=0.1, ge=0, le=1)
    family_fit: float = Field(default=0.15, ge=0, le=1)
    season: float = Field(default=0.05, ge=0, le=1)
    margin: float = Field(default=0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _not_all_zero(self) -> Self:
        if self.total() <= 0:
            raise ValueError("at least one weight must be above 0")
        return self

    def total(self) -> float:
        """Return the sum of the weights, by which each is divided."""
        return float(sum(getattr(self, name) for name in type(self).model_fields))


def _default_weights() -> dict[Scenario, Weights]:
    return {
        Scenario.REBUY: Weights(affinity=0.4, due=0.4, popularity=0.05, family_fit=0.05),
        Scenario.CROSS_SELL: Weights(affinity=0.45, due=0.0, popularity=0.15, family_fit=0.1),
        Scenario.UPSELL: Weights(affinity=0.3, due=0.0, price_fit=0.25, family_fit=0.2),
        Scenario.WINBACK: Weights(affinity=0.5, due=0.0, popularity=0.2, family_fit=0.1),
        Scenario.NURTURE: Weights(affinity=0.3, due=0.0, popularity=0.4, family_fit=0.1),
    }


class CustomerState:
    """The states of a customer at the as-of date, as text constants."""

    PROSPECT = "prospect"
    NEW = "new"
    ACTIVE = "active"
    LAPSED = "lapsed"
    LOST = "lost"


CUSTOMER_STATES = (
    CustomerState.PROSPECT,
    CustomerState.NEW,
    CustomerState.ACTIVE,
    CustomerState.LAPSED,
    CustomerState.LOST,
)


STATE_TITLES: Mapping[str, str] = {
    CustomerState.PROSPECT: N_("Prospect"),
    CustomerState.NEW: N_("New"),
    CustomerState.ACTIVE: N_("Active"),
    CustomerState.LAPSED: N_("Lapsed"),
    CustomerState.LOST: N_("Lost"),
}
MOST_ITEMS = 20
Quota = Annotated[int, Field(ge=0, le=MOST_ITEMS)]


def _default_quotas() -> dict[str, dict[Scenario, int]]:
    s = Scenario
    return {
        CustomerState.PROSPECT: {s.NURTURE: 5},
        CustomerState.NEW: {s.NURTURE: 2, s.CROSS_SELL: 2, s.UPSELL: 1},
        CustomerState.ACTIVE: {s.REBUY: 2, s.CROSS_SELL: 2, s.UPSELL: 1},
        CustomerState.LAPSED: {s.WINBACK: 3, s.REBUY: 1, s.CROSS_SELL: 1},
        CustomerState.LOST: {s.WINBACK: 4, s.CROSS_SELL: 1},
    }


def _default_severities() -> dict[RuleCode, Severity]:
    return {rule: usual for rule, usual in USUAL_SEVERITIES.items() if rule not in EXTRA_RULES}


class ExtraRules(_Frozen):
    """The rules of `EXTRA_RULES` that are switched on, each with its severity, and their numbers.

    FREQUENCY_CAP: `cap_messages` in `cap_days`; TOO_FEW_ITEMS: fewer than `fewest_items`;
    STALE_PROSPECT: `silent_months` without an act of the person's own.
    """

    severities: dict[RuleCode, Severity] = Field(default_factory=dict)
    cap_messages: int = Field(default=4, ge=1, le=100)
    cap_days: int = Field(default=90, ge=1, le=365)
    fewest_items: int = Field(default=3, ge=2, le=MOST_ITEMS)
    silent_months: int = Field(default=36, ge=1, le=240)

    @field_validator("severities")
    @classmethod
    def _extra_alone(cls, severities: dict[RuleCode, Severity]) -> dict[RuleCode, Severity]:
        if others := sorted(set(severities) - set(EXTRA_RULES)):
            raise ValueError(f"{others[0].value} is no rule that can be switched on")
        return severities


class AuditPolicy(_Frozen):
    """Numbers of the audit rules, of the score and of the gate.

    `extra` is written, and hashed, only where something in it was set: a policy that switches no
    rule on has the text and the hash that it had before there were such rules.
    """

    severities: dict[RuleCode, Severity] = Field(default_factory=_default_severities)
    error_points: int = Field(default=40, ge=0, le=100)
    warning_points: int = Field(default=10, ge=0, le=100)
    gate_score: int = Field(default=80, ge=0, le=100)
    silence_window_days: int = Field(default=14, ge=0, le=365)
    recent_days: int = Field(default=30, ge=0, le=365)
    soft_bounces_in_a_row: int = Field(default=3, ge=1, le=20)
    diversity_min_items: int = Field(default=3, ge=2, le=20)
    diversity_max_share: float = Field(default=0.7, gt=0, le=1)
    sugar_min_share: float = Field(default=0.2, ge=0, le=1)
    extra: ExtraRules = Field(
        default_factory=ExtraRules, exclude_if=lambda extra: bool(extra == ExtraRules())
    )

    @field_validator("severities")
    @classmethod
    def _no_extra(cls, severities: dict[RuleCode, Severity]) -> dict[RuleCode, Severity]:
        if extra := sorted(set(severities) & set(EXTRA_RULES)):
            raise ValueError(f"{extra[0].value} is switched on under extra")
        return severities

    def severity_of(self, rule: RuleCode) -> Severity | None:
        """Return how grave a finding of `rule` is, None where the rule is off."""
        if rule in EXTRA_RULES:
            return self.extra.severities.get(rule)
        return self.severities.get(rule, USUAL_SEVERITIES[rule])


WHOLE = "policy"  # the place of an error that is of no single value
# Numbers of earlier versions that decide nothing any more; stored policies still carry them.
RETIRED = frozenset({"frequency_half_life_days"})


class Policy(_Frozen):
    """Everything that decides what a run proposes and what its audit says."""

    top_n: int = Field(default=5, ge=1, le=20)
    pool_size: int = Field(default=15, ge=5, le=200)
    min_items: int = Field(default=1, ge=0, le=20)
    new_days: int = Field(default=90, ge=1, le=3650)
    winback_days: int = Field(default=180, ge=1, le=3650)
    lost_days: int = Field(default=730, ge=1, le=7300)
    usual_gap_factor: float = Field(default=2.0, gt=0, le=20)
    rfm_months: int = Field(default=24, ge=1, le=240)
    rebuy_silence_days: int = Field(default=30, ge=0, le=365)
    neighbours: int = Field(default=50, ge=1, le=500)
    affinity_shrinkage: float = Field(default=5.0, ge=0, le=1000)
    upsell_min_step: float = Field(default=0.10, ge=0, le=10)
    upsell_max_step: float = Field(default=0.60, gt=0, le=10)
    price_reach: float = Field(default=1.5, gt=0, le=100)
    max_family_share: float = Field(default=0.7, gt=0, le=1)
    min_season_fit: float = Field(default=0.2, ge=0, le=1)
    weights: dict[Scenario, Weights] = Field(default_factory=_default_weights)
    quotas: dict[str, dict[Scenario, Quota]] = Field(default_factory=_default_quotas)
    audit: AuditPolicy = Field(default_factory=AuditPolicy)

    @model_validator(mode="before")
    @classmethod
    def _without_retired(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name not in RETIRED}

    @field_validator("quotas")
    @classmethod
    def _states_known(
        cls, quotas: dict[str, dict[Scenario, int]]
    ) -> dict[str, dict[Scenario, int]]:
        if unknown := sorted(set(quotas) - set(CUSTOMER_STATES)):
            raise ValueError(f"there is no customer state {unknown[0]}")
        return quotas

    @model_validator(mode="after")
    def _steps_in_order(self) -> Self:
        if round(self.upsell_max_step, 4) <= round(self.upsell_min_step, 4):
            raise ValueError("upsell_max_step must be above upsell_min_step, by 0.0001 at least")
        return self

    def canonical_json(self) -> str:
        """Return the policy as JSON with sorted keys and no spaces, the text that is hashed."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def sha256(self) -> str:
        """Return the hexadecimal sha256 of `canonical_json()`."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def with_run_options(
        self, *, top_n: int | None = None, silence_window_days: int | None = None
    ) -> "Policy":
        """Return this policy with the options of one run put in, validated.

        Raises `Refused` when a value is out of its range.
        """
        data = self.model_dump()
        if top_n is not None:
            data["top_n"] = top_n
        if silence_window_days is not None:
            data["audit"]["silence_window_days"] = silence_window_days
        return parse_policy(data)


def parse_policy(data: object) -> Policy:
    """Validate `data` (a mapping) as a policy; raise `Refused` naming the first bad value."""
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or WHOLE
        raise Refused(
            N_("The policy value %(place)s cannot be used: %(reason)s."),
            place=place,
            reason=first["msg"],
        ) from error
