"""The values of a policy one by one: complete, in words, checked all at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from core.contracts import RuleCode
from core.policy import Policy, Weights, parse_policy
from core.services.policy_checks import PolicyRefused, allowed_in, read_changes, with_changes
from core.services.policy_fields import (
    PolicyField,
    change_line,
    changes_between,
    data_of,
    policy_fields,
    values_of,
)

FIELDS = policy_fields()
NUMBERS = [field for field in FIELDS.values() if not field.choices]
NAMES = sorted(field.name for field in NUMBERS)


def test_every_value_of_the_policy_can_be_edited() -> None:
    other = with_changes(
        Policy(), {f.name: f.greatest for f in NUMBERS if f.name != "winback_days"} |
        {"upsell_min_step": 1, "top_n": 5, "min_items": 3}
    )  # fmt: skip
    assert _same(other, Policy()) == {"winback_days", "top_n"}
    assert _same(other.audit, Policy().audit) == {"severities"}
    assert _same(other.audit.extra, Policy().audit.extra) == {"severities"}
    assert sum(name.startswith("weights.") for name in FIELDS) == 5 * len(Weights.model_fields)


def _same(one: BaseModel, other: BaseModel) -> set[str]:
    return {name for name in type(one).model_fields if getattr(one, name) == getattr(other, name)}


def test_the_values_make_the_policy_again() -> None:
    assert parse_policy(data_of(values_of(Policy()))).sha256() == Policy().sha256()


def test_a_place_of_none_is_no_place_at_all() -> None:
    policy = with_changes(Policy(), {"quotas.active.nurture": "0", "quotas.active.rebuy": "2"})
    assert policy.sha256() == Policy().sha256()


def test_a_rule_is_switched_on_and_off_again() -> None:
    on = with_changes(Policy(), {"audit.extra.severities.NO_CONSENT": "WARN"})
    assert on.audit.severity_of(RuleCode.NO_CONSENT) == "WARN"
    off = with_changes(on, {"audit.extra.severities.NO_CONSENT": "OFF"})
    assert off.sha256() == Policy().sha256()


@pytest.mark.parametrize("known", FIELDS.values(), ids=lambda known: known.name)
def test_every_field_says_what_it_is_in_both_languages(known: PolicyField) -> None:
    assert known.default == values_of(Policy())[known.name]
    for language in ("en", "fr"):
        assert known.title_in(language)
        assert allowed_in(known, language)
    assert known.choices or known.greatest > known.least


@pytest.mark.parametrize(
    ("name", "given_value", "reason"),
    [
        ("top_n", "40", "40 is outside the allowed range. Enter a whole number from 1 to 20."),
        ("top_n", "2.5", "2.5 is not a whole number."),
        ("top_n", "five", "“five” is not a number."),
        ("top_n", float("nan"), "is not a number."),
        ("affinity_shrinkage", float("inf"), "is not a number."),
        ("price_reach", "0", "Enter a number above 0, up to 100."),
        ("audit.severities.LOW_DIVERSITY", "LOUD", "Choose one of: ERROR, WARN, INFO."),
        ("audit.severities.OPTOUT_OR_BOUNCE", "INFO", "Choose one of: ERROR."),
        ("audit.extra.severities.NO_CONSENT", "ON", "Choose one of: OFF, ERROR, WARN, INFO."),
        ("audit.gate", "80", "There is no policy value of this name."),
        ("quotas.active.rebuy", "-1", "outside the allowed range"),
    ],
)
def test_a_wrong_value_is_said_with_its_remedy(name: str, given_value: object, reason: str) -> None:
    _, problems = read_changes(Policy(), {name: given_value})
    assert [problem.field for problem in problems] == [name]
    assert reason in problems[0].sentence("en")
    assert problems[0].sentence("fr") != problems[0].sentence("en")


@pytest.mark.parametrize(
    ("name", "value", "english", "french"),
    [
        ("top_n", 4, "Length of a list: 5 → 4", "Longueur d’une liste\u00a0: 5 → 4"),
        (
            "audit.severities.LOW_DIVERSITY", "ERROR",
            "Severity of LOW_DIVERSITY: Warning → Error",
            "Gravité de LOW_DIVERSITY\u00a0: Avertissement → Erreur",
        ),
        (
            "audit.severities.SUGAR_MISMATCH", "info",
            "Severity of SUGAR_MISMATCH: Warning → Remark",
            "Gravité de SUGAR_MISMATCH\u00a0: Avertissement → Remarque",
        ),
        (
            "audit.extra.severities.OUT_OF_STOCK", "error",
            "Rule OUT_OF_STOCK: Off → Error",
            "Règle OUT_OF_STOCK\u00a0: Désactivée → Erreur",
        ),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(name: str, value: object, english: str, french: str) -> None:
    (change,) = changes_between(Policy(), with_changes(Policy(), {name: value}))
    assert change_line(change, "en") == english
    assert change_line(change, "fr") == french


def test_a_problem_is_said_in_french_typography() -> None:
    _, (problem,) = read_changes(Policy(), {"audit.severities.OPTOUT_OR_BOUNCE": "INFO"})
    line = problem.line("fr")
    assert line.startswith(
        "audit.severities.OPTOUT_OR_BOUNCE (Gravité de OPTOUT_OR_BOUNCE)\u00a0: "
    )
    assert line.endswith("ERROR.")  # a code, since it is what one types


def test_all_errors_are_collected() -> None:
    zero = {f"weights.upsell.{name}": 0 for name in Weights.model_fields}
    wrong = {"top_n": 0, "lost_days": 90, "upsell_max_step": "0,05", **zero}
    with pytest.raises(PolicyRefused) as refused:
        with_changes(Policy(), wrong)
    assert [problem.field for problem in refused.value.problems] == [
        "top_n",
        "upsell_min_step",
        "winback_days",
        "weights.upsell.affinity",
    ]
    assert refused.value.sentence("en").count("\n") == 4


def test_french_decimals_are_read() -> None:
    policy = with_changes(Policy(), {"weights.rebuy.due": " 0,45 "})
    (change,) = changes_between(Policy(), policy)
    assert (change.field, change.before, change.after) == ("weights.rebuy.due", 0.4, 0.45)


@given(st.dictionaries(st.sampled_from(NAMES), st.floats() | st.integers(-5, 400), max_size=8))
def test_what_the_checks_accept_is_a_policy(changes: dict[str, float]) -> None:
    _, problems = read_changes(Policy(), changes)
    if not problems:
        values = values_of(with_changes(Policy(), changes))
        assert all(values[name] == value for name, value in changes.items())
