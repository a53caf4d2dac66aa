"""Intervals that were tried beside the one in use, for a mean and for a mean of paired differences.

Shapes: `R` tables, `n` seeds. Those for any mean take `values` `[R, n]` within [`low`, `high`].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product

import numpy as np
from scipy import stats

from seqbench.stats.horizon_differences import difference_interval
from seqbench.stats.interval import Floats, jeffreys_mean_interval, mean_interval, t_interval
from tests.stats.learners import PRECISION, SPAN

Ends = tuple[Floats, Floats]
ForMean = Callable[[Floats, float, float], Ends]
ForDifference = Callable[[Floats, Floats], Ends]
RESAMPLES = 4_000
MODES_APART = 2.0
"""Octaves: seeds of one method that are further apart show both of its modes."""


@lru_cache
def _resampled(n: int) -> Floats:
    """`[RESAMPLES, n]` shares of each seed in bootstrap samples."""
    return np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=RESAMPLES) / n


@lru_cache
def _weights(n: int, imagined: int) -> Floats:
    """`[RESAMPLES, n + imagined]` Dirichlet weights of n seeds, and of one seed shared by imaginary ones, at the end.

    Each row stands there mirrored as well, as in `seqbench.stats.interval`.
    """
    shape = np.concatenate([np.full(n, (n - 2) / n), np.full(imagined, 1 / imagined)])
    drawn = np.random.default_rng(n).dirichlet(shape, size=RESAMPLES // 2)
    return np.concatenate([drawn, np.concatenate([drawn[:, n - 1 :: -1], drawn[:, : n - 1 : -1]], axis=1)])


def _with_imagined(values: Floats, imagined: Floats) -> Ends:
    """Quantiles of the resampled mean over the seeds and one seed in all, shared by imaginary ones `[R, k]`."""
    weights = _weights(values.shape[1], imagined.shape[1])
    means = np.concatenate([np.sort(values, axis=1), imagined], axis=1) @ weights.T
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    centre = values.mean(axis=1)
    return np.minimum(low, centre), np.maximum(high, centre)


def _each(found: list[tuple[float, float]]) -> Ends:
    low, high = np.array(found).T
    return low, high


def _spread(values: Floats) -> tuple[Floats, Floats]:
    """Mean and its standard error, `[R]` each."""
    return values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])


def half_seed(values: Floats, low: float, high: float) -> Ends:
    """Half an imaginary seed at either end of the range."""
    return _each([jeffreys_mean_interval(row, low, high) for row in values])


def half_seed_own_reach(values: Floats, low: float, high: float) -> Ends:
    """The same, where a method whose seeds show two modes reaches no further than seen."""
    reach = np.where(np.ptp(values, axis=1) >= MODES_APART, values.max(axis=1), high)
    return _with_imagined(values, np.stack([np.full(len(values), low), reach], axis=1))


def gaffke(values: Floats, low: float, high: float) -> Ends:
    """A whole imaginary seed at either end of the range: the interval that was in use before."""
    return _each([mean_interval(row, low, high) for row in values])


def student(values: Floats, low: float, high: float) -> Ends:
    """Student's t on the middles of brackets."""
    return _each([t_interval(row, low, high) for row in values])


def student_corrected(values: Floats, low: float, high: float, *, brackets: int = 1) -> Ends:
    """Student's t without the variance that a middle has because it may lie anywhere in its bracket."""
    centre, error = _spread(values)
    n = values.shape[1]
    placed = brackets * np.log2(PRECISION) ** 2 / 12
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(np.maximum(error**2 - placed / n, 0))
    return np.maximum(centre - half, low), np.minimum(centre + half, high)


def johnson(values: Floats, low: float, high: float) -> Ends:
    """Student's t with a correction for skewness.

    N. J. Johnson, "Modified t tests and confidence intervals for asymmetrical populations", J. American Statistical
    Association 73 (1978).
    """
    centre, error = _spread(values)
    n = values.shape[1]
    third = ((values - centre[:, None]) ** 3).mean(axis=1)
    moved = centre + third / np.maximum(6 * n * (n * error**2), 1e-12)
    half = stats.t.ppf(0.975, n - 1) * error
    return np.maximum(moved - half, low), np.minimum(moved + half, high)


def percentile(values: Floats, low: float, high: float) -> Ends:
    """The plain percentile bootstrap."""
    below, above = np.quantile(values @ _resampled(values.shape[1]).T, [0.025, 0.975], axis=1)
    return below, above


def bias_corrected(values: Floats, low: float, high: float) -> Ends:
    """BCa of B. Efron, "Better bootstrap confidence intervals", J. American Statistical Association 82 (1987)."""
    centre = values.mean(axis=1, keepdims=True)
    means = np.sort(values @ _resampled(values.shape[1]).T, axis=1)
    below = ((means < centre).mean(axis=1) + (means <= centre).mean(axis=1)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    jackknife = centre - values
    cubes, squares = (jackknife**3).sum(axis=1), (jackknife**2).sum(axis=1)
    acceleration = -cubes / (6 * np.maximum(squares, 1e-12) ** 1.5)
    ends = []
    for tail in (0.025, 0.975):
        z = bias + stats.norm.ppf(tail)
        level = stats.norm.cdf(bias + z / (1 - acceleration * z))
        place = np.clip((level * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(means[np.arange(len(means)), place])
    return ends[0], ends[1]


def studentised(values: Floats, low: float, high: float) -> Ends:
    """Bootstrap-t. A resample without spread says nothing of t and is left out."""
    n, weights = values.shape[1], _resampled(values.shape[1]).T
    means = values @ weights
    spread = np.sqrt(np.maximum(values**2 @ weights - means**2, 0) / (n - 1))
    centre, error = _spread(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 1e-9, (means - centre[:, None]) / spread, np.nan)
    t[np.isnan(t).all(axis=1)] = 0  # seeds that are all alike
    lower, upper = np.nanquantile(t, [0.975, 0.025], axis=1)
    return np.maximum(centre - lower * error, low), np.minimum(centre - upper * error, high)


def sign_flip_inverted(values: Floats, low: float, high: float) -> Ends:
    """All centres that the sign-flip test does not reject, between the means of subsets (Hartigan 1969).

    J. A. Hartigan, "Using subsample values as typical values", J. American Statistical Association 64. The nearest
    order statistics to the level, which is that of the mid-p value.
    """
    n = values.shape[1]
    subsets = np.array(list(product((0.0, 1.0), repeat=n))[1:])
    means = np.sort(values @ (subsets / subsets.sum(axis=1, keepdims=True)).T, axis=1)
    place = round(0.025 * 2**n) - 1
    return means[:, place], means[:, -1 - place]


def _log_ratio(values: Floats, mean: Floats) -> Floats:
    """`[R]` minus twice the log of Owen's empirical likelihood ratio at these means."""
    z = values - mean[:, None]
    with np.errstate(divide="ignore"):
        lower, upper = -1 / z.max(axis=1), -1 / z.min(axis=1)
    lower, upper = np.maximum(lower, -1e9), np.minimum(upper, 1e9)
    for _ in range(40):
        middle = (lower + upper) / 2
        falls = (z / (1 + middle[:, None] * z)).sum(axis=1) < 0  # the sum decreases in the multiplier
        lower, upper = np.where(falls, lower, middle), np.where(falls, middle, upper)
    return 2 * np.log(np.maximum(1 + (lower + upper)[:, None] / 2 * z, 1e-300)).sum(axis=1)


def empirical_likelihood(values: Floats, low: float, high: float) -> Ends:
    """All means whose empirical likelihood ratio an F distribution does not reject.

    A. B. Owen, "Empirical likelihood ratio confidence intervals for a single functional", Biometrika 75 (1988).
    """
    limit = stats.f.ppf(0.95, 1, values.shape[1] - 1)
    centre, found = values.mean(axis=1), []
    for end in (values.min(axis=1), values.max(axis=1)):
        inside, outside = centre.copy(), end.copy()
        for _ in range(30):
            middle = (inside + outside) / 2
            kept = _log_ratio(values, middle) <= limit
            inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
        found.append(inside)
    return found[0], found[1]


def half_seed_events(one: Floats, other: Floats) -> Ends:
    """Half an imaginary seed at the worst and at the best that one event in the range can do: the interval in use."""
    return _each([difference_interval((a, a), (b, b), SPAN) for a, b in zip(one, other, strict=True)])


def half_seed_seen(one: Floats, other: Floats) -> Ends:
    """The same, where no unseen seed of the two methods reaches further than those seen."""
    centre, centre_other = one.mean(axis=1), other.mean(axis=1)
    reach = np.maximum(one.max(axis=1), other.max(axis=1))
    worst, best = np.minimum(-centre_other, centre - reach), np.maximum(reach - centre_other, centre)
    return _with_imagined(one - other, np.stack([worst, best], axis=1))


def quarter_seeds(one: Floats, other: Floats, *, modes_apart: float = np.inf) -> Ends:
    """A quarter of an imaginary seed for each of four events: either method fails all lengths or solves all.

    modes_apart: seeds of a method so many octaves apart show both of its modes, and it reaches no further than seen
    """
    centre, centre_other = one.mean(axis=1), other.mean(axis=1)
    reach, reach_other = (np.where(np.ptp(own, axis=1) >= modes_apart, own.max(axis=1), SPAN) for own in (one, other))
    events = np.stack([-centre_other, centre - reach_other, reach - centre_other, centre], axis=1)
    return _with_imagined(one - other, events)


def _of_differences(interval: ForMean) -> ForDifference:
    return lambda one, other: interval(one - other, -SPAN, SPAN)


ANY_MEAN: dict[str, ForMean] = {
    "Student's t": student,
    "Student's t, brackets' variance removed": student_corrected,
    "Johnson's skewness-corrected t": johnson,
    "percentile bootstrap": percentile,
    "BCa bootstrap": bias_corrected,
    "bootstrap-t": studentised,
    "sign-flip inversion": sign_flip_inverted,
    "empirical likelihood": empirical_likelihood,
}
IN_USE, BEFORE = "half seed at the range's ends (in use)", "whole seed at the range's ends (Gaffke, before)"
DIFFERENCES: dict[str, ForDifference] = {
    IN_USE: half_seed_events,
    BEFORE: _of_differences(gaffke),
    "half seed, at most as far as seen": half_seed_seen,
    "quarter seed for each of four events": quarter_seeds,
    "quarter seeds, as far as seen where two modes are": partial(quarter_seeds, modes_apart=MODES_APART),
    **{name: _of_differences(interval) for name, interval in ANY_MEAN.items()},
    "Student's t, brackets' variance removed": _of_differences(partial(student_corrected, brackets=2)),
}
MEANS: dict[str, ForMean] = {
    IN_USE: half_seed,
    BEFORE: gaffke,
    "half seed, as far as seen where two modes are": half_seed_own_reach,
    **ANY_MEAN,
}
