"""Horizons of committed rows, computed without `seqbench.plan` and `seqbench.stats`, to check what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd


def horizons(rows: pd.DataFrame) -> np.ndarray:
    """Of each seed the geometric mean, in steps, of the ends that contradict the fewest of its results.

    Of several such ends the furthest counts; a seed that solved its longest length has that one.
    """
    found = []
    for _, seed in rows.groupby("seed"):
        solved = dict(zip(seed["length"], seed["outcome"] == "solved", strict=True))
        wrong = {end: sum(done != (length <= end) for length, done in solved.items()) for end in solved}
        last = max(end for end in wrong if wrong[end] == min(wrong.values()))
        assert solved[last]
        found.append(np.sqrt(last * min((length for length in solved if length > last), default=last)))
    return np.array(found)
