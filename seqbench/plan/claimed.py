"""Whether the criteria of a grid's claim can be judged from its trials: of tasks and lengths that it trains.

What is found only when a verdict is asked for has cost the training already.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.components.nearest_name import advice
from seqbench.components.probe_selection import selected
from seqbench.grid.claim import ClaimCriterion
from seqbench.grid.document import Place
from seqbench.grid.gathered import Gathered
from seqbench.grid.spec import Grid
from seqbench.plan.task_series import TaskSeries

SLOPE = "gradient_flow"
"""The probe that `gradient_slope` is a figure of."""


def require_judged(grid: Grid, tasks: Sequence[TaskSeries]) -> None:
    """Refuse criteria that are about no trial of the grid, or about trials of several tasks or lengths at once.

    Raises:
        GridError: with all of them.
    """
    gathered = Gathered()
    for index, criterion in enumerate(grid.claim.criteria if grid.claim else ()):
        place: Place = ("claim", "criteria", index)
        with gathered.part():
            task = _task(grid, criterion, place, tasks)
            _require_length(grid, criterion, place, task)
        with gathered.part():
            _require_probe(grid, criterion, place)
    gathered.require_none()


def _task(grid: Grid, criterion: ClaimCriterion, place: Place, tasks: Sequence[TaskSeries]) -> TaskSeries:
    """The task that a criterion is about."""
    labels = [task.label for task in tasks]
    if criterion.task is None:
        if len(tasks) == 1:
            return tasks[0]
        raise grid.document.error(place, f"expected a `task`, for the grid has several: one of {', '.join(labels)}")
    if criterion.task not in labels:
        problem = f"expected a task of the grid, got {criterion.task!r}{advice(criterion.task, labels)}"
        raise grid.document.error((*place, "task"), problem)
    return tasks[labels.index(criterion.task)]


def _require_length(grid: Grid, criterion: ClaimCriterion, place: Place, task: TaskSeries) -> None:
    """Refuse a length that the task is not trained at, or none where the figure needs one."""
    lengths = ", ".join(f"{length}" for length in task.lengths)
    if criterion.length and not task.searched and criterion.length not in task.lengths:
        problem = f"expected a length of {task.label}, which are {lengths}, got {criterion.length}"
        raise grid.document.error((*place, "length"), problem)
    if criterion.length is None and criterion.figure != "horizon" and len(task.lengths) > 1:
        among = "that all of its seeds train" if task.searched else f"one of {lengths}"
        problem = f"expected a `length`, for {task.label} has several: {among}"
        raise grid.document.error(place, problem)


def _require_probe(grid: Grid, criterion: ClaimCriterion, place: Place) -> None:
    """Refuse a figure that comes from a probe which the grid does not read."""
    if criterion.figure == "gradient_slope" and SLOPE not in {part.name for part in selected(grid.probes).values()}:
        problem = f"a gradient_slope is measured by the probe {SLOPE}, and `probes` does not ask for it"
        raise grid.document.error((*place, "figure"), problem)
