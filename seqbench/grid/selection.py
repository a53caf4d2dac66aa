"""Which learning rate a method reports with: the best on the validation data of the tuning seeds.

Best: the largest share of trials solved, then the smallest mean validation loss, then the fewest diverged. A trial that
diverged is not solved and has infinite loss. Ties go to the smaller rate. Test data and reporting seeds are not seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = ["outcome", "solved_at", "validation_loss"]
"""All that selection sees of a result; of `outcome` only whether the trial finished and whether it diverged."""


def choose_rate(results: pd.DataFrame | None, trials: Mapping[float, Sequence[str]]) -> float | None:
    """The learning rate chosen, or None while a trial that must be compared is missing.

    Args:
        results: one row a trial, with the columns `trial`, `outcome`, `solved_at` and `validation_loss`.
        trials: the identities of the tuning trials at each learning rate.
    """
    if results is None or results.empty:
        return None
    seen = results.set_index("trial")[LOOKED_AT]
    seen = seen[seen["outcome"].notna()]
    if not all(set(identities) <= set(seen.index) for identities in trials.values()):
        return None
    return min(trials, key=lambda rate: (*_cost(seen.loc[list(trials[rate])]), rate))


def _cost(trials: pd.DataFrame) -> tuple[float, float, float]:
    """What is to be small, in order of importance."""
    diverged = trials["outcome"] == "diverged"
    solved = trials["solved_at"].notna() & ~diverged
    loss = trials["validation_loss"].where(~diverged, math.inf).fillna(math.inf)
    return -float(solved.mean()), float(loss.mean()), float(diverged.mean())
