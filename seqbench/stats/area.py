"""One number for a solve-rate curve: the area under it over log2 of the dependency length, in octaves.

A seed is resampled as a whole curve. For seeds whose solved lengths have no gap the area is the restricted horizon.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.blocks import Block
from seqbench.stats.declared import Declared
from seqbench.stats.interval import Floats, mean_interval

COLUMNS = ["method", "task", "n", "area", "low", "high", "range", "share"]


def seed_areas(block: Block) -> Floats:
    """`[M, S]` area of each seed by the trapezoidal rule; NaN where a length is missing."""
    return np.asarray(np.trapezoid(block.solved, block.octaves, axis=-1))


def areas(block: Block, declared: Declared) -> pd.DataFrame:
    """One row a method: mean area over the `n` seeds with every length finished; `share` is its part of `range`."""
    whole = float(block.octaves[-1])
    rows = []
    for method, values in zip(block.methods, seed_areas(block), strict=True):
        own = values[np.isfinite(values)]
        if own.size:
            low, high = mean_interval(own, 0.0, whole, declared.alpha)
            share = own.mean() / whole if whole else np.nan
            rows.append((method, block.task, own.size, own.mean(), low, high, whole, share))
    return pd.DataFrame(rows, columns=COLUMNS)
