"""What each remedy is worth: alone, as the last one added, and on average over every order of adding (Shapley 1953).

Exact, from all 2^k combinations of k factors at two levels, seed by seed. The values of a seed add up to the full
method less the bare one, which main effects need not. A factor with several levels gives one such set for each
choice of levels.
"""

from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np
import pandas as pd

from seqbench.stats.factorial import Design, contrast
from seqbench.stats.interval import Floats, bootstrap_interval, t_interval
from seqbench.stats.outcomes import SeedOutcome, paired_interval, seed_outcome
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import TaskArrays

INTERVALS = {"shapley": bootstrap_interval, "main": t_interval}
STATISTICS = ("shapley", "alone", "remove_one", "main")
COLUMNS = [
    "task", "outcome", "unit", "full", "factor", "level", "n",
    *(f"{name}{end}" for name in STATISTICS for end in ("", "_low", "_high")), "warning",
]  # fmt: skip


def shapley_values(cells: Floats) -> Floats:
    """`[k, S]` values of k players from `[2, ..., 2, S]` worths of all coalitions (index 1: the player takes part)."""
    players = cells.ndim - 1
    values = np.zeros((players, cells.shape[-1]))
    for player in range(players):
        gain = np.take(cells, 1, axis=player) - np.take(cells, 0, axis=player)
        for others in np.ndindex(gain.shape[:-1]):
            size = sum(others)
            values[player] += gain[others] * (factorial(size) * factorial(players - size - 1) / factorial(players))
    return values


def _row(
    cells: Floats, bounds: tuple[Floats, Floats], player: int, shapley: Floats, outcome: SeedOutcome, alpha: float
) -> dict[str, object]:
    """Means and intervals of one player from one number a seed, and a warning where the picture depends on the company.

    cells: `[2, ..., 2, S]` worths of all coalitions; bounds: the least and the greatest that they can be
    shapley: `[S]` the player's values
    """
    width, rest = outcome.high - outcome.low, cells.ndim - 2
    without, joined = (np.take(cells, index, axis=player) for index in (0, 1))
    least, most = ([np.take(own, index, axis=player) for index in (0, 1)] for own in bounds)
    values = {"shapley": shapley, "main": contrast(cells, {player: 1})}
    ends = {name: INTERVALS[name](own, -width, width, alpha) for name, own in values.items()}
    for name, company in (("alone", (0,) * rest), ("remove_one", (1,) * rest)):
        values[name] = joined[company] - without[company]
        before, after = ((least[index][company], most[index][company]) for index in (0, 1))
        ends[name] = paired_interval(outcome, after, before, alpha)
    row: dict[str, object] = {name: own.mean() for name, own in values.items()}
    row |= {
        f"{name}{end}": value for name, own in ends.items() for end, value in zip(("_low", "_high"), own, strict=True)
    }
    opposed = values["alone"].mean() * values["main"].mean() < -1e-12
    return {**row, "warning": "alone and on average it acts in opposite directions" if opposed else ""}


def shapley(arrays: TaskArrays, design: Design, declared: Declared) -> pd.DataFrame:
    """One row a full method and factor of a task, over the `n` seeds with all 2^k combinations; none if one is missing.

    full: the levels taken together; alone: with the remedy alone less without any; remove_one: full less full without
    it; main: its effect averaged over the others; each with `_low` and `_high`.
    """
    outcome, names, rows = seed_outcome(arrays, declared.outcome), list(design.levels), []
    everything = [design.spread(each) for each in (outcome.values, outcome.least, outcome.most)]
    for levels in product(*(range(1, size) for size in design.shape)):
        cells, *ends = (each[np.ix_(*([0, level] for level in levels))] for each in everything)
        known = np.isfinite(cells).all(axis=tuple(range(len(names))))
        cells, least, most = (each[..., known] for each in (cells, *ends))
        if not cells.shape[-1]:
            continue
        chosen = {name: design.levels[name][level] for name, level in zip(names, levels, strict=True)}
        full = ", ".join(f"{name}={level}" for name, level in chosen.items())
        values = shapley_values(cells)
        for player, (name, level) in enumerate(chosen.items()):
            row = _row(cells, (least, most), player, values[player], outcome, declared.alpha)
            place = {"task": arrays.task, "outcome": outcome.name, "unit": outcome.unit, "full": full}
            rows.append({**place, "factor": name, "level": level, "n": cells.shape[-1], **row})
    return pd.DataFrame(rows, columns=COLUMNS)
