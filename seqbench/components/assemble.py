"""From a trial's settings to the values that training works on: its task, its model and its mitigations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import optax
from flax import nnx

from seqbench.components import catalogue
from seqbench.components.program_names import ProgramNames, name_programs
from seqbench.mitigations.base import Chain, Mitigation, chain
from seqbench.models.base import Model
from seqbench.optimizers.base import Optimizer
from seqbench.tasks.base import Interface, Task


class Assembly(NamedTuple):
    """What a trial trains.

    task: the task at the trial's dependency length
    build_model: `(interface, rngs) -> model`, with the mitigations' cells and layers in it but not their initialisation
    chain: the trial's mitigations, in order: what initialises a model
    training: steps, batch_size, evaluate_every, optimizer, schedule, stop_when_solved and the sizes of the test sets
    optimizer: the direction of a step, before the learning rate
    schedule: what the learning rate is multiplied by, given the number of steps taken
    names: what names its compiled programs; None for an assembly that no settings describe
    """

    task: Task
    build_model: Callable[[Interface, nnx.Rngs], Model]
    chain: Chain
    training: dict[str, Any]
    optimizer: Optimizer
    schedule: optax.Schedule
    names: ProgramNames | None = None


def assemble(settings: Mapping[str, Any]) -> Assembly:
    """The values behind a trial's settings (`Trial.settings`, or the same read back from JSON).

    Raises:
        ComponentError: a component or a setting no longer exists.
        Incompatible: a component refuses its settings.
    """
    task: Task = make("tasks", settings["task"])
    mitigations = assemble_chain(settings["mitigations"])
    model, cell = settings["model"], settings["cell"]
    first = () if cell["name"] == catalogue.NO_CELL.name else (make("cells", cell),)
    builder = make("models", model, *first)
    training = settings["training"]
    return Assembly(
        task,
        lambda interface, rngs: builder(interface, mitigations, rngs),
        mitigations,
        training,
        make("optimizers", training["optimizer"]),
        make("schedules", training["schedule"])(training["steps"]),
        name_programs(settings, mitigations),
    )


def assemble_chain(mitigations: list[Mapping[str, Any]]) -> Chain:
    """The chain of these mitigations."""
    links: list[Mitigation] = [make("mitigations", mitigation) for mitigation in mitigations]
    return chain(*links)


def make(family: str, named: Mapping[str, Any], *first: Any) -> Any:
    """Call a component's function with its settings, after `first`."""
    complete = catalogue.resolve(family, named["name"], named["settings"])
    return catalogue.component(family, named["name"])(*first, **complete.settings)
