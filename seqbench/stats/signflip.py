"""The exact paired test, and what it takes for it to find anything.

If two methods do not differ, each seed's difference could as well have had the other sign (Fisher 1935). The p-value
is the share of the 2^n sign patterns whose sum is at least as far from zero as the one observed.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from seqbench.stats.interval import Floats

MOST_SUMS = 2**16
"""Distinct sums of half of the differences up to which every sign pattern is counted."""
CROWDED = 256
"""Sums from which merging equal ones is worth its time."""
RANDOM_PATTERNS = 99_999


def _merged(sums: Floats, shares: Floats, unit: float) -> tuple[Floats, Floats]:
    """The distinct sums in order, and the share of each; sums closer than `unit` are one."""
    distinct, place = np.unique(np.rint(sums / unit), return_inverse=True)
    return distinct * unit, np.asarray(np.bincount(place, weights=shares), float)


def _signed_sums(magnitudes: Floats, unit: float) -> tuple[Floats, Floats] | None:
    """The distinct sums of all sign patterns, in order, and the share of the patterns that gives each.

    None if there are more than `MOST_SUMS`.
    """
    sums, shares = np.zeros(1), np.ones(1)
    for magnitude in magnitudes:
        sums, shares = np.concatenate([sums - magnitude, sums + magnitude]), np.concatenate([shares, shares]) / 2
        if sums.size > min(CROWDED, MOST_SUMS):
            sums, shares = _merged(sums, shares, unit)
        if sums.size > MOST_SUMS:
            return None
    return _merged(sums, shares, unit)


def _random_patterns(magnitudes: Floats, reached: float) -> float:
    """The p-value from random patterns and the observed one; always the same ones."""
    return float((1 + np.sum(np.abs(_signs(magnitudes.size) @ magnitudes) >= reached)) / (1 + RANDOM_PATTERNS))


@lru_cache(maxsize=1)  # the tests of one grid have as many pairs each
def _signs(pairs: int) -> Floats:
    """Random signs `[RANDOM_PATTERNS, pairs]`."""
    return np.random.default_rng(0).choice((-1.0, 1.0), size=(RANDOM_PATTERNS, pairs))


def sign_flip_test(differences: ArrayLike) -> float:
    """Two-sided p-value of the paired sign-flip test for differences `[n]`; NaN for none.

    Exact: the patterns of two halves are combined by binary search (Horowitz & Sahni 1974), so that 2^32 patterns cost
    2^16 sums, and on a grid of lengths, where many sums coincide, far more seeds are within reach. Where even that
    is too much, 99,999 random patterns and the observed one. Ties within rounding count as at least as far.
    """
    sample = np.asarray(differences, float)
    if sample.size == 0:
        return math.nan
    magnitudes = np.sort(np.abs(sample[sample != 0]))
    scale = max(float(magnitudes.sum()), np.finfo(float).tiny)
    reached = abs(float(sample.sum())) - 1e-9 * scale
    if reached <= 0:
        return 1.0
    one, other = (_signed_sums(half, 1e-12 * scale) for half in (magnitudes[::2], magnitudes[1::2]))
    if one is None or other is None:
        return _random_patterns(magnitudes, reached)
    (left, share_left), (right, share_right) = one, other
    at_least = np.append(np.cumsum(share_right[::-1])[::-1], 0.0)
    above = at_least[np.searchsorted(right, reached - left, side="left")]
    return float(min(1.0, 2 * (share_left @ above)))


def holm(p_values: ArrayLike) -> Floats:
    """P-values corrected for their family (Holm 1979). Those missing (NaN) stay missing but count in the family.

    Unlike `statsmodels.stats.multitest.multipletests`, which collects garbage in every call (0.2 s beside JAX).
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)  # NaN last: untested hypotheses take the largest places
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def seeds_to_find_anything(comparisons: int, alpha: float = 0.05) -> int:
    """Pairs without which no difference, however clear, passes Holm's first step among that many comparisons."""
    return max(1, math.ceil(1 - math.log2(alpha / max(1, comparisons)) - 1e-12))


def verdict(difference: float, p_corrected: float, seeds: int, comparisons: int, alpha: float) -> str:
    """`better`, `worse`, `no evidence` or `too few seeds to tell`. A positive `difference` is the better side."""
    if seeds < seeds_to_find_anything(comparisons, alpha) or math.isnan(p_corrected):
        return "too few seeds to tell"
    if p_corrected > alpha:
        return "no evidence"
    return "better" if difference > 0 else "worse"
