"""The results of a grid, as far as the grid asks for them now: it may have changed since it was run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from seqbench.commands.asked import Asked
from seqbench.commands.console import progress
from seqbench.commands.counted import counted
from seqbench.errors import GridError
from seqbench.grid.spec import Grid
from seqbench.printable import printable
from seqbench.store.ownership import require_own
from seqbench.store.results import Results, load, under_plan


class Present(NamedTuple):
    """The results folder of a grid, and what it holds of the trials that the grid asks for now."""

    folder: Path
    results: Results


def present_results(asked: Asked) -> Present:
    """The results of a grid under its present plan; says so where it has changed since it was run.

    Where there is no grid of that name, or its file is no valid grid any more, the results are as they were planned.

    Raises:
        UsageError: there are no results of that name, or they are another grid's. StoreError: they are damaged.
    """
    folder = asked.folder()
    found = load(folder)
    try:
        grid = asked.read()
        if grid.text == found.plan.grid_text:
            return Present(folder, found)
        now = _planned_now(grid, found)
    except GridError as error:
        _say(f"{error}\nThe results are shown as they were planned.")
        return Present(folder, found)
    require_own(folder, question=grid.question, trials=now.plan.trials.keys())
    if now.plan.trials.keys() == found.plan.trials.keys():
        return Present(folder, found)
    _say(_changed(asked, found, now))
    return Present(folder, now)


def _planned_now(grid: Grid, found: Results) -> Results:
    """The results under the plan of the grid as it is now. Imports JAX, which takes a second."""
    from seqbench.execution.plan_content import plan_content
    from seqbench.plan.plan import plan

    return under_plan(found, plan_content(plan(grid, found.finished, bounded=False), found.plan.environments))


def _changed(asked: Asked, before: Results, now: Results) -> str:
    """How a grid that has changed stands to its results."""
    planned, finished = len(now.trials), len(now.finished)
    left_out = len(before.finished) - finished
    said = f"{now.plan.grid} has changed: {finished:,} of the {planned:,} trials it asks for now have finished."
    if left_out:
        verb = "is" if left_out == 1 else "are"
        said += f" {counted(left_out, 'finished trial')} that it no longer asks for {verb} left out."
    return said if finished == planned else f"{said} Train what is missing: {asked.command('run')}"


def _say(text: str) -> None:
    progress().print(printable(text), markup=False)
