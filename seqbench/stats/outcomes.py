"""The primary outcome as one number a seed: what pairs, factors and powers are computed on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqbench.stats.area import seed_areas
from seqbench.stats.brackets import Brackets, find_brackets
from seqbench.stats.horizon_differences import Ends, difference_interval
from seqbench.stats.interval import Floats, mean_interval
from seqbench.stats.preregistration import OUTCOME_UNITS
from seqbench.stats.task_arrays import TaskArrays


class SeedOutcome(NamedTuple):
    """An outcome of one task.

    values: `[M, S]`; NaN where missing trials leave it open
    least, most: `[M, S]` between which each value lies, where results contradict each other; else the value itself
    low, high: the ends between which it must lie
    better: 1 where more is better, -1 where less is
    open_low, open_high: whether a value at that end may lie beyond it, unseen
    """

    name: str
    unit: str
    values: Floats
    least: Floats
    most: Floats
    low: float
    high: float
    better: int = 1
    open_low: bool = False
    open_high: bool = False


def known_outcome(name: str, unit: str, values: Floats, low: float, high: float) -> SeedOutcome:
    """An outcome of which every value is known exactly."""
    return SeedOutcome(name, unit, values, values, values, low, high)


def paired_interval(outcome: SeedOutcome, one: Ends, other: Ends, alpha: float) -> tuple[float, float]:
    """Interval of the mean difference of an outcome between two methods over the same seeds.

    one, other: least and greatest values `[n]` of each method's seeds
    """
    if outcome.name == "horizon":
        return difference_interval(one, other, outcome.high, alpha)
    width, (least, most), (other_least, other_most) = outcome.high - outcome.low, one, other
    return mean_interval(least - other_most, -width, width, alpha, highest=most - other_least)


def restricted_steps(arrays: TaskArrays) -> Floats:
    """`[M, S]` steps to solve as a share of the method's own budget, mean over lengths; 1 for what was never solved."""
    return np.mean(arrays.solve_step / arrays.budgets[:, None], axis=-1)


def horizon_outcome(found: Brackets) -> SeedOutcome:
    """The restricted horizon of each seed in octaves, on a list of lengths or in a search.

    NaN for a seed whose search has not ended: its next trial moves it.
    """
    octaves, least, most = (np.where(found.ended, each, np.nan) for each in (found.octaves(), *found.ends()))
    return SeedOutcome(
        "horizon", OUTCOME_UNITS["horizon"], octaves, least, most, 0.0, found.span, open_low=True, open_high=True
    )


def outcome_at(name: str, lengths: int) -> str:
    """The outcome that is meant by a name at so many lengths: at a single one `horizon` and `area` become `solved`."""
    return "solved" if lengths == 1 and name in ("horizon", "area") else name


def seed_outcome(arrays: TaskArrays, name: str) -> SeedOutcome:
    """The outcome that is meant by a name (`outcome_at`) of every method and seed."""
    name = outcome_at(name, len(arrays.grid))
    unit, octaves = OUTCOME_UNITS[name], arrays.octaves
    if name == "horizon":
        return horizon_outcome(find_brackets(arrays))
    if name == "area":
        areas = known_outcome(name, unit, seed_areas(arrays), 0.0, float(octaves[-1]))
        return areas._replace(open_low=True, open_high=True)
    if name == "steps":
        return known_outcome(name, unit, restricted_steps(arrays), 0.0, 1.0)._replace(better=-1, open_high=True)
    if name == "accuracy":
        return known_outcome(name, unit, arrays.accuracy[..., -1], 0.0, 1.0)
    return known_outcome(name, unit, np.mean(arrays.solved, axis=-1), 0.0, 1.0)
