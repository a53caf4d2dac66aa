"""Intervals that hold for few seeds and for outcomes that are all or nothing.

A seed solves a long dependency or sits at chance. With 10 seeds of which 9 in 10 solve, one sample in three contains
no failure at all; the spread is then zero and the percentile bootstrap, BCa and t intervals all collapse to a point
(nominal 95 %, true 65 %). Two intervals do not:

- for a share, Clopper and Pearson (1934);
- for the mean of a bounded number, the bound of Gaffke (2005): the Bayesian bootstrap over the seeds *and one imaginary
  seed at the worst possible value*. For numbers that are 0 or 1 it is Clopper and Pearson's interval; in general its
  coverage is conjectured, and in every published simulation found, to be at least nominal.
  N. Gaffke, "Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative variable",
  Mathematical Methods of Statistics 14 (2005); E. Learned-Miller and P. Thomas, "A new confidence interval for the
  mean of a bounded random variable", arXiv:1905.06208 (2019).

Gaffke's bound covers 99 to 100 % of differences between horizons. The same idea with *half* an imaginary seed at either
end holds its level with far less width: `jeffreys_mean_interval`, whose simulation stands in `results/simulations/`.
For shares it is close to the interval from Jeffreys' prior: L. Brown, T. Cai, A. DasGupta, "Interval estimation for a
binomial proportion", Statistical Science 16 (2001). It is not exact: in simulation it holds its level, in theory not.

A number that averages many trials of a seed is no longer all or nothing. For those Student's interval and the bootstrap
over seeds hold; the bootstrap widened for few seeds as in T. Hesterberg, "What teachers should know about the
bootstrap", The American Statistician 69 (2015), section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

Floats = NDArray[np.float64]

SEEDS_FOR_RANKING = 3
"""With fewer seeds nothing is ranked."""
SEEDS_FOR_INTERVAL = 5
"""With fewer seeds no interval is given: dots only."""
RESAMPLES = 10_000
LARGE = 300
"""Seeds up to which the weights of every number of seeds are kept, 80 kB a seed; of more only those used last."""
ROWS = 500
"""Resamples of a part; even, and a divisor of `RESAMPLES`."""


def clopper_pearson(successes: ArrayLike, trials: ArrayLike, alpha: ArrayLike = 0.05) -> tuple[Floats, Floats]:
    """Exact interval of level 1 - alpha for a share (Clopper & Pearson 1934), elementwise; (0, 1) for no trials."""
    k, n, a = np.broadcast_arrays(*(np.asarray(each, float) for each in (successes, trials, alpha)))
    low, high = np.zeros(k.shape), np.ones(k.shape)
    tried = n > 0
    low[tried], high[tried] = proportion_confint(k[tried], n[tried], a[tried], method="beta")
    return low, high


Draw = Callable[[int, int], Iterator[Floats]]
"""Weights `[RESAMPLES, size]` for resampling, always the same: of a size, so many rows at a time."""


def _resampling_weights(size: int, rows: int) -> Iterator[Floats]:
    """Shares of each seed among `size` drawn with replacement.

    Each row stands there mirrored as well, so that the interval of the negated values is the negated interval.
    """
    generator = np.random.default_rng(size)
    for _ in range(RESAMPLES // rows):
        counts = generator.multinomial(size, np.full(size, 1 / size), size=rows // 2)
        yield np.concatenate([counts, counts[:, ::-1]]) / size


def _simplex_weights(parts: int, rows: int) -> Iterator[Floats]:
    """Weights uniform on the simplex: spacings of uniform order statistics."""
    generator = np.random.default_rng(parts)
    for _ in range(RESAMPLES // rows):
        spacings = generator.exponential(size=(rows, parts))
        spacings /= spacings.sum(axis=1, keepdims=True)
        yield spacings


def _half_seed_weights(parts: int, rows: int) -> Iterator[Floats]:
    """Weights of half an imaginary seed, `parts - 2` seeds, and another half.

    Dirichlet with parameter (n - 2) / n a seed: the weighted mean of seeds alone then varies as Student's standard
    error does, s / sqrt(n), where uniform weights (parameter 1) give s * sqrt((n - 1) / (n (n + 1))).
    Each row stands there mirrored as well, so that the interval of the negated values is the negated interval.
    """
    size = parts - 2
    shape = np.full(parts, (size - 2) / size)
    shape[[0, -1]] = 0.5
    generator = np.random.default_rng(size)
    for _ in range(RESAMPLES // rows):
        drawn = generator.dirichlet(shape, size=rows // 2)
        yield np.concatenate([drawn, drawn[:, ::-1]])


@lru_cache(maxsize=64)
def _whole(draw: Draw, size: int) -> tuple[Floats, ...]:
    return tuple(draw(size, RESAMPLES))


_LAST: dict[tuple[Draw, int], tuple[NDArray[np.float32], ...]] = {}
"""The weights of many seeds that were asked for last."""


def _parts(draw: Draw, size: int) -> tuple[NDArray[np.float32], ...]:
    """The weights of many seeds in parts and in half the memory; to seven digits, of which a report shows three."""
    if (draw, size) not in _LAST:
        _LAST.clear()  # before others are drawn
        _LAST[draw, size] = tuple(weights.astype(np.float32) for weights in draw(size, ROWS))
    return _LAST[draw, size]


def _resampled_means(draw: Draw, *samples: Floats) -> list[Floats]:
    """`[RESAMPLES]` weighted means of each sample; all are of one size."""
    size = samples[0].size
    parts = _whole(draw, size) if size <= LARGE else _parts(draw, size)
    means = [[weights.astype(float, copy=False) @ sample for sample in samples] for weights in parts]
    return [np.concatenate(own) for own in zip(*means, strict=True)]


def _lower_bounds(samples: Sequence[tuple[Floats, float]], alpha: float) -> list[float]:
    """Gaffke's lower bounds of level 1 - alpha for the means of samples of one size, each with its floor."""
    with_imaginary = [np.append(np.sort(values), floor) for values, floor in samples]
    place = int(alpha * RESAMPLES)
    return [float(np.partition(means, place)[place]) for means in _resampled_means(_simplex_weights, *with_imaginary)]


def mean_interval(
    values: ArrayLike, low: float, high: float, alpha: float = 0.05, *, highest: ArrayLike | None = None
) -> tuple[float, float]:
    """Interval of level 1 - alpha for the mean of `values` in [low, high]; NaN below `SEEDS_FOR_INTERVAL` values.

    Where a number is known only to lie in an interval, `values` holds its lower and `highest` its upper ends.
    Swapping what is compared (-values in [-high, -low]) gives the mirrored interval exactly.
    """
    least = np.asarray(values, float)
    most = least if highest is None else np.asarray(highest, float)
    if least.size < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    # The weights sum to 1 only to rounding.
    below, above = _lower_bounds([(least, low), (-most, -high)], alpha / 2)
    return max(low, below), min(high, -above)


def jeffreys_mean_interval(
    values: ArrayLike, low: float, high: float, alpha: float = 0.05, *, highest: ArrayLike | None = None
) -> tuple[float, float]:
    """Interval of about level 1 - alpha for the mean of `values`; NaN below `SEEDS_FOR_INTERVAL` values.

    The Bayesian bootstrap over the seeds and half an imaginary seed at `low` and at `high`: what a seed that was not
    seen may give at worst and at best. Where a number is known only to lie in an interval, `values` holds its lower and
    `highest` its upper ends. Swapping what is compared gives the mirrored interval exactly.
    """
    least = np.sort(np.asarray(values, float))
    most = least if highest is None else np.sort(np.asarray(highest, float))
    if least.size < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    means = _resampled_means(_half_seed_weights, *(np.concatenate([[low], own, [high]]) for own in (least, most)))
    # Where all seeds stand at one end the mean does too, and belongs to the interval (Brown et al., section 4.1).
    return (
        min(float(least.mean()), float(np.quantile(means[0], alpha / 2))),
        max(float(most.mean()), float(np.quantile(means[1], 1 - alpha / 2))),
    )


def t_interval(values: ArrayLike, low: float, high: float, alpha: float = 0.05) -> tuple[float, float]:
    """Student's interval for the mean of one contrast a seed; NaN below `SEEDS_FOR_INTERVAL` values.

    For contrasts that average many trials, whose distribution is no longer all or nothing. Where every seed gave the
    same number it would have no width, and `mean_interval` stands instead.
    """
    sample = np.asarray(values, float)
    if sample.size < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    if np.ptp(sample) < 1e-12 * max(1.0, high - low):
        return mean_interval(sample, low, high, alpha)
    half = stats.t.ppf(1 - alpha / 2, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size)
    return max(low, float(sample.mean() - half)), min(high, float(sample.mean() + half))


def bootstrap_interval(values: ArrayLike, low: float, high: float, alpha: float = 0.05) -> tuple[float, float]:
    """Bootstrap interval over seeds for the mean of `values` in [low, high]; NaN below `SEEDS_FOR_INTERVAL` values.

    The percentile interval of 10,000 resamples, at the level at which it is as wide as Student's (Hesterberg 2015): at
    its own level it is too narrow by a factor of sqrt((n - 1) / n) and by the tail of t. For numbers that average many
    trials of a seed; where every seed gave the same number `mean_interval` stands instead.
    """
    sample = np.sort(np.asarray(values, float))
    if sample.size < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    if np.ptp(sample) < 1e-12 * max(1.0, high - low):
        return mean_interval(sample, low, high, alpha)
    widened = np.sqrt(sample.size / (sample.size - 1)) * stats.t.ppf(alpha / 2, sample.size - 1)
    tail = stats.norm.cdf(widened)
    ends = np.quantile(_resampled_means(_resampling_weights, sample)[0], [tail, 1 - tail])
    return max(low, float(ends[0])), min(high, float(ends[1]))
