"""The distribution of a number that is known only between two ends, without a model: Turnbull (1976).

The likelihood tells only how much probability lies in each *innermost* interval: one that begins where some bracket
begins and ends where some bracket ends, with no other end between. Where inside it lies is a convention: at its middle
in octaves, which is the geometric middle in steps. Brackets of neighbours on one grid of lengths coincide or are
disjoint; the estimate is then the share of seeds in each.

B. W. Turnbull, "The empirical distribution function with arbitrarily grouped, censored and truncated data", Journal of
the Royal Statistical Society B 38 (1976).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqbench.stats.interval import Floats

MOST_STEPS = 5_000
"""Rounds of self-consistency, at most."""
SETTLED = 1e-10
"""The rounds end once no share changes by more."""


class Distribution(NamedTuple):
    """Shares of the innermost intervals [low, high), in order.

    low, high: `[J]` ends; -inf and inf at the censored ends
    share: `[J]` probabilities
    """

    low: Floats
    high: Floats
    share: Floats

    def middles(self, span: float) -> Floats:
        """`[J]` where the probability is taken to lie in [0, span]; what is censored at an end lies at that end."""
        return (np.clip(self.low, 0.0, span) + np.clip(self.high, 0.0, span)) / 2

    def mean(self, span: float) -> float:
        """Restricted mean: of the number cut off at 0 and at `span`."""
        return float(self.share @ self.middles(span))

    def beyond(self, numbers: Floats) -> Floats:
        """Probability that the number is at least each of `numbers`; within an interval, in proportion."""
        at = np.asarray(numbers, float)[..., None]
        low, high = np.broadcast_arrays(self.low, self.high)
        with np.errstate(invalid="ignore"):
            inside = np.where(np.isfinite(high - low), (high - at) / (high - low), (at <= low).astype(float))
        return np.asarray(np.clip(inside, 0.0, 1.0) @ self.share)


def _innermost(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Ends of the innermost intervals of the brackets [low, high)."""
    # A bracket ends before another that begins at the same number: their intervals do not meet.
    ends = sorted([(end, 0) for end in set(high.tolist())] + [(end, 1) for end in set(low.tolist())])
    found = [(a, b) for (a, begins), (b, also) in pairwise(ends) if begins and not also]
    return np.array([a for a, _ in found]), np.array([b for _, b in found])


def _possible(low: Floats, high: Floats, cell_low: Floats, cell_high: Floats) -> NDArray[np.bool_]:
    """`[S, J]` whether a bracket holds an innermost interval."""
    return (low[:, None] <= cell_low) & (cell_high <= high[:, None])


def turnbull(low: Floats, high: Floats) -> Distribution:
    """The most likely distribution of a number that is known for each seed `[S]` to lie in a bracket [low, high)."""
    cell_low, cell_high = _innermost(low, high)
    possible = _possible(low, high, cell_low, cell_high)
    share = np.full(cell_low.size, 1 / cell_low.size)
    for _ in range(MOST_STEPS):
        split = possible * share
        before, share = share, (split / split.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(share - before).max() < SETTLED:
            break
    return Distribution(cell_low, cell_high, share)


def expectations(found: Distribution, low: Floats, high: Floats, span: float) -> Floats:
    """`[S]` expectation of each seed's number, cut off at 0 and `span`, given its bracket; their mean is `mean`."""
    split = _possible(low, high, found.low, found.high) * found.share
    return np.asarray(split @ found.middles(span) / split.sum(axis=1))
