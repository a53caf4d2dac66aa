"""Which of the settings tried a method reports with: the best on the validation data of the tuning seeds.

Best: the largest share of trials solved, then the fewest steps to solve (a trial that did not solve counts with its
whole budget: the restricted mean), then the smallest mean validation loss, then the fewest diverged. A trial that
diverged is not solved and has infinite loss. Ties go to the setting that was named first, which has the smaller
learning rate. Test data and reporting seeds are not seen. Where lengths are searched, the furthest mean memory of the
tuning seeds, in octaves, comes first of all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

from seqbench.plan.search import Bracket
from seqbench.schema import Purpose, finished, is_finished

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = ["outcome", "solved_at", "validation_loss", "budget"]
"""All that selection sees of a result; of `outcome` only whether the trial finished and whether it diverged."""


def lengths_of(results: pd.DataFrame | None) -> dict[str, list[int]]:
    """The lengths of trials by task, where the results say them."""
    if results is None or not {"task", "length"} <= set(results.columns):
        return {}
    lengths = results[["task", "length"]].drop_duplicates().groupby("task", observed=True)["length"]
    return {str(task): [int(length) for length in own] for task, own in lengths}


class KnownResults:
    """What plans may see of the results so far. `results` has one row a trial (`load_results`), or is None or empty."""

    def __init__(self, results: pd.DataFrame | None) -> None:
        self.trials = None if results is None or results.empty else results.set_index("trial")[LOOKED_AT]

    def solved(self, purpose: Purpose) -> dict[str, bool]:
        """Whether each finished trial solved its task, by identity; a tuning trial by its validation data alone."""
        return self._solved_in_validation if purpose == "tuning" else self._solved

    @cached_property
    def _solved(self) -> dict[str, bool]:
        """By the outcome, which rests on test data."""
        if self.trials is None:
            return {}
        outcomes = finished(self.trials)["outcome"]
        return {str(trial): bool(solved) for trial, solved in (outcomes == "solved").items()}

    @cached_property
    def _solved_in_validation(self) -> dict[str, bool]:
        if self.trials is None:
            return {}
        return {str(trial): bool(solved) for trial, solved in _solved(finished(self.trials)).items()}


def choose(
    seen: KnownResults, trials: Sequence[Sequence[str]], brackets: Sequence[Sequence[Bracket]] | None = None
) -> int | None:
    """The place of the setting chosen, or None while a trial that must be compared is missing.

    Args:
        seen: the results so far.
        trials: the identities of the tuning trials of each setting.
        brackets: where lengths are searched, what the tuning seeds of each setting found; the furthest mean memory
            then comes before all else.
    """
    if seen.trials is None:
        return None
    found = [seen.trials.reindex(list(own)) for own in trials]
    if not all(is_finished(own).all() for own in found):
        return None
    reach = [mean_octaves(own) for own in brackets] if brackets else [0.0] * len(found)
    return min(range(len(found)), key=lambda place: (-reach[place], *_cost(found[place]), place))


def mean_octaves(brackets: Sequence[Bracket]) -> float:
    """Mean log2 of the longest lengths solved within a horizon; a seed without counts as an octave below one step."""
    return fmean(math.log2(bracket.solved) if bracket.solved else -1.0 for bracket in brackets)


def _solved(trials: pd.DataFrame) -> pd.Series:
    return trials["solved_at"].notna() & (trials["outcome"] != "diverged")


def _cost(trials: pd.DataFrame) -> tuple[float, float, float, float]:
    """What is to be small, in order of importance."""
    diverged, solved = trials["outcome"] == "diverged", _solved(trials)
    steps = trials["solved_at"].where(solved, trials["budget"]).astype(float)
    loss = trials["validation_loss"].where(~diverged, math.inf).fillna(math.inf)
    return -float(solved.mean()), float(steps.mean()), float(loss.mean()), float(diverged.mean())
