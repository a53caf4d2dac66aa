"""How every trial is trained: the key `training` of a grid and of its methods and levels."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from seqbench.grid.base import KEYS, LARGEST, VALUE, Positive, Rate, Strict, form
from seqbench.grid.lengths import Drawn
from seqbench.grid.reference import Change, Of, Reference, layered

TRAINING_FAMILIES = {"optimizer": "optimizers", "schedule": "schedules"}
"""The keys of `training` that name a component, and the families they choose from."""


class StepsByLength(Strict):
    """Training steps in proportion to the dependency length, within bounds."""

    per_length: Annotated[float, Field(gt=0, le=1e6)]
    """Training steps for each step of the dependency length."""
    at_least: Positive = 1
    """No trial has fewer training steps."""
    at_most: Positive = LARGEST
    """No trial has more training steps."""

    @model_validator(mode="after")
    def _bounds_in_order(self) -> StepsByLength:
        if self.at_most < self.at_least:
            problem = f"at_most of no less than at_least, which is {self.at_least}"
            raise PydanticCustomError("steps_by_length", problem)
        return self

    def at(self, length: int) -> int:
        """Training steps of a trial at this dependency length."""
        return min(max(round(self.per_length * length), self.at_least), self.at_most)

    def __str__(self) -> str:
        """The rule in words."""
        bounds = [f"at least {self.at_least:,}"] * (self.at_least > 1)
        bounds += [f"at most {self.at_most:,}"] * (self.at_most < LARGEST)
        return ", ".join([f"{self.per_length:g} x dependency length", *bounds])


def _length(key: Any) -> Any:
    """A length that stands as a key; keys of a grid are text."""
    return int(key) if isinstance(key, str) and re.fullmatch("[1-9][0-9]{0,9}", key) else key


Length = Annotated[Positive, BeforeValidator(_length)]


class BatchByLength(Strict):
    """Sequences in a training step by dependency length, for what long sequences need of memory."""

    at: Annotated[
        dict[Length, Positive], Field(min_length=1, json_schema_extra={"propertyNames": {"pattern": "^[1-9][0-9]*$"}})
    ]
    """`{100: 64, 1000: 16}`: 64 up to a dependency length of 999, and 16 from 1000 on."""

    def sequences(self, length: int) -> int:
        """Sequences in a training step of a trial at this dependency length: those of the longest no longer one."""
        shorter = [listed for listed in self.at if listed <= length]
        return self.at[max(shorter, default=min(self.at))]


class TrainOn(Strict):
    """Stop some training steps after the trial was found solved, so that a collapse shows."""

    after: Positive
    """Training steps after the trial was found solved, within the budget."""


class StopWhenStuck(Strict):
    """Stop once the training loss has not become smaller by a share of itself over some evaluations."""

    evaluations: Annotated[int, Field(ge=2, le=LARGEST)]
    """Over how many evaluations the training loss is looked at."""
    improvement: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """By which share the loss must come below the smallest before."""


Steps = Annotated[Annotated[StepsByLength, Tag(KEYS)] | Annotated[Positive, Tag(VALUE)], Discriminator(form)]
BatchSize = Annotated[Annotated[BatchByLength, Tag(KEYS)] | Annotated[Positive, Tag(VALUE)], Discriminator(form)]
Stop = Annotated[Annotated[TrainOn, Tag(KEYS)] | Annotated[bool, Tag(VALUE)], Discriminator(form)]
StopStuck = Annotated[Annotated[StopWhenStuck, Tag(KEYS)] | Annotated[Literal[False], Tag(VALUE)], Discriminator(form)]


class Training(Strict):
    """How every trial is trained; a fragment may change any of it."""

    steps: Steps = 3000
    """Most training steps of a trial; `{per_length: 20, at_least: 800}` grows with the dependency length."""
    lengths: Drawn = False
    """`{from: 0.5}` draws each training batch's dependency length from half of the trial's to all of it."""
    batch_size: BatchSize = 32
    """Sequences in a training step; `{at: {100: 64, 1000: 16}}` depends on the dependency length."""
    evaluate_every: Positive = 100
    """Training steps between evaluations on validation data."""
    optimizer: Annotated[Change, Of("optimizers.change")] = Reference("adam")
    """How the gradient becomes a step: a name, `{name: {setting: value}}`, or settings alone."""
    learning_rate: Rate = 1e-3
    """The learning rate at the peak of the schedule."""
    schedule: Annotated[Change, Of("schedules.change")] = Reference("constant")
    """How the learning rate changes: a name, `{name: {setting: value}}`, or settings alone."""
    stop_when_solved: Stop = True
    """Whether to stop once solved at three evaluations in a row; `{after: 500}` trains on for 500 steps."""
    stop_when_stuck: StopStuck = False
    """`{evaluations: 10, improvement: 0.01}` stops once the training loss no longer improves."""
    validation_sequences: Positive = 1024
    """Most sequences that an evaluation reads."""
    test_sequences: Positive = 10_000
    """Sequences on which the trained network is tested."""

    def updated(self, *changes: Training) -> Training:
        """This training with what the changes say in so many words."""
        said = {key: getattr(change, key) for change in changes for key in change.model_fields_set}
        for key in said.keys() & TRAINING_FAMILIES:
            own = (getattr(change, key) for change in changes if key in change.model_fields_set)
            said[key] = layered(getattr(self, key), own)
        return self.model_copy(update=said)


def spell_steps(steps: int | StepsByLength) -> str:
    """How many training steps a trial has, in words."""
    return f"{steps:,}" if isinstance(steps, int) else str(steps)


def steps_at(steps: int | StepsByLength, length: int) -> int:
    """The number of training steps of a trial at a dependency length."""
    return steps.at(length) if isinstance(steps, StepsByLength) else steps


def batch_at(size: int | BatchByLength, length: int) -> int:
    """Sequences in a training step of a trial at a dependency length."""
    return size.sequences(length) if isinstance(size, BatchByLength) else size
