"""What can be known of a grid before anything has finished: its methods on its tasks, each examined once.

Plans of the same grid differ by what has finished. Examining takes seconds and planning milliseconds, so that a run
examines once and plans again whenever a trial has finished.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from seqbench.errors import GridError
from seqbench.grid.gathered import Gathered
from seqbench.grid.spec import Grid
from seqbench.plan.claimed import require_judged
from seqbench.plan.collisions import require_distinct
from seqbench.plan.expand import Method, expand_methods, method_bound, require_method
from seqbench.plan.feasibility import Examiner, Impossible, located
from seqbench.plan.memory import require_batches, require_trials
from seqbench.plan.other_lengths import require_testable, within_bounds
from seqbench.plan.series import Series, examine_series
from seqbench.plan.task_series import TaskSeries, expand_tasks
from seqbench.plan.tuning import search

MAX_TRIALS = 1_000_000
NONE: Mapping[str, Collection[int]] = MappingProxyType({})
"""No lengths of any task."""

EXPANDED_ANYWAY = 1000
"""Methods up to which those of a grid are checked although its tasks are wrong."""


@dataclass(frozen=True)
class Examined:
    """A grid whose methods have been built abstractly for its tasks.

    series: each method on each task
    impossible, untested, budget, memory: as in `seqbench.plan.plan.Plan`
    """

    grid: Grid
    methods: tuple[Method, ...]
    series: tuple[Series, ...]
    impossible: tuple[Impossible, ...]
    untested: tuple[str, ...]
    budget: int
    memory: int


def examine(
    grid: Grid, *, max_trials: int = MAX_TRIALS, bounded: bool = True, trained: Mapping[str, Collection[int]] = NONE
) -> Examined:
    """Build every method of a grid for every task, abstractly.

    Args:
        grid: the grid.
        max_trials: refuse more trials than this.
        bounded: refuse trials that this machine's memory does not hold: those that train on it, and not elsewhere.
        trained: lengths of trials that were planned before, by task; searches go on from those within their range.

    Raises:
        GridError: too many trials, methods that share a trial, tuning that makes no sense, or a trial that this
            machine's memory does not hold.
    """
    tasks, methods = expanded(grid, max_trials)
    require_batches(grid, methods, tasks)
    searched = search(grid, methods)
    _require_within(grid, tasks, max_trials, tried=searched.budget)
    examiner = Examiner(grid)
    with located(grid):
        bounded_tasks = [within_bounds(task) for task in tasks]
        require_testable(grid, bounded_tasks)
        tasks = tuple(task.after(trained.get(task.label, ())) for task in bounded_tasks)
        series = tuple(examine_series(grid, method, task, searched, examiner) for method in methods for task in tasks)
    require_distinct(grid, series)
    return Examined(
        grid,
        methods,
        series,
        impossible=examiner.impossible,
        untested=examiner.fixed_length,
        budget=searched.budget,
        memory=max(_largest(grid, own, bounded=bounded) for own in series),
    )


def expanded(grid: Grid, max_trials: int = MAX_TRIALS) -> tuple[tuple[TaskSeries, ...], tuple[Method, ...]]:
    """The tasks and methods of a grid. Nothing is built, so that it takes no time.

    Raises:
        GridError: with all that is wrong with the tasks, the methods, or what is said of either.
    """
    gathered = Gathered()
    tasks: tuple[TaskSeries, ...] = ()
    methods: tuple[Method, ...] = ()
    with gathered.part():
        tasks = expand_tasks(grid)
        _require_within(grid, tasks, max_trials, tried=grid.tuning.budget or 1 if grid.tuning else 0)
    if tasks or method_bound(grid) <= EXPANDED_ANYWAY:
        with gathered.part():
            methods = expand_methods(grid)
            require_method(grid, methods)
    if tasks:
        with gathered.part():
            require_judged(grid, tasks)
    gathered.require_none()
    return tasks, methods


def _largest(grid: Grid, series: Series, *, bounded: bool) -> int:
    """Bytes of a worker at the largest trial that a method on a task may ask for; 0 if it asks for none.

    Raises:
        GridError: this machine does not have them, and they are `bounded` by it.
    """
    needed = [{each.length: each.bytes for each in configurations} for configurations in series.configurations]
    for own in needed if bounded else ():
        require_trials(grid, f"{series.method.name} on {series.task.label}", own)
    return max((most for own in needed for most in own.values()), default=0)


def _require_within(grid: Grid, tasks: Sequence[TaskSeries], max_trials: int, *, tried: int) -> None:
    """Refuse a grid of too many trials by arithmetic alone; `tried` settings for each method and task."""
    tuned = len(grid.tuning.seeds) * tried if grid.tuning else 0
    # A search trains few of its lengths, and to plan it a trial is made at each.
    count = method_bound(grid) * sum(len(task.lengths) for task in tasks) * (len(grid.seeds) + tuned)
    if count > max_trials:
        years = count / (365.25 * 24 * 3600)
        span = f"{years:,.0f} years at a second each" if years >= 1 else f"{count / 86400:,.0f} days at a second each"
        raise GridError(
            f"{grid.document.file}: this is {count:,} trials ({span}). The limit is {max_trials:,}; "
            "leave something out, or divide it into several grids"
        )
