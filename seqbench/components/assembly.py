"""What a trial trains, as values: its task, its model and its mitigations. Knows neither names in YAML nor pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import optax
from flax import nnx

from seqbench.components.program_names import ProgramNames
from seqbench.mitigations.base import Chain
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
