"""What a trial trains, as values: its task, its model and its mitigations. Knows neither names in YAML nor pydantic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import optax
from flax import nnx

from seqbench.compilation import Name
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
    lengths: dependency lengths of its batches, drawn evenly; empty: that of the trial alone
    stop_when_solved: whether it stops once it is solved, or `{after: N}`: N steps later
    stop_when_stuck: when it counts as stuck (`seqbench.training.stuck`), or False
    validation_sequences, test_sequences: what its figures rest on
    """

    steps: int
    batch_size: int
    evaluate_every: int
    optimizer: str
    lengths: Sequence[int] = ()
    stop_when_solved: bool | Mapping[str, int] = True
    stop_when_stuck: Mapping[str, Any] | Literal[False] = False
    validation_sequences: int
    test_sequences: int


class NamedTask(NamedTuple):
    """A task at one dependency length, with what names it, if anything does."""

    task: Task
    name: Name | None


class Assembly(NamedTuple):
    """What a trial trains.

    task: the task at the trial's dependency length
    build_model: `(interface, rngs) -> model`, with the mitigations' cells and layers in it but not their initialisation
    chain: the trial's mitigations, in order: what initialises a model
    training: for how long, on how much data
    optimizer: the direction of a step, before the learning rate
    schedule: what the learning rate is multiplied by, given the number of steps taken
    names: what names its compiled programs; None for an assembly that no settings describe
    trained: the tasks that its batches are drawn from, at the lengths of `training`; empty: `task` alone
    """

    task: Task
    build_model: Callable[[Interface, nnx.Rngs], Model]
    chain: Chain
    training: TrainingSettings
    optimizer: Optimizer
    schedule: optax.Schedule
    names: ProgramNames | None = None
    trained: tuple[NamedTask, ...] = ()
