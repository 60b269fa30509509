"""Conditional logit: which of her candidates a customer takes, given that she buys.

With features x_i of the candidates i of one occasion, P(i) = exp(b x_i) / sum_j exp(b x_j). Each
occasion counts once, shared by the candidates that were taken. The log-likelihood, less
`ridge`/2 x squared distance of the scaled coefficients from `start`, is maximised by Newton's
method with step halving: few data leave the coefficients where they start. McFadden, Conditional
logit analysis of qualitative choice behavior (1974).
"""

from dataclasses import dataclass

import numpy as np

from core.compiled import njit
from core.reco.tables import BoolArray, FloatArray, IntArray

STEPS = 20
ENOUGH = 1e-6  # gain per occasion below which nothing more is learned


@dataclass(frozen=True, kw_only=True)
class Occasions:
    """Candidates of many occasions: those of `o` are the rows `offsets[o]:offsets[o + 1]`."""

    offsets: IntArray
    features: FloatArray
    taken: BoolArray


def fit_logit(
    occasions: Occasions, start: FloatArray, scale: FloatArray, ridge: float
) -> FloatArray:
    """Return the coefficients of the features.

    `scale` is the standard deviation of each feature: `ridge` weighs distances in its units.
    """
    weight = ridge * scale**2
    given = (occasions.offsets, occasions.features, occasions.taken)
    coefficients = start.copy()
    likelihood = _log_likelihood(*given, coefficients)
    for _ in range(STEPS):
        away = coefficients - start
        gradient, curvature = _derivatives(*given, coefficients)
        gradient -= weight * away
        curvature[np.diag_indices_from(curvature)] += weight + 1e-9
        step = np.linalg.solve(curvature, gradient)
        found = _best_step(given, coefficients, step, start, weight, likelihood)
        if found is None:
            break
        gain, coefficients, likelihood = found
        if gain < ENOUGH * (len(occasions.offsets) - 1):
            break
    return coefficients


def _best_step(
    given: tuple[IntArray, FloatArray, BoolArray],
    coefficients: FloatArray,
    step: FloatArray,
    start: FloatArray,
    weight: FloatArray,
    likelihood: float,
) -> tuple[float, FloatArray, float] | None:
    """Halve `step` until it gains; return gain, coefficients and likelihood, or None."""
    held = likelihood - 0.5 * float(weight @ (coefficients - start) ** 2)
    for halving in range(12):
        tried = coefficients + step / 2**halving
        reached = float(_log_likelihood(*given, tried))
        gain = reached - 0.5 * float(weight @ (tried - start) ** 2) - held
        if gain > 0:
            return gain, tried, reached
    return None


@njit(cache=True, nogil=True)
def _log_likelihood(offsets, features, taken, coefficients):  # type: ignore[no-untyped-def]
    total = 0.0
    for occasion in range(len(offsets) - 1):
        low, high = offsets[occasion], offsets[occasion + 1]
        number = np.sum(taken[low:high])
        if number == 0:
            continue
        values = features[low:high] @ coefficients
        top = np.max(values)
        level = top + np.log(np.sum(np.exp(values - top)))
        for row in range(low, high):
            if taken[row]:
                total += (values[row - low] - level) / number
    return total


@njit(cache=True, nogil=True)
def _derivatives(offsets, features, taken, coefficients):  # type: ignore[no-untyped-def]
    """Return the gradient and the negative matrix of second derivatives."""
    number_of = features.shape[1]
    gradient = np.zeros(number_of)
    curvature = np.zeros((number_of, number_of))
    mean = np.zeros(number_of)
    for occasion in range(len(offsets) - 1):
        low, high = offsets[occasion], offsets[occasion + 1]
        number = np.sum(taken[low:high])
        if number == 0:
            continue
        values = features[low:high] @ coefficients
        chance = np.exp(values - np.max(values))
        chance /= np.sum(chance)
        mean[:] = 0.0
        for row in range(low, high):
            for one in range(number_of):
                mean[one] += chance[row - low] * features[row, one]
                if taken[row]:
                    gradient[one] += features[row, one] / number
        for one in range(number_of):
            gradient[one] -= mean[one]
        centred = features[low:high] - mean
        weighted = centred * chance.reshape(-1, 1)
        curvature += weighted.T @ centred
    return gradient, curvature
