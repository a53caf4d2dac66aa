"""From a trial's settings to the values that training works on: its task, its model and its mitigations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from seqbench.cells._by_layer import listed
from seqbench.cells.base import CellBuilder
from seqbench.components import catalogue
from seqbench.components.assembly import Assembly, NamedTask, TrainingSettings
from seqbench.components.catalogue import LAYERS
from seqbench.components.program_names import name_programs, task_name
from seqbench.mitigations._in_layers import in_layers
from seqbench.mitigations.base import Chain, Mitigation, chain
from seqbench.tasks.base import Criterion, Task


def assemble(settings: Mapping[str, Any]) -> Assembly:
    """The values behind a trial's settings (`Trial.settings`, or the same read back from JSON).

    Raises:
        ComponentError: a component or a setting no longer exists.
        Incompatible: a component refuses its settings.
    """
    task: Task = make("tasks", settings["task"])
    if declared := settings.get("criterion"):
        task = task._replace(criterion=Criterion(**declared))
    mitigations = assemble_chain(settings["mitigations"])
    builder = make("models", settings["model"], *_cell(settings))
    training = settings["training"]
    return Assembly(
        task,
        lambda interface, rngs: builder(interface, mitigations, rngs),
        mitigations,
        read_training(training),
        make("optimizers", training["optimizer"]),
        make("schedules", training["schedule"])(training["steps"]),
        name_programs(settings, mitigations),
        tuple(_named_task(at_length(settings, length)) for length in training.get("lengths", ())),
    )


def _cell(settings: Mapping[str, Any]) -> tuple[CellBuilder, ...]:
    """The cell that the model takes, if it takes one: that of all layers, or those of each."""
    if settings["cell"]["name"] == catalogue.NO_CELL.name:
        return ()
    cells: list[CellBuilder] = [make("cells", cell) for cell in (settings["cell"], *settings.get("upper_cells", ()))]
    return (cells[0] if len(cells) == 1 else listed(cells),)


def _named_task(settings: Mapping[str, Any]) -> NamedTask:
    return NamedTask(make("tasks", settings["task"]), task_name(settings))


def read_training(settings: Mapping[str, Any]) -> TrainingSettings:
    """How a trial is trained, from the settings that identify it: those that have a default may be absent."""
    own = {field.name: settings[field.name] for field in fields(TrainingSettings) if field.name in settings}
    return TrainingSettings(**own | {"optimizer": settings["optimizer"]["name"]})


def at_length(settings: Mapping[str, Any], length: int) -> dict[str, Any]:
    """A trial's settings with its task at another dependency length."""
    name, own = settings["task"]["name"], settings["task"]["settings"]
    return {**settings, "task": {"name": name, "settings": {**own, catalogue.length_argument(name): length}}}


def assemble_chain(mitigations: list[Mapping[str, Any]]) -> Chain:
    """The chain of these mitigations."""
    links: list[Mitigation] = [make("mitigations", mitigation) for mitigation in mitigations]
    return chain(*links)


def make(family: str, named: Mapping[str, Any], *first: Any) -> Any:
    """Call a component's function with its settings, after `first`."""
    name, complete = named["name"], catalogue.resolve(family, named["name"], named["settings"]).settings
    known = catalogue.settings(family, name)
    made = catalogue.component(family, name)(*first, **{key: complete[key] for key in known})
    if isinstance(made, Mitigation):
        made = made._replace(name=name)
    layers = () if LAYERS in known else complete.get(LAYERS, ())
    return in_layers(made, layers) if layers else made
