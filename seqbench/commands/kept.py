"""A grid and what its results folder holds of it, for the commands about single trials."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from seqbench.commands.asked import Asked
from seqbench.plan.plan import Plan, plan
from seqbench.plan.trial import Trial
from seqbench.store.ownership import require_own
from seqbench.store.results import Results, load


class Kept(NamedTuple):
    """A grid and what its folder holds.

    folder: its results folder
    finished: the trials that it plans now and that have finished
    """

    plan: Plan
    folder: Path
    results: Results
    finished: list[Trial]


def kept_of(asked: Asked) -> Kept:
    """A grid as it was asked for, and what its folder holds.

    Raises:
        UsageError: there are no results, or they are another grid's. GridError: the grid cannot be read.
    """
    grid = asked.read()
    stored = load(folder := asked.folder_of(grid))
    current = plan(grid, stored.finished, bounded=False)
    require_own(folder, question=grid.question, trials={trial.id for trial in current.trials})
    finished = set(stored.finished["trial"])
    return Kept(current, folder, stored, [trial for trial in current.trials if trial.id in finished])
