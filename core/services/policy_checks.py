"""What is wrong with the values of a policy: everything at once, each with the remedy."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as filled

from core.contracts import SCENARIO_TITLES, Scenario
from core.errors import CrmError, Refused
from core.i18n import N_, SOURCE_LANGUAGE, translate
from core.policy import WHOLE, Policy, Weights, parse_policy
from core.services.policy_fields import PolicyField, Value, data_of, policy_fields, said, values_of

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_LINE = N_("%(name)s: %(problem)s")
_UNKNOWN = N_("There is no policy value of this name.")
_LOOK_UP = N_("Take a name from the list that `python -m core policy --show` prints.")
_NOT_A_NUMBER = N_("“%(value)s” is not a number.")
_NOT_WHOLE = N_("%(value)s is not a whole number.")
_OUTSIDE = N_("%(value)s is outside the allowed range.")
_NOT_A_CHOICE = N_("“%(value)s” is none of the choices.")
_ENTER_NUMBER = N_("Enter a number from %(least)s to %(greatest)s.")
_ENTER_WHOLE = N_("Enter a whole number from %(least)s to %(greatest)s.")
_ENTER_ABOVE = N_("Enter a number above %(least)s, up to %(greatest)s.")
_CHOOSE = N_("Choose one of: %(choices)s.")
_NO_WEIGHT = N_("All weights of %(scenario)s are 0.")
_SOME_WEIGHT = N_("Set at least one of them above 0.")
# Pairs whose first value must be below (or at most) the second.
_IN_ORDER: Sequence[tuple[str, str, bool]] = (
    ("upsell_min_step", "upsell_max_step", True),
    ("winback_days", "lost_days", True),
    ("min_items", "top_n", False),
    ("top_n", "pool_size", False),
)
_NOT_BELOW = N_("“%(lower)s” (%(low)s) is not below “%(upper)s” (%(high)s).")
_ABOVE = N_("“%(lower)s” (%(low)s) is above “%(upper)s” (%(high)s).")
_ORDER_THEM = N_("Lower the first, or raise the second.")
_UNREADABLE = N_("Version %(version)s of the policy cannot be read any more.")
_NOT_ALLOWED_NOW = N_(
    "Version %(version)s of the policy cannot be used any more: what it says of “%(value)s” is not"
    " allowed today."
)
_CONTRADICTION = N_(
    "Version %(version)s of the policy cannot be used any more: its values contradict each other."
)
_UNUSABLE = N_(
    "%(problem)s Go back to another version, or to the defaults, on the page Settings or with"
    " `python -m core policy --back`."
)


@dataclass(frozen=True, kw_only=True)
class PolicyProblem:
    """One value that cannot be used: its field, why, and what to do; gettext source strings.

    `titles` and `numbers` fill the placeholders: titles are translated, numbers are written.
    """

    field: str
    reason: str
    remedy: str
    titles: Mapping[str, str] = filled(default_factory=dict)
    numbers: Mapping[str, Value] = filled(default_factory=dict)

    def sentence(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return reason and remedy in `language`."""
        known = policy_fields()
        values: dict[str, str] = {}
        for name, title in self.titles.items():
            is_field = title in known
            values[name] = (
                known[title].title_in(language) if is_field else translate(language, title)
            )
        for name, value in self.numbers.items():  # text is as it was typed, or is to be typed
            values[name] = value if isinstance(value, str) else said(value, language)
        return " ".join(translate(language, text) % values for text in (self.reason, self.remedy))

    def line(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return the sentence with the name and the title of the field before it."""
        known = policy_fields().get(self.field)
        name = f"{self.field} ({known.title_in(language)})" if known else self.field
        return translate(language, _LINE, name=name, problem=self.sentence(language))


class PolicyRefused(Refused):
    """Values that make no policy; `problems` has each of them."""

    def __init__(self, problems: Sequence[PolicyProblem]) -> None:
        super().__init__(N_("The policy was not saved: values cannot be used."))
        self.problems = tuple(problems)

    def sentence(
        self, language: str = SOURCE_LANGUAGE, write: Callable[[object], str] = str
    ) -> str:
        """Return what is wrong, a line for each value, as `write` has it."""
        lines = [write(problem.line(language)) for problem in self.problems]
        return "\n".join([translate(language, self.message), *lines])


class PolicyUnusable(Refused):
    """A stored policy that the present program cannot use; `reason` says why, without remedy."""

    def __init__(self, reason: Refused) -> None:
        super().__init__(_UNUSABLE, problem=reason)
        self.reason = reason


def read_stored(version: int, policy_json: str) -> Policy:
    """Return the policy that was stored as `version`; raise `PolicyUnusable`."""
    try:
        data = json.loads(policy_json)
    except ValueError as error:
        raise PolicyUnusable(Refused(_UNREADABLE, version=version)) from error
    try:
        return parse_policy(data)
    except Refused as error:
        place = str(error.values["place"])
        if not isinstance(data, dict):
            reason = Refused(_UNREADABLE, version=version)
        elif place == WHOLE:
            reason = Refused(_CONTRADICTION, version=version)
        else:
            reason = Refused(_NOT_ALLOWED_NOW, version=version, value=_titled(place))
        raise PolicyUnusable(reason) from error


def _titled(place: str) -> CrmError | str:
    """Return the title of a field as a value of a sentence; an unknown name stays itself."""
    known = policy_fields().get(place)
    if known is None:
        return place
    return CrmError(known.title, **{name: CrmError(part) for name, part in known.parts.items()})


def with_changes(base: Policy, changes: Mapping[str, object]) -> Policy:
    """Return `base` with `changes` (name to number, or its text) put in.

    Raises `PolicyRefused` with every value that cannot be used.
    """
    values, problems = read_changes(base, changes)
    if problems:
        raise PolicyRefused(problems)
    return parse_policy(data_of(values))


def read_changes(
    base: Policy, changes: Mapping[str, object]
) -> tuple[dict[str, Value], list[PolicyProblem]]:
    """Return all values with `changes` put over those of `base`, and what is wrong with them."""
    known, values = policy_fields(), values_of(base)
    problems: list[PolicyProblem] = []
    for name, given in changes.items():
        if name not in known:
            problems.append(PolicyProblem(field=name, reason=_UNKNOWN, remedy=_LOOK_UP))
            continue
        found = _read(known[name], given)
        if isinstance(found, PolicyProblem):
            problems.append(found)
        else:
            values[name] = found
    bad = {problem.field for problem in problems}
    problems += [p for p in _disagreements(values) if not {p.field, *p.titles.values()} & bad]
    return values, problems


def allowed_in(known: PolicyField, language: str) -> str:
    """Return which values a field allows, as an instruction."""
    problem = PolicyProblem(field=known.name, reason="", **_remedy(known))  # type: ignore[arg-type]
    return problem.sentence(language).strip()


def _read(known: PolicyField, given: object) -> Value | PolicyProblem:
    text = str(given).strip()
    if known.choices:
        if text.upper() in known.choices:
            return text.upper()
        return _problem(known, _NOT_A_CHOICE, text)
    if not _NUMBER.fullmatch(text) and not isinstance(given, int | float):
        return _problem(known, _NOT_A_NUMBER, text)
    number = float(text.replace(",", ".")) + 0.0
    if not math.isfinite(number):
        return _problem(known, _NOT_A_NUMBER, text)
    if known.is_whole and number != int(number):
        return _problem(known, _NOT_WHOLE, number)
    is_low = number < known.least or (known.is_above_least and number == known.least)
    if is_low or number > known.greatest:
        return _problem(known, _OUTSIDE, number)
    return int(number) if known.is_whole else number


def _problem(known: PolicyField, reason: str, value: Value) -> PolicyProblem:
    remedy, numbers = _remedy(known).values()
    return PolicyProblem(
        field=known.name, reason=reason, remedy=str(remedy),
        numbers={**numbers, "value": value},  # type: ignore[dict-item]
    )  # fmt: skip


def _remedy(known: PolicyField) -> dict[str, object]:
    if known.choices:
        return {"remedy": _CHOOSE, "numbers": {"choices": ", ".join(known.choices)}}
    remedy = _ENTER_NUMBER
    if known.is_whole:
        remedy = _ENTER_WHOLE
    elif known.is_above_least:
        remedy = _ENTER_ABOVE
    return {"remedy": remedy, "numbers": {"least": known.least, "greatest": known.greatest}}


def _disagreements(values: Mapping[str, Value]) -> Iterator[PolicyProblem]:
    for lower, upper, is_strict in _IN_ORDER:
        low, high = float(values[lower]), float(values[upper])
        if low > high or (is_strict and round(low, 4) >= round(high, 4)):
            yield PolicyProblem(
                field=lower, reason=_NOT_BELOW if is_strict else _ABOVE, remedy=_ORDER_THEM,
                titles={"lower": lower, "upper": upper}, numbers={"low": low, "high": high},
            )  # fmt: skip
    for scenario in Scenario:
        names = [f"weights.{scenario.value}.{component}" for component in Weights.model_fields]
        if not any(values[name] for name in names):
            yield PolicyProblem(
                field=names[0], reason=_NO_WEIGHT, remedy=_SOME_WEIGHT,
                titles={"scenario": SCENARIO_TITLES[scenario]},
            )  # fmt: skip
