"""What a plan will cost, before anything is trained.

It is right within a factor of about two for trials that use their whole budget; those that stop once solved take less.
Time is matrix products plus what a time step of a layer costs however small it is; constants measured on one core of a
two-core CPU. Memory is what one worker holds: the runtime itself, what every layer gives, and the states that the
backward pass needs, which are few where a sequence is cut into segments (`seqbench.layers.unroll`).
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

from seqbench.components.assembly import TrainingSettings
from seqbench.layers.unroll import MEMORY_BUDGET
from seqbench.plan.model_size import ModelSize
from seqbench.protocol import evaluation_batch

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
BACKWARD_FACTOR = 2
"""What the backward pass keeps of a time step against its states: 0 to 8 by `backward_bytes` of the cells here."""


class Estimate(NamedTuple):
    """What a plan costs.

    compilations: programs that differentiate a model, each compiled once
    seconds: of all trials on this many workers, with compilation
    most_seconds: the same at most, where searches need as many trials as they ever may; else `seconds`
    bytes_per_worker: of each worker at its largest trial
    """

    compilations: int
    seconds: float
    most_seconds: float
    bytes_per_worker: int
    workers: int


def machine_bytes() -> int:
    """Memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def trial_seconds(size: ModelSize, steps: int, training: TrainingSettings, *, trained: float | None = None) -> float:
    """Seconds of one trial over sequences of `steps` time steps, without compilation.

    trained: time steps of a training sequence on average, if others
    """
    one = forward_seconds(size, steps if trained is None else trained, training.batch_size)
    evaluations = training.steps / training.evaluate_every
    sequences = evaluations * training.validation_sequences + training.test_sequences
    return TRAINING_FACTOR * training.steps * one + evaluation_seconds(size, steps, sequences)


def evaluation_seconds(size: ModelSize, steps: int, sequences: float) -> float:
    """Seconds of scoring so many sequences of `steps` time steps."""
    batch_size = evaluation_batch(steps)
    return sequences / batch_size * forward_seconds(size, steps, batch_size)


def forward_seconds(size: ModelSize, steps: float, batch_size: int) -> float:
    """Seconds of one forward pass."""
    return 2.0 * size.weights * batch_size * steps / FLOPS_PER_SECOND + SECONDS_PER_TIME_STEP * steps * size.layers


def trial_bytes(size: ModelSize, steps: int, training: TrainingSettings) -> int:
    """Bytes that training one trial needs: of a training batch and its backward pass, or of an evaluation batch."""
    train = pass_bytes(size, steps, training.batch_size, kept=BACKWARD_FACTOR)
    return held_bytes(size) + max(train, pass_bytes(size, steps, evaluation_batch(steps), kept=1))


def evaluation_bytes(size: ModelSize, steps: int) -> int:
    """Bytes of a worker that scores sequences of `steps` time steps."""
    return held_bytes(size) + pass_bytes(size, steps, evaluation_batch(steps), kept=1)


def held_bytes(size: ModelSize) -> int:
    """Bytes of a worker whatever it does: the runtime, and the parameters with what the optimizer keeps of each."""
    return RUNTIME_BYTES + BYTES_PER_NUMBER * OPTIMIZER_COPIES * size.parameters


def pass_bytes(size: ModelSize, steps: int, batch_size: int, *, kept: int) -> int:
    """Bytes of one pass over a batch in which each state is kept `kept` times; layers count as alike.

    Where the states of a layer do not fit into its budget, it keeps those between segments of about sqrt(steps) steps
    and those inside one segment, as `seqbench.layers.unroll.choose_segment` does; what it gives it keeps in any case.
    """
    one_step = BYTES_PER_NUMBER * batch_size
    states = max(size.states, 1)
    needed = BACKWARD_FACTOR * one_step * steps * states
    if needed <= MEMORY_BUDGET * max(size.layers, 1) or not size.layers:
        return kept * one_step * steps * states
    segment = math.isqrt(steps)
    return one_step * (kept * (segment + math.ceil(steps / segment)) * states + steps * size.outputs)
