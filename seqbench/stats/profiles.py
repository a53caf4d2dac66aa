"""Performance profiles: on what share of the units is a method within a factor of the fastest (Dolan & Moré 2002).

A unit is one task at one length; a method's speed on it is the step by which half of its seeds had solved. Not
solving is infinitely slow, as in AlgoPerf (Dahl et al. 2023). A unit that one method has not finished is left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.interval import Floats

COLUMNS = ["method", "factor", "share", "units", "score"]
LARGEST_FACTOR = 4.0


def profile(speeds: Floats, factors: Floats) -> Floats:
    """`[M, F]` share of units `[M, U]` on which each method is within each factor of the best; infinite never is."""
    best = speeds.min(axis=0)
    ratio = np.where(np.isfinite(speeds), speeds / np.where(np.isfinite(best), best, 1.0), np.inf)
    return np.asarray((ratio[:, :, None] <= factors * (1 + 1e-12)).mean(axis=1))


def profiles(steps: pd.DataFrame) -> pd.DataFrame:
    """One row a method and factor from 1 to 4, from the steps table; `score` is the mean share over the factors."""
    finished = steps[steps["n"] > 0] if len(steps) else steps
    if finished.empty:
        return pd.DataFrame(columns=COLUMNS)
    wide = finished.pivot(index="method", columns=["task", "length"], values="median").dropna(axis=1)
    if wide.empty:
        return pd.DataFrame(columns=COLUMNS)
    factors = np.linspace(1.0, LARGEST_FACTOR, 61)
    shares = profile(wide.to_numpy(float), factors)
    score = np.trapezoid(shares, factors, axis=1) / (LARGEST_FACTOR - 1)
    return pd.DataFrame({
        "method": np.repeat(wide.index.to_numpy(object), len(factors)),
        "factor": np.tile(factors, len(wide)),
        "share": shares.ravel(),
        "units": wide.shape[1],
        "score": np.repeat(score, len(factors)),
    })  # fmt: skip
