"""Which dependency lengths a task has, and whether one network can be trained or tested at several of them.

For that the task must exist at the other length and mean the same: with inputs and answers of the same sizes, and
longer sequences at longer lengths. The model must read sequences of any length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from seqbench.components.assemble import make
from seqbench.components.component_errors import user_component_errors
from seqbench.errors import Incompatible
from seqbench.grid.lengths import resolve_test_lengths
from seqbench.grid.spec import Grid
from seqbench.plan.task_series import TaskSeries
from seqbench.tasks.base import Task


def other_tasks(grid: Grid, series: TaskSeries, length: int) -> Mapping[int, Task]:
    """The tasks on which a network trained at `length` is tested beside its own, by their lengths.

    Raises:
        Incompatible: the task does not go on to one of them.
    """
    own = _task(series, length)
    return {other: _checked(own, _task(series, other)) for other in resolve_test_lengths(grid.test_lengths, length)}


def training_tasks(series: TaskSeries, length: int, lengths: Sequence[int]) -> tuple[Task, ...]:
    """The tasks that the batches of a trial at `length` are drawn from, at these lengths.

    Raises:
        Incompatible: the task does not go on to one of them, or needs another program there.
    """
    own = _task(series, length)
    try:
        return tuple(own if other == length else _same_program(own, _task(series, other)) for other in lengths)
    except Incompatible as reason:
        span = f"from {lengths[0]:,} to {lengths[-1]:,}"
        raise Incompatible(f"it cannot be trained at lengths {span}: {reason}") from None


def require_testable(grid: Grid, tasks: Sequence[TaskSeries]) -> None:
    """Refuse test lengths that a task does not have, by its shortest and its longest training length.

    Raises:
        GridError: a task has sequences of bounded length, or answers whose number depends on the length.
    """
    if not grid.test_lengths:
        return
    for series in tasks:
        for length in {min(series.lengths), max(series.lengths)}:
            try:
                other_tasks(grid, series, length)
            except Incompatible as reason:
                problem = f"{series.label}, trained at length {length:,}, cannot be tested at all of them: {reason}"
                raise grid.document.error(("test_lengths",), problem) from None


def _task(series: TaskSeries, length: int) -> Task:
    component = series.at(length)
    with user_component_errors((component,)):
        task: Task = make("tasks", component._asdict())
    return task


def _checked(own: Task, other: Task) -> Task:
    """The other task, if it is the same at another length."""
    for what, sizes in (("inputs", (own.inputs, other.inputs)), ("outputs", (own.outputs, other.outputs))):
        if sizes[0] != sizes[1]:
            raise Incompatible(
                f"it has {sizes[0]} {what} at length {own.length:,} and {sizes[1]} at {other.length:,}, so that no "
                "network reads both"
            )
    short, long = sorted((own, other), key=lambda task: task.length)
    if (short.steps, short.targets) == (long.steps, long.targets):
        raise Incompatible(f"its sequences are no longer at length {long.length:,} than at {short.length:,}")
    return other


def _same_program(own: Task, other: Task) -> Task:
    """The shorter task, if the program that is trained on the longer one reads it."""
    _checked(own, other)
    if other.steps > own.steps or other.targets > own.targets:
        raise Incompatible(f"its sequences are longer at length {other.length:,} than at {own.length:,}")
    expected, found = own.interface(), other.interface()._replace(steps=own.steps, targets=own.targets)
    # Functions that are created for each length are compared by name; without one they may differ.
    if found != expected and (found.named is None or found.named != expected.named):
        raise Incompatible(f"it is read or scored differently at length {other.length:,} than at {own.length:,}")
    return other


def within_bounds(series: TaskSeries) -> TaskSeries:
    """The task with the lengths that a search may ask for: up to the first at which its sequences are longest.

    Beyond the bound of a task, such as of numbers with a limited number of digits, a greater length is another name for
    the same sequences, which a search would take for a longer memory.
    """
    if not series.searched:
        return series
    sizes = _sizes(series, series.lengths[-1])
    kept = list(series.lengths)
    while sizes and len(kept) > 1 and _sizes(series, kept[-2]) == sizes:
        kept.pop()
    return replace(series, lengths=tuple(kept))


def _sizes(series: TaskSeries, length: int) -> tuple[int, int] | None:
    """Steps and targets of the task at a length; None if it has no such length."""
    with suppress(Incompatible):
        task = _task(series, length)
        return task.steps, task.targets
    return None
