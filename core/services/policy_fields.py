"""The values of a policy one by one: dotted names, allowed ranges, defaults, differences.

Ranges and defaults are read from `core.policy`, titles and explanations from `policy_words`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel

from core.audit.rules import RULES
from core.contracts import (
    EXTRA_RULES,
    SCENARIO_TITLES,
    USUAL_SEVERITIES,
    RuleCode,
    Scenario,
    Severity,
)
from core.formats import format_number
from core.i18n import N_, translate
from core.policy import (
    CUSTOMER_STATES,
    MOST_ITEMS,
    STATE_TITLES,
    AuditPolicy,
    ExtraRules,
    Policy,
    Weights,
)
from core.services.policy_words import (
    COMPONENT_WORDS,
    COMPONENTS,
    ITEMS,
    OFF,
    QUOTA_TITLE,
    RULE_CHOICES,
    RULE_TITLE,
    SEVERITY_TITLE,
    USUALLY,
    WEIGHT_TITLE,
    WORDS,
    Group,
)

_MODELS: Mapping[str, type[BaseModel]] = {
    "": Policy,
    "audit": AuditPolicy,
    "audit.extra": ExtraRules,
}
Value = int | float | str
Values = Mapping[str, Value]
_MOST_DIGITS = 6
_CHANGE = N_("%(title)s: %(before)s → %(after)s")
# Whoever asked not to be written to is not a matter of settings.
_ALWAYS_ERROR = (RuleCode.OPTOUT_OR_BOUNCE,)


@dataclass(frozen=True, kw_only=True)
class PolicyField:
    """One value of a policy.

    A number lies from `least` (itself left out when `is_above_least`) to `greatest`, and is whole
    when `is_whole`; any other value is one of `choices`. `title`, its `parts`, `unit` and
    `explanation` are gettext source strings.
    """

    name: str
    group: Group
    title: str
    parts: Mapping[str, str]
    unit: str
    explanation: str
    default: Value
    is_whole: bool = False
    least: float = 0.0
    greatest: float = 0.0
    is_above_least: bool = False
    choices: tuple[str, ...] = ()

    def title_in(self, language: str) -> str:
        """Return the title in `language`."""
        parts = {name: translate(language, part) for name, part in self.parts.items()}
        return translate(language, self.title, **parts)


def said(value: Value, language: str) -> str:
    """Return a value of a policy as it is read in `language`, with the decimals it has.

    >>> said(0.35, "fr"), said(180, "fr"), said("WARN", "fr")
    ('0,35', '180', 'Avertissement')
    """
    if isinstance(value, str):
        return translate(language, RULE_CHOICES.get(value, value))
    digits = len(f"{value:.{_MOST_DIGITS}f}".rstrip("0").partition(".")[2])
    return format_number(value, language, digits=digits)


@lru_cache(maxsize=1)
def policy_fields() -> Mapping[str, PolicyField]:
    """Return every value of a policy by its name, in the order in which they are shown."""
    fields = [*_extra_rules(), *_numbers(), *_quotas(), *_weights(), *_severities()]
    order = list(Group)
    return {f.name: f for f in sorted(fields, key=lambda f: order.index(f.group))}


def values_of(policy: Policy) -> dict[str, Value]:
    """Return every value of `policy` by its name; a quota that is not set is 0."""
    return {name: _value(policy, name.split(".")) for name in policy_fields()}


def data_of(values: Values) -> dict[str, Any]:
    """Return what `parse_policy` reads, from every value by its name.

    Quotas of 0 and rules that are off are left out.
    """
    data: dict[str, Any] = {"quotas": {state: {} for state in CUSTOMER_STATES}}
    for name, value in values.items():
        *parents, last = name.split(".")
        if (parents[:1] == ["quotas"] and value == 0) or value == OFF:
            continue
        place = data
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return data


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value that differs between two policies."""

    field: str
    before: Value
    after: Value


def changes_between(before: Policy, after: Policy) -> tuple[Change, ...]:
    """Return the values that differ, in the order in which they are shown."""
    old, new = values_of(before), values_of(after)
    return tuple(
        Change(field=name, before=old[name], after=new[name])
        for name in old
        if old[name] != new[name]
    )


def change_line(change: Change, language: str) -> str:
    """Return one change in words: `Gate: 80 → 70`."""
    return translate(
        language,
        _CHANGE,
        title=policy_fields()[change.field].title_in(language),
        before=said(change.before, language),
        after=said(change.after, language),
    )


def _value(policy: Policy, path: list[str]) -> Value:
    if path[0] == "quotas":
        return policy.quotas.get(path[1], {}).get(Scenario(path[2]), 0)
    if path[0] == "weights":
        return float(getattr(policy.weights.get(Scenario(path[1]), Weights()), path[2]))
    if "severities" in path:
        severity = policy.audit.severity_of(RuleCode(path[-1]))
        return severity.value if severity else OFF
    owner: BaseModel = policy
    for part in path[:-1]:
        owner = getattr(owner, part)
    value: Value = getattr(owner, path[-1])
    return value


def _numbers() -> list[PolicyField]:
    default = Policy()
    found = []
    for name, words in WORDS.items():
        *parents, last = path = name.split(".")
        info = _MODELS[".".join(parents)].model_fields[last]
        found.append(
            PolicyField(
                name=name,
                group=words.group,
                title=words.title,
                parts={},
                unit=words.unit,
                explanation=words.explanation,
                default=_value(default, path),
                is_whole=info.annotation is int,
                **_range(info.metadata),
            )
        )
    return found


def _range(metadata: list[Any]) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for bound in metadata:
        if isinstance(bound, Ge):
            bounds["least"] = bound.ge
        elif isinstance(bound, Gt):
            bounds |= {"least": bound.gt, "is_above_least": True}
        elif isinstance(bound, Le):
            bounds["greatest"] = bound.le
    return bounds


def _quotas() -> list[PolicyField]:
    default = Policy()
    return [
        PolicyField(
            name=f"quotas.{state}.{scenario.value}", group=Group.QUOTAS, title=QUOTA_TITLE,
            parts={"scenario": SCENARIO_TITLES[scenario], "state": STATE_TITLES[state]},
            unit=ITEMS, explanation="", default=default.quotas[state].get(scenario, 0),
            is_whole=True, greatest=MOST_ITEMS,
        )
        for state in CUSTOMER_STATES
        for scenario in Scenario
    ]  # fmt: skip


def _weights() -> list[PolicyField]:
    default = Policy()
    return [
        PolicyField(
            name=f"weights.{scenario.value}.{component}", group=Group.WEIGHTS, title=WEIGHT_TITLE,
            parts={"scenario": SCENARIO_TITLES[scenario], "component": COMPONENTS[component]},
            unit="", explanation=COMPONENT_WORDS[component],
            default=float(getattr(default.weights[scenario], component)),
            **_range(Weights.model_fields[component].metadata),
        )
        for scenario in Scenario
        for component in Weights.model_fields
    ]  # fmt: skip


def _severities() -> list[PolicyField]:
    default = AuditPolicy()
    return [
        PolicyField(
            name=f"audit.severities.{rule.code.value}", group=Group.SEVERITIES,
            title=SEVERITY_TITLE, parts={"rule": rule.code.value}, unit="",
            explanation=rule.sentence, default=default.severities[rule.code].value,
            choices=(Severity.ERROR.value,)
            if rule.code in _ALWAYS_ERROR
            else tuple(severity.value for severity in Severity),
        )
        for rule in RULES
        if rule.code not in EXTRA_RULES
    ]  # fmt: skip


def _extra_rules() -> list[PolicyField]:
    return [
        PolicyField(
            name=f"audit.extra.severities.{rule.code.value}", group=Group.EXTRA, title=RULE_TITLE,
            parts={"rule": rule.code.value}, unit=USUALLY[USUAL_SEVERITIES[rule.code]],
            explanation=rule.sentence, default=OFF, choices=tuple(RULE_CHOICES),
        )
        for rule in RULES
        if rule.code in EXTRA_RULES
    ]  # fmt: skip
