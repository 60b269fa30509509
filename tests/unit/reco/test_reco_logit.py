import numpy as np
import pytest

from core.reco import logit
from core.reco.logit import Occasions, fit_logit

START, SCALE = np.array([0.5, -0.2, 0.0]), np.array([1.0, 2.0, 0.3])


def random_occasions(seed, number=40, truth=(1.0, -0.5, 2.0)):
    """Occasions of 2 to 6 candidates; every 5th takes two, every 9th none."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 7, number)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    features = rng.normal(size=(offsets[-1], len(truth))) * SCALE
    taken = np.zeros(offsets[-1], np.bool_)
    for at in range(number):
        value = features[offsets[at] : offsets[at + 1]] @ truth + rng.gumbel(size=sizes[at])
        best = np.argsort(-value)[: 0 if at % 9 == 8 else 2 if at % 5 == 4 else 1]
        taken[offsets[at] + best] = True
    return Occasions(offsets=offsets, features=features, taken=taken)


def plain_objective(occasions, coefficients, start, ridge):
    total = 0.0
    for low, high in zip(occasions.offsets, occasions.offsets[1:], strict=False):
        chance = np.exp(occasions.features[low:high] @ coefficients)
        taken = occasions.taken[low:high]
        if taken.any():
            total += np.log(chance[taken] / chance.sum()).mean()
    return total - ridge / 2 * np.sum((SCALE * (coefficients - start)) ** 2)


def slopes(function, at, width=1e-5):
    """The gradient by differences."""
    steps = width * np.eye(len(at))
    return np.array([(function(at + s) - function(at - s)) / (2 * width) for s in steps])


def test_derivatives_are_those_of_the_log_likelihood():
    occasions = random_occasions(1)
    given = (occasions.offsets, occasions.features, occasions.taken)

    def likelihood(coefficients):
        return plain_objective(occasions, coefficients, START, 0.0)

    def gradient_at(coefficients):
        return logit._derivatives(*given, coefficients)[0]

    at = np.array([0.3, -0.7, 1.1])
    assert logit._log_likelihood(*given, at) == pytest.approx(likelihood(at))
    gradient, curvature = logit._derivatives(*given, at)
    np.testing.assert_allclose(gradient, slopes(likelihood, at), rtol=1e-6, atol=1e-6)
    for one in range(len(at)):
        expected = -slopes(lambda c, one=one: gradient_at(c)[one], at)
        np.testing.assert_allclose(curvature[one], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("ridge", [0.1, 5.0])
def test_no_coefficients_are_better_than_those_found(ridge):
    occasions = random_occasions(2)
    found = fit_logit(occasions, START, SCALE, ridge)
    slope = slopes(lambda c: plain_objective(occasions, c, START, ridge), found)
    np.testing.assert_allclose(slope, 0.0, atol=1e-3)


def test_the_optimum_of_one_feature_is_the_log_of_the_odds():
    """Of two candidates, told apart by one feature, the first is taken 3 times in 4."""
    occasions = Occasions(
        offsets=np.arange(0, 802, 2),
        features=np.tile([[1.0], [0.0]], (400, 1)),
        taken=np.tile([True, False, True, False, True, False, False, True], 100),
    )
    [found] = fit_logit(occasions, np.zeros(1), np.ones(1), ridge=1e-9)
    assert found == pytest.approx(np.log(3), abs=1e-4)


def test_a_strong_ridge_keeps_the_start_and_so_does_nothing_taken():
    occasions = random_occasions(4)
    np.testing.assert_allclose(fit_logit(occasions, START, SCALE, 1e9), START, atol=1e-6)
    none = Occasions(
        offsets=occasions.offsets,
        features=occasions.features,
        taken=np.zeros_like(occasions.taken),
    )
    assert np.array_equal(fit_logit(none, START, SCALE, 5.0), START)


def test_a_step_too_far_is_halved():
    """From far away Newton's step overshoots: without halving the values would leave the range."""
    occasions = random_occasions(5)
    far = np.array([40.0, 40.0, -40.0])
    found = fit_logit(occasions, far, SCALE, ridge=1e-3)
    slope = slopes(lambda c: plain_objective(occasions, c, far, 1e-3), found)
    np.testing.assert_allclose(slope, 0.0, atol=1e-2)
