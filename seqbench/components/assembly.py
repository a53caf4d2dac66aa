"""What a trial trains, as values: its task, its model and its mitigations. Knows neither names in YAML nor pydantic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import optax
from flax import nnx

from seqbench.components.program_names import ProgramNames
from seqbench.mitigations.base import Chain
from seqbench.models.base import Model
from seqbench.optimizers.base import Optimizer
from seqbench.tasks.base import Interface, Task


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a trial is trained.

    steps: the most training steps that it takes
    batch_size: sequences a step
    evaluate_every: steps between evaluations
    optimizer: its name
    stop_when_solved: whether it stops once it is solved, or `{after: N}`: N steps later
    stop_when_stuck: when it counts as stuck (`seqbench.training.stuck`), or False
    validation_sequences, test_sequences: what its figures rest on
    """

    steps: int
    batch_size: int
    evaluate_every: int
    optimizer: str
    stop_when_solved: bool | Mapping[str, int] = True
    stop_when_stuck: Mapping[str, Any] | Literal[False] = False
    validation_sequences: int
    test_sequences: int


class Assembly(NamedTuple):
    """What a trial trains.

    task: the task at the trial's dependency length
    build_model: `(interface, rngs) -> model`, with the mitigations' cells and layers in it but not their initialisation
    chain: the trial's mitigations, in order: what initialises a model
    training: for how long, on how much data
    optimizer: the direction of a step, before the learning rate
    schedule: what the learning rate is multiplied by, given the number of steps taken
    names: what names its compiled programs; None for an assembly that no settings describe
    """

    task: Task
    build_model: Callable[[Interface, nnx.Rngs], Model]
    chain: Chain
    training: TrainingSettings
    optimizer: Optimizer
    schedule: optax.Schedule
    names: ProgramNames | None = None
