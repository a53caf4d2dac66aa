"""What a plan will cost, before anything is trained.

It is right within a factor of about two for trials that use their whole budget; those that stop once solved take less.
Time is matrix products plus what a time step of a layer costs however small it is; constants measured on one core of a
two-core CPU. Memory is what one worker holds: the runtime itself, and the states that the backward pass needs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqbench.grid.rules import EVALUATION_BATCH
from seqbench.grid.size import Size

FLOPS_PER_SECOND = 40e9
SECONDS_PER_TIME_STEP = 3e-6
"""Of one layer, forward."""
TRAINING_FACTOR = 3
"""A training step against a forward pass: the backward pass costs two."""
SECONDS_PER_COMPILATION = 5.0
RUNTIME_BYTES = 350_000_000
BYTES_PER_NUMBER = 4
OPTIMIZER_COPIES = 4
"""Parameters, gradient and two moments."""


class Estimate(NamedTuple):
    """Seconds of all trials on this many workers, with compilation, and bytes of each worker at its largest trial."""

    compilations: int
    seconds: float
    bytes_per_worker: int
    workers: int


def trial_seconds(size: Size, steps: int, training: dict[str, Any]) -> float:
    """Seconds of one trial over sequences of `steps` time steps, without compilation."""
    one = forward_seconds(size, steps, training["batch_size"])
    evaluations = training["steps"] / training["evaluate_every"]
    sequences = evaluations * training["validation_sequences"] + training["test_sequences"]
    evaluation = sequences / EVALUATION_BATCH * forward_seconds(size, steps, EVALUATION_BATCH)
    return TRAINING_FACTOR * training["steps"] * one + evaluation


def forward_seconds(size: Size, steps: int, batch_size: int) -> float:
    """Seconds of one forward pass."""
    return 2.0 * size.weights * batch_size * steps / FLOPS_PER_SECOND + SECONDS_PER_TIME_STEP * steps * size.layers


def trial_bytes(size: Size, steps: int, training: dict[str, Any]) -> int:
    """Bytes that training one trial needs: the states of a training batch twice over, or of an evaluation batch."""
    sequences = max(2 * training["batch_size"], EVALUATION_BATCH)
    numbers = OPTIMIZER_COPIES * size.parameters + sequences * steps * max(size.states, 1)
    return RUNTIME_BYTES + BYTES_PER_NUMBER * numbers
