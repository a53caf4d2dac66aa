"""The psychometric function: the probability that a method solves, against log2 of the dependency length.

A search trains each seed where its own horizon is, so that long lengths are met only by seeds that solved shorter ones:
shares of solved trials by length would be far too high there. The model is therefore one of seeds. A seed's horizon, in
octaves, is normal with mean `m` (the threshold) and standard deviation `b` between seeds; a seed with horizon h solves
length x with probability Phi((h - x) / w), where `w` is the width of its own transition. Over seeds this is

    P(solve at x) = Phi((m - x) / sqrt(b^2 + w^2)),

a probit curve whose threshold is solved by half of the seeds. All finished trials of a seed enter its likelihood,
integrated over h; where the search chose to train next depends on results alone and does not bias it (Wichmann & Hill
2001, "The psychometric function", Perception & Psychophysics 63). Seeds that solved or failed everything enter as they
are: censored.

With few seeds the likelihood may have no maximum (all brackets coincide, or all are censored: complete separation). The
posterior over a grid of (m, b, w) has no such cases, as in H. H. Schuett, S. Harmeling, J. H. Macke & F. A. Wichmann,
"Painfree and accurate Bayesian estimation of psychometric functions", Vision Research 122 (2016). The declared prior is
weak: `m` uniform from `BEYOND` octaves below the range of lengths to as many above; `b` and `w` uniform in their
logarithm over `BETWEEN` and `WITHIN`.

Shapes: `S` seeds, `L` lengths, `H` horizons of the quadrature, `M` thresholds, `B` spreads, `W` widths.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from seqbench.stats.brackets import Brackets
from seqbench.stats.interval import Floats
from seqbench.stats.task_arrays import TaskArrays
from seqbench.stats.turnbull import turnbull

COLUMNS = ["method", "task", "n", "threshold", "low", "high", "spread"]
CURVE_COLUMNS = ["method", "task", "length", "probability", "low", "high", "reached"]
DRAWN = 81
"""Lengths at which a curve is given, evenly spread on a logarithmic scale."""

BEYOND = 3.0
"""Octaves beyond the range of lengths in which the threshold may lie."""
STEP = 1 / 32
"""Octaves between neighbouring horizons of the quadrature."""
BETWEEN = np.exp2(np.arange(-3.0, 3.1, 0.5))
"""Standard deviations between seeds, in octaves: 1/8 to 8."""
WITHIN = np.exp2(np.arange(-4.0, -0.9, 0.5))
"""Widths of a seed's own transition, in octaves: 1/16 to 1/2. Bisection closes a bracket whatever the width, so only
checks of monotony determine it; a wider prior would count short lengths solved as luck and move the threshold up."""
SMALLEST_SHARE = 1e-9
"""Points of the posterior with less than this part of the largest are left out."""


class Psychometric(NamedTuple):
    """A fitted psychometric function: weighted points of the posterior.

    shortest, longest: the range of lengths in steps
    seeds: how many it rests on
    threshold: `[K]` octaves above the shortest length at which half of the seeds solve
    between, within: `[K]` standard deviation between seeds and width of a seed's own transition, in octaves
    weight: `[K]` probabilities
    """

    shortest: float
    longest: float
    seeds: int
    threshold: Floats
    between: Floats
    within: Floats
    weight: Floats

    def quantile(self, values: Floats, q: float) -> float:
        """A posterior quantile of a quantity `[K]`, between the points of the grid."""
        points, place = np.unique(values, return_inverse=True)
        own = np.bincount(place, self.weight)
        return float(np.interp(q, np.cumsum(own) - own / 2, points))

    def threshold_interval(self, alpha: float = 0.05) -> tuple[float, float, float]:
        """Posterior median of the threshold in octaves, and the interval of level 1 - alpha."""
        median, low, high = (self.quantile(self.threshold, q) for q in (0.5, alpha / 2, 1 - alpha / 2))
        return median, low, high

    def spread(self) -> float:
        """Posterior median of the curve's standard deviation in octaves; its slope at the threshold is 0.4 over it."""
        return self.quantile(np.hypot(self.between, self.within), 0.5)

    def curve(self, lengths: Floats, alpha: float = 0.05) -> tuple[Floats, Floats, Floats]:
        """P(solve) at each of `lengths` in steps: posterior mean and the pointwise interval of level 1 - alpha."""
        octaves = np.log2(np.asarray(lengths, float) / self.shortest)
        spread = np.hypot(self.between, self.within)
        chance = special.ndtr((self.threshold - octaves[:, None]) / spread)
        ends = [[self.quantile(own, q) for own in chance] for q in (alpha / 2, 1 - alpha / 2)]
        return chance @ self.weight, np.array(ends[0]), np.array(ends[1])


@lru_cache(maxsize=16)
def _horizons_given(points: int) -> Floats:
    """`[B, M, H]` probabilities of each horizon of the quadrature given threshold and spread.

    Thresholds are every second of the `points` horizons.
    """
    apart = STEP * (np.arange(0, points, 2)[:, None] - np.arange(points))
    density = np.exp(-0.5 * (apart / BETWEEN[:, None, None]) ** 2)
    return np.asarray(density / density.sum(axis=-1, keepdims=True))


def _likelihoods(solved: Floats, octaves: Floats, horizons: Floats) -> Floats:
    """`[W, S, H]` likelihood of each seed's trials given its horizon; NaN in `solved` `[S, L]` is no trial."""
    ahead = (horizons[:, None] - octaves) / WITHIN[:, None, None]
    yes, no = (solved == 1).astype(float), (solved == 0).astype(float)
    return np.exp(yes @ special.log_ndtr(ahead).transpose(0, 2, 1) + no @ special.log_ndtr(-ahead).transpose(0, 2, 1))


def fit_psychometric(lengths: Floats, solved: Floats, shortest: float, longest: float) -> Psychometric | None:
    """Fit the psychometric function of one method on one task; None without a finished trial.

    lengths: `[L]` steps; solved: `[S, L]` 1 solved, 0 not, NaN where a seed was not trained
    shortest, longest: the range of the search in steps
    """
    own = solved[np.isfinite(solved).any(axis=1)]
    if not own.size:
        return None
    octaves = np.log2(np.asarray(lengths, float) / shortest)
    span = float(np.log2(longest / shortest))
    horizons = np.arange(-BEYOND, span + BEYOND + STEP, STEP)
    given = _horizons_given(horizons.size)  # [B, M, H]
    seeds = np.einsum("bmh,wsh->bwsm", given, _likelihoods(own, octaves, horizons), optimize=True)
    with np.errstate(divide="ignore"):
        log = np.log(seeds).sum(axis=2)  # [B, W, M]
    weight = np.exp(log - log.max())
    keep = weight > SMALLEST_SHARE
    between, within, threshold = np.broadcast_arrays(
        BETWEEN[:, None, None], WITHIN[:, None], horizons[::2]
    )  # fmt: skip
    return Psychometric(
        float(shortest), float(longest), len(own), threshold[keep], between[keep], within[keep],
        weight[keep] / weight[keep].sum(),
    )  # fmt: skip


def psychometric(arrays: TaskArrays, found: Brackets, alpha: float = 0.05) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The functions of all methods of a task: one row a method, and one row a method and length of its curve.

    threshold, low, high: the length in steps that half of the seeds solve, and its interval; spread in octaves
    probability, low, high: that a seed solves a length, and its pointwise interval; reached: the same without a model,
        by Turnbull's estimate
    """
    shortest, longest = found.lengths[0], found.lengths[-1]
    lengths = np.geomspace(shortest, longest, DRAWN)
    rows, curves = [], []
    for place, method in enumerate(arrays.methods):
        fit = fit_psychometric(arrays.lengths, arrays.solved[place], shortest, longest)
        if fit is None:
            continue
        steps = (shortest * 2.0**end for end in fit.threshold_interval(alpha))
        rows.append((method, arrays.task, fit.seeds, *steps, fit.spread()))
        own = found.started[place]
        reached = turnbull(found.low[place, own], found.high[place, own]).beyond(np.log2(lengths / shortest))
        values = dict(zip(CURVE_COLUMNS[2:], (lengths, *fit.curve(lengths, alpha), reached), strict=True))
        curves.append(pd.DataFrame({"method": method, "task": arrays.task, **values}))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table, pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS)
