"""Which of the settings tried a method reports with: the best on the validation data of the tuning seeds.

Best: the largest share of trials solved, then the fewest steps to solve (a trial that did not solve counts with its
whole budget: the restricted mean), then the smallest mean validation loss, then the fewest diverged. A trial that
diverged is not solved and has infinite loss. Ties go to the setting that was named first, which has the smaller
learning rate. Test data and reporting seeds are not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = ["outcome", "solved_at", "validation_loss", "budget"]
"""All that selection sees of a result; of `outcome` only whether the trial finished and whether it diverged."""


def choose(results: pd.DataFrame | None, trials: Sequence[Sequence[str]]) -> int | None:
    """The place of the setting chosen, or None while a trial that must be compared is missing.

    Args:
        results: one row a trial, indexed by identity, with the columns `LOOKED_AT`; see `seen`.
        trials: the identities of the tuning trials of each setting.
    """
    if results is None or results.empty:
        return None
    finished = [results.reindex(list(own)) for own in trials]
    if any(own["outcome"].isna().any() for own in finished):
        return None
    return min(range(len(finished)), key=lambda place: (*_cost(finished[place]), place))


def seen(results: pd.DataFrame | None) -> pd.DataFrame | None:
    """What selection may see of the results, by the identity of the trial."""
    return None if results is None else results.set_index("trial")[LOOKED_AT]


def _cost(trials: pd.DataFrame) -> tuple[float, float, float, float]:
    """What is to be small, in order of importance."""
    diverged = trials["outcome"] == "diverged"
    solved = trials["solved_at"].notna() & ~diverged
    steps = trials["solved_at"].where(solved, trials["budget"]).astype(float)
    loss = trials["validation_loss"].where(~diverged, math.inf).fillna(math.inf)
    return -float(solved.mean()), float(steps.mean()), float(loss.mean()), float(diverged.mean())
