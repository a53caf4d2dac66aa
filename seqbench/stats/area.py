"""One number for a solve-rate curve: the area under it over log2 of the dependency length, in octaves.

A seed is resampled as a whole curve, and a pair of seeds as a pair of curves: the intervals are the Bayesian bootstrap
over seeds with an imaginary worst one (`interval.mean_interval`), because the plain bootstrap covers two in three where
one seed in ten fails. For seeds whose solved lengths have no gap the area is the restricted horizon.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.interval import Floats, mean_interval
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import holm, sign_flip_test
from seqbench.stats.task_arrays import TaskArrays

COLUMNS = [
    "method", "task", "n", "area", "low", "high", "range", "share", "against", "pairs", "difference", "difference_low",
    "difference_high", "p", "p_holm",
]  # fmt: skip


def seed_areas(arrays: TaskArrays) -> Floats:
    """`[M, S]` area of each seed by the trapezoidal rule; NaN where a length is missing."""
    return np.asarray(np.trapezoid(arrays.solved, arrays.octaves, axis=-1))


def _within(arrays: TaskArrays, *methods: int) -> tuple[Floats, float]:
    """Areas `[len(methods), S]` over the lengths at which all of these can be trained, and the octaves they span."""
    common = set.intersection(*(set(arrays.grids[place]) for place in methods))
    at = np.isin(arrays.lengths, list(common))
    octaves = arrays.octaves[at]
    found = np.trapezoid(arrays.solved[list(methods)][..., at], octaves, axis=-1)
    return np.asarray(found), float(np.ptp(octaves)) if octaves.size else 0.0


def _against(arrays: TaskArrays, own: int, plain: int, alpha: float) -> dict[str, object]:
    """Mean difference of two methods' areas over the seeds that both have, its interval and its exact p-value."""
    (one, other), whole = _within(arrays, own, plain)
    paired = (one - other)[np.isfinite(one - other)]
    if not paired.size or whole == 0 < arrays.octaves[-1]:  # they have no two lengths in common
        return {}
    low, high = mean_interval(paired, -whole, whole, alpha)
    return {
        "pairs": paired.size, "difference": paired.mean(), "difference_low": low, "difference_high": high,
        "p": sign_flip_test(paired),
    }  # fmt: skip


def areas(arrays: TaskArrays, declared: Declared) -> pd.DataFrame:
    """One row a method: mean area over the `n` seeds with every length finished; `share` is its part of `range`.

    range: octaves from the shortest to the longest length at which the method can be trained
    difference: area less that of `against`, the baseline, over `pairs` of seeds that both have, with its interval, and
        over the lengths at which both can be trained
    p: exact sign-flip test over these pairs; p_holm: corrected among the methods of the task
    """
    plain = arrays.methods.index(arrays.baseline) if arrays.baseline is not None else None
    rows: list[dict[str, object]] = []
    for place, method in enumerate(arrays.methods):
        [values], whole = _within(arrays, place)
        own = values[np.isfinite(values)]
        if not own.size:
            continue
        low, high = mean_interval(own, 0.0, whole, declared.alpha)
        paired = {} if plain is None or plain == place else _against(arrays, place, plain, declared.alpha)
        rows.append({
            "method": method, "task": arrays.task, "n": own.size, "area": own.mean(), "low": low, "high": high,
            "range": whole, "share": own.mean() / whole if whole else np.nan, "against": arrays.baseline, **paired,
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=COLUMNS)
    tested = table["p"].notna()
    table.loc[tested, "p_holm"] = holm(table.loc[tested, "p"].to_numpy(float))
    return table
