"""From a grid to its tasks, each over its dependency lengths with complete settings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from seqbench.components import catalogue
from seqbench.components.catalogue import Component
from seqbench.grid.criterion import criterion_of
from seqbench.grid.document import Place
from seqbench.grid.gathered import Gathered
from seqbench.grid.lengths import LengthRange
from seqbench.grid.reference import Reference
from seqbench.grid.spec import Grid
from seqbench.plan.search import length_grid


@dataclass(frozen=True)
class TaskSeries:
    """A task over its dependency lengths. `settings` are complete but for the length.

    lengths: all that are trained, or the grid of lengths that is `searched`
    criterion: when it counts as solved, where the grid says so
    trained: lengths that lie between those of a search and were trained before, when it had another range or precision
    """

    label: str
    name: str
    settings: dict[str, Any]
    lengths: tuple[int, ...] = field(default=())
    searched: LengthRange | None = None
    criterion: dict[str, Any] | None = None
    trained: tuple[int, ...] = ()

    @property
    def all_lengths(self) -> tuple[int, ...]:
        """Every length at which a trial may be trained or may have been, shortest first."""
        return tuple(sorted({*self.lengths, *self.trained}))

    def after(self, trained: Collection[int]) -> TaskSeries:
        """The task once trials of these lengths have been trained: a search goes on from all within its range."""
        if not self.searched:
            return self
        between = (length for length in trained if self.lengths[0] < length < self.lengths[-1])
        return replace(self, trained=tuple(sorted({*between} - {*self.lengths})))

    def repeats(self, other: TaskSeries) -> bool:
        """Whether the two are called the same, or are the same task, however it is written, at a length of both."""
        same = (self.name, self.settings) == (other.name, other.settings)
        return self.label == other.label or (same and not set(self.lengths).isdisjoint(other.lengths))

    def at(self, length: int) -> Component:
        """The task at one dependency length."""
        return Component(self.name, {catalogue.length_argument(self.name): length, **self.settings})


def expand_tasks(grid: Grid) -> tuple[TaskSeries, ...]:
    """The grid's tasks, each with its lengths. A task named more than once is labelled with what is special about it.

    Raises:
        GridError: a task has no lengths, or the same task stands in the list twice.
    """
    names = [task.name for task in grid.tasks]
    series: dict[str, TaskSeries] = {}
    gathered = Gathered()
    for index, reference in enumerate(grid.tasks):
        with gathered.part():
            own = _series(grid, ("tasks", index), reference, several=names.count(reference.name) > 1)
            if any(own.repeats(other) for other in series.values()):
                problem = f"{own.label} stands in the list twice; give its lengths as one list"
                raise grid.document.error(("tasks", index), problem)
            series[own.label] = own
    gathered.require_none()
    return tuple(series.values())


def _series(grid: Grid, place: Place, reference: Reference, *, several: bool) -> TaskSeries:
    """One task of the list, labelled with its settings if the list has `several` of its name."""
    own, wanted = _split_length(grid, place, reference)
    searched, lengths = (wanted, grid_of(wanted)) if isinstance(wanted, LengthRange) else (None, wanted)
    complete = catalogue.resolve("tasks", reference.name, own).settings
    special = ", ".join(f"{key} {value}" for key, value in complete.items() if key in own)
    label = f"{reference.name} ({special})" if special and several else reference.name
    argument = catalogue.length_argument(reference.name)
    rest = {key: value for key, value in complete.items() if key != argument}
    criterion = criterion_of(grid.criterion, reference.name)
    return TaskSeries(label, reference.name, rest, lengths, searched, criterion)


def grid_of(asked: LengthRange) -> tuple[int, ...]:
    """The lengths that a search may ask for, shortest first."""
    return length_grid(asked.shortest, asked.longest, asked.precision)


def _split_length(
    grid: Grid, place: Place, reference: Reference
) -> tuple[dict[str, Any], tuple[int, ...] | LengthRange]:
    """A task's own settings and its lengths: those it names itself, or the grid's."""
    own = dict(reference.settings or {})
    argument = catalogue.length_argument(reference.name)
    wanted = own.pop(argument, grid.lengths)
    if isinstance(wanted, LengthRange):
        return own, wanted
    lengths = tuple(wanted) if isinstance(wanted, list) else (wanted,)
    if not lengths:
        raise grid.document.error(
            place, f"expected dependency lengths: give `lengths` to the grid or `{argument}` to the task"
        )
    for length in lengths:
        if isinstance(length, bool) or not isinstance(length, int) or length < 1:
            raise grid.document.error(
                (*place, reference.name, argument), f"expected whole numbers of 1 or more, got {length!r}"
            )
    if len(set(lengths)) != len(lengths):
        raise grid.document.error((*place, reference.name, argument), "expected lengths that differ from each other")
    return own, lengths
