"""Intervals for the mean of paired differences that were tried beside the one in use. All take `[R, n]` samples."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from scipy import stats

from seqbench.stats.horizon_differences import difference_interval
from seqbench.stats.interval import Floats, jeffreys_mean_interval, mean_interval, t_interval
from tests.stats.learners import SPAN

Ends = tuple[Floats, Floats]
RESAMPLES = 4_000


@lru_cache
def _resampled(n: int) -> Floats:
    """`[RESAMPLES, n]` shares of each seed in bootstrap samples."""
    return np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n


def _each(found: list[tuple[float, float]]) -> Ends:
    low, high = np.array(found).T
    return low, high


def gaffke(one: Floats, other: Floats) -> Ends:
    """A whole imaginary seed at either end of the range: the interval that was in use before."""
    return _each([mean_interval(row, -SPAN, SPAN) for row in one - other])


def student(one: Floats, other: Floats) -> Ends:
    """Student's t."""
    return _each([t_interval(row, -SPAN, SPAN) for row in one - other])


def percentile(one: Floats, other: Floats) -> Ends:
    """The plain percentile bootstrap."""
    means = (one - other) @ _resampled(one.shape[1]).T
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    return low, high


def bias_corrected(one: Floats, other: Floats) -> Ends:
    """BCa of B. Efron, "Better bootstrap confidence intervals", J. American Statistical Association 82 (1987)."""
    sample = one - other
    centre = sample.mean(axis=1, keepdims=True)
    means = np.sort(sample @ _resampled(sample.shape[1]).T, axis=1)
    below = ((means < centre).mean(axis=1) + (means <= centre).mean(axis=1)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    jackknife = centre - sample
    cubes, squares = (jackknife**3).sum(axis=1), (jackknife**2).sum(axis=1)
    acceleration = -cubes / (6 * np.maximum(squares, 1e-12) ** 1.5)
    ends = []
    for tail in (0.025, 0.975):
        z = bias + stats.norm.ppf(tail)
        level = stats.norm.cdf(bias + z / (1 - acceleration * z))
        place = np.clip((level * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(means[np.arange(len(means)), place])
    return ends[0], ends[1]


def studentised(one: Floats, other: Floats) -> Ends:
    """Bootstrap-t. A resample without spread says nothing of t and is left out."""
    sample = one - other
    n, weights = sample.shape[1], _resampled(sample.shape[1]).T
    means = sample @ weights
    spread = np.sqrt(np.maximum(sample**2 @ weights - means**2, 0) / (n - 1))
    centre, error = sample.mean(axis=1), sample.std(axis=1, ddof=1) / np.sqrt(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 1e-9, (means - centre[:, None]) / spread, np.nan)
    low, high = np.nanquantile(t, [0.975, 0.025], axis=1)
    return np.maximum(centre - low * error, -SPAN), np.minimum(centre - high * error, SPAN)


def sign_flip_inverted(one: Floats, other: Floats) -> Ends:
    """All centres that the sign-flip test does not reject, between the means of subsets (Hartigan 1969).

    J. A. Hartigan, "Using subsample values as typical values", J. American Statistical Association 64. The nearest
    order statistics to the level, which is that of the mid-p value.
    """
    n = one.shape[1]
    subsets = np.array(list(product((0.0, 1.0), repeat=n))[1:])
    means = np.sort((one - other) @ (subsets / subsets.sum(axis=1, keepdims=True)).T, axis=1)
    place = round(0.025 * 2**n) - 1
    return means[:, place], means[:, -1 - place]


def half_seed(one: Floats, other: Floats) -> Ends:
    """Half an imaginary seed at the worst and at the best that one event in the range can do: the interval in use."""
    return _each([difference_interval((a, a), (b, b), SPAN) for a, b in zip(one, other, strict=True)])


def half_seed_seen(one: Floats, other: Floats) -> Ends:
    """The same, where no unseen seed of the two methods reaches further than those seen."""
    found = []
    for a, b in zip(one, other, strict=True):
        reach = max(a.max(), b.max())
        ends = min(-b.mean(), a.mean() - reach), max(reach - b.mean(), a.mean())
        found.append(jeffreys_mean_interval(a - b, *ends))
    return _each(found)


CANDIDATES = {
    "half seed at the range's ends (in use)": half_seed,
    "whole seed at the range's ends (Gaffke, before)": gaffke,
    "half seed, at most as far as seen": half_seed_seen,
    "Student's t": student,
    "percentile bootstrap": percentile,
    "BCa bootstrap": bias_corrected,
    "bootstrap-t": studentised,
    "sign-flip inversion": sign_flip_inverted,
}
