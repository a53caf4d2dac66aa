"""Whether a method can meet a task, found by building the model abstractly: once for each structure that is different.

What makes no sense together is kept with its reason, so that the plan can report it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from statistics import fmean
from typing import Any, NamedTuple, TypeVar

from seqbench.canonical import canonical, digest
from seqbench.components import catalogue
from seqbench.components.assemble import assemble
from seqbench.components.assembly import Assembly
from seqbench.components.catalogue import Component
from seqbench.components.component_errors import UserComponentError, user_component_errors
from seqbench.components.structure import Structure, structure_of
from seqbench.errors import Incompatible
from seqbench.grid.lengths import resolve_test_lengths
from seqbench.grid.spec import Grid
from seqbench.plan.estimate import evaluation_bytes, evaluation_seconds, trial_bytes, trial_seconds
from seqbench.plan.expand import Method
from seqbench.plan.identity import fixed_settings
from seqbench.plan.matched_width import match_width
from seqbench.plan.memory import require_parameters
from seqbench.plan.model_size import ModelSize, measure, rehearse
from seqbench.plan.other_lengths import other_tasks, training_tasks
from seqbench.plan.task_series import TaskSeries
from seqbench.protocol import block_sequences
from seqbench.tasks.base import Task

Value = TypeVar("Value")


class Impossible(NamedTuple):
    """A method that cannot meet a task, and why; `lengths` are those at which it was found."""

    method: str
    task: str
    reason: str
    lengths: tuple[int, ...]


def reasons_in_words(pairs: Iterable[Impossible]) -> list[str]:
    """`LSTM on parity: reason`; one line for lengths whose reasons differ in numbers alone, with the longest's."""
    alike: dict[tuple[str, str, str], list[Impossible]] = {}
    for pair in pairs:
        alike.setdefault((pair.method, pair.task, re.sub(r"\d[\d,]*", "", pair.reason)), []).append(pair)
    lines = []
    for (method, task, _), own in alike.items():
        lengths = [length for pair in own for length in pair.lengths]
        where = f" at {len(lengths)} lengths from {min(lengths):,} to {max(lengths):,}" if len(own) > 1 else ""
        lines.append(f"{method} on {task}{where}: {max(own, key=lambda pair: pair.lengths).reason}")
    return lines


class Configuration(NamedTuple):
    """A method on a task at one length: the settings its trials share, and what they compile to.

    key: names the program that differentiates the model, which other lengths and methods may share
    tested: other dependency lengths at which a trained network is tested
    seconds: estimate of what one trial takes, without compilation
    bytes: estimate of what it needs
    """

    key: str
    fixed: dict[str, Any]
    task: Component
    length: int
    size: ModelSize
    tested: tuple[int, ...]
    seconds: float
    bytes: int


class Examiner:
    """Examines method after method, remembering the structures it has built and the pairs it found impossible."""

    def __init__(self, grid: Grid) -> None:
        self.match_parameters, self._grid = grid.match_parameters, grid
        self._built: dict[str, tuple[Structure, ModelSize] | Incompatible] = {}
        self._rehearsed: dict[str, Incompatible | None] = {}
        self._found: dict[tuple[str, str, str], dict[int, None]] = {}
        self._fixed_length: dict[str, None] = {}
        self._trained: dict[str, float | Incompatible] = {}

    @property
    def impossible(self) -> tuple[Impossible, ...]:
        """The pairs that make no sense, in the order in which they were found."""
        return tuple(Impossible(*pair, tuple(lengths)) for pair, lengths in self._found.items())

    @property
    def fixed_length(self) -> tuple[str, ...]:
        """The methods that read sequences of the training length alone, where the grid tests at others."""
        return tuple(self._fixed_length)

    def examine(self, method: Method, series: TaskSeries, length: int) -> Configuration | None:
        """A method on a task at one length, or None if it makes no sense.

        Raises:
            UserComponentError: a component of the user's own raised something.
            GridError: this machine's memory does not hold the model's parameters.
        """
        task = series.at(length)
        try:
            with user_component_errors((task, *(part for _, part in method.components))):
                trained = self._trained_steps(method, series, length)
                model = self._matched(method, task) if self.match_parameters else method.model
                fixed = fixed_settings(method, model, task, series.criterion)
                assembly = assemble(fixed)
                structure, size = self._drawn(assembly)
                require_parameters(self._grid, f"{method.name} on {series.label}", size)
                self._rehearse(fixed, assembly, structure)
                _require_reach(size, assembly)
                if trained is not None and not structure.interface.bucketed:
                    raise Incompatible("it reads sequences of one length alone and cannot be trained at several")
                others = self._others(method, series, length, structure)
        except Incompatible as reason:
            self._found.setdefault((method.name, series.label, str(reason)), {})[length] = None
            return None
        steps, training = assembly.task.steps, assembly.training
        block = block_sequences(steps, batch_size=training.batch_size)
        name = structure.gradient_name(training.batch_size, block)
        seconds = [evaluation_seconds(size, other.steps, training.test_sequences) for other in others.values()]
        needed = [evaluation_bytes(size, other.steps) for other in others.values()]
        return Configuration(
            digest(name.text if name else ""), fixed, task, length, size,
            tested=tuple(others),
            seconds=trial_seconds(size, steps, training, trained=trained) + sum(seconds),
            bytes=max([trial_bytes(size, steps, training), *needed]),
        )  # fmt: skip

    def _others(self, method: Method, series: TaskSeries, length: int, structure: Structure) -> Mapping[int, Task]:
        """The tasks at other lengths on which the method is tested: none if its model reads one length alone."""
        if structure.interface.bucketed:
            return other_tasks(self._grid, series, length)
        if resolve_test_lengths(self._grid.test_lengths, length):
            self._fixed_length[method.name] = None
        return {}

    def _trained_steps(self, method: Method, series: TaskSeries, length: int) -> float | None:
        """Time steps of a training sequence on average, where batches are drawn at other lengths; else None."""
        drawn = method.training.get("lengths")
        lengths = drawn.at(length) if drawn else ()
        if not lengths:
            return None

        def mean() -> float:
            return fmean(task.steps for task in training_tasks(series, length, lengths))

        return self._once(self._trained, canonical([series.label, length, lengths]), mean)

    def _matched(self, method: Method, task: Component) -> Component:
        """The method's model with the width at which it has the number of parameters asked for."""
        model = method.model
        if "width" not in catalogue.settings("models", model.name):
            raise Incompatible(f"match_parameters chooses a width, and the model {model.name} has none")

        def at(width: int) -> Component:
            return Component(model.name, {**model.settings, "width": width})

        def count(width: int) -> int:
            fixed = fixed_settings(method, at(width), task)
            return self._drawn(assemble(fixed))[1].parameters

        return at(match_width(self.match_parameters or 0, count))

    def _rehearse(self, fixed: dict[str, Any], assembly: Assembly, structure: Structure) -> None:
        """Try the initialisation of a model, once for models alike."""
        links = list(zip(fixed["mitigations"], assembly.chain.links, strict=True))
        if initialising := [setting for setting, link in links if link.initialise]:
            key = canonical([structure.name.text if structure.name else "", initialising])
            names = [setting["name"] for setting, _ in links]
            self._once(self._rehearsed, key, lambda: rehearse(assembly.chain, names, structure))

    def _drawn(self, assembly: Assembly) -> tuple[Structure, ModelSize]:
        """A model's structure and size, built only if none of the same structure has been."""

        def build() -> tuple[Structure, ModelSize]:
            structure = structure_of(assembly)
            return structure, measure(structure)

        assert assembly.names
        names, task = assembly.names, assembly.task
        # A model that takes any length is known by its bucket alone, and one that does not by its length.
        bucketed, exact = (names.structure(task.interface(bucketed=either)).text for either in (True, False))
        found = self._built.get(bucketed)
        if isinstance(found, tuple):
            return found
        structure, size = self._once(self._built, exact, build)
        if structure.interface.bucketed:
            self._built[bucketed] = structure, size
        return structure, size

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


def _require_reach(size: ModelSize, assembly: Assembly) -> None:
    """Refuse a connection of steps farther apart than any two of the task: in one layer or more it would do nothing."""
    if size.reach >= assembly.task.steps:
        raise Incompatible(
            f"a connection through time reaches {size.reach} steps back, and the sequences have "
            f"{assembly.task.steps}; give shorter steps, a longer task or, if dilated, fewer layers"
        )


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
