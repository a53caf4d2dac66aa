"""Whether a method can meet a task, found by building the model abstractly: once for each structure that is different.

What makes no sense together is kept with its reason, so that the plan can report it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from seqbench.components import catalogue
from seqbench.components.assemble import Assembly, assemble
from seqbench.components.catalogue import NO_CELL, Component
from seqbench.components.component_errors import UserComponentError, user_component_errors
from seqbench.errors import Incompatible
from seqbench.grid.spec import Grid
from seqbench.plan.expand import Method
from seqbench.plan.identity import canonical, fixed_settings, group_key
from seqbench.plan.matched_width import match_width
from seqbench.plan.model_size import Blueprint, Size, draw_up, measure, rehearse
from seqbench.plan.task_series import TaskSeries
from seqbench.tasks.base import Task

Value = TypeVar("Value")


class Impossible(NamedTuple):
    """A method that cannot meet a task, and why; `lengths` are those at which it was found."""

    method: str
    task: str
    reason: str
    lengths: tuple[int, ...]


class Program(NamedTuple):
    """A method on a task at one length: the settings its trials share, and what they compile to.

    key: names the compiled program, which other methods may share
    steps: time steps of the longest sequence
    """

    key: str
    fixed: dict[str, Any]
    task: Component
    length: int
    size: Size
    steps: int


class Examiner:
    """Examines method after method, remembering the structures it has built and the pairs it found impossible."""

    def __init__(self, match_parameters: int | None = None) -> None:
        self.match_parameters = match_parameters
        self._built: dict[str, tuple[Blueprint, Size] | Incompatible] = {}
        self._rehearsed: dict[str, Incompatible | None] = {}
        self._found: dict[tuple[str, str, str], dict[int, None]] = {}

    @property
    def impossible(self) -> tuple[Impossible, ...]:
        """The pairs that make no sense, in the order in which they were found."""
        return tuple(Impossible(*pair, tuple(lengths)) for pair, lengths in self._found.items())

    def examine(self, method: Method, series: TaskSeries, length: int) -> Program | None:
        """A method on a task at one length, or None if it makes no sense.

        Raises:
            UserComponentError: a component of the user's own raised something.
        """
        task = series.at(length)
        try:
            with user_component_errors((task, *(part for _, part in method.components))):
                model = self._matched(method, task) if self.match_parameters else method.model
                fixed = fixed_settings(method, model, task)
                assembly = assemble(fixed)
                _require_reach(fixed, assembly)
                size = self._size(fixed, assembly)
        except Incompatible as reason:
            self._found.setdefault((method.name, series.label, str(reason)), {})[length] = None
            return None
        return Program(group_key(fixed, assembly.chain), fixed, task, length, size, assembly.task.steps)

    def _matched(self, method: Method, task: Component) -> Component:
        """The method's model with the width at which it has the number of parameters asked for."""
        model = method.model
        if "width" not in catalogue.settings("models", model.name):
            raise Incompatible(f"match_parameters chooses a width, and the model {model.name} has none")

        def at(width: int) -> Component:
            return Component(model.name, {**model.settings, "width": width})

        def count(width: int) -> int:
            fixed = fixed_settings(method, at(width), task)
            return self._drawn(fixed, assemble(fixed))[1].parameters

        return at(match_width(self.match_parameters or 0, count))

    def _size(self, fixed: dict[str, Any], assembly: Assembly) -> Size:
        """The size of a model whose initialisation has been tried."""
        blueprint, size = self._drawn(fixed, assembly)
        links = zip(fixed["mitigations"], assembly.chain.links, strict=True)
        if initialising := [setting for setting, link in links if link.initialise]:
            key = canonical([_structure(fixed, assembly), initialising])
            self._once(self._rehearsed, key, lambda: rehearse(assembly.chain, blueprint))
        return size

    def _drawn(self, fixed: dict[str, Any], assembly: Assembly) -> tuple[Blueprint, Size]:
        """A model's blueprint and size, built only if none of the same structure has been."""

        def build() -> tuple[Blueprint, Size]:
            blueprint = draw_up(assembly)
            return blueprint, measure(blueprint)

        return self._once(self._built, canonical(_structure(fixed, assembly)), build)

    @staticmethod
    def _once(results: dict[str, Value | Incompatible], key: str, work: Callable[[], Value]) -> Value:
        """What `work` gives or raises, done once for each key."""
        if key not in results:
            try:
                results[key] = work()
            except Incompatible as reason:
                results[key] = reason
        result = results[key]
        if isinstance(result, Incompatible):
            raise result
        return result


def _require_reach(fixed: dict[str, Any], assembly: Assembly) -> None:
    """Refuse a remedy that connects steps farther apart than any two of the task: it would do nothing."""
    for setting, link in zip(fixed["mitigations"], assembly.chain.links, strict=True):
        if link.reach >= assembly.task.steps:
            problem = f"reaches {link.reach} steps back, and the sequences have {assembly.task.steps}"
            raise Incompatible(f"{setting['name']} {problem}; give shorter steps or a longer task")


def _structure(fixed: dict[str, Any], assembly: Assembly) -> dict[str, Any]:
    """What a model's shapes depend on. A recurrent model's do not depend on the length of its sequences."""
    task: Task = assembly.task
    recurrent = fixed["cell"]["name"] != NO_CELL.name
    links = zip(fixed["mitigations"], assembly.chain.links, strict=True)
    return {
        "model": fixed["model"],
        "cell": fixed["cell"],
        "mitigations": [setting for setting, link in links if link.cell or link.layer],
        "task": [task.inputs, task.outputs, task.readout, task.symbolic, task.variable_length],
        "length": None if recurrent else fixed["task"],
    }


@contextmanager
def located(grid: Grid) -> Iterator[None]:
    """Add to a UserComponentError where in the file the component is named first."""
    try:
        yield
    except UserComponentError as error:
        place = next(place for place, _, reference in grid.references() if reference.name == error.component)
        inner = (*place, error.component)
        named = inner in grid.document.keys  # with settings the name is a key, and alone it is a value
        raise grid.document.error(inner if named else place, error.problem, key=named) from error
