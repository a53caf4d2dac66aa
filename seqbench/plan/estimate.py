"""What a plan will cost, before anything is trained.

Of a trial that uses its whole budget; one that stops once solved takes less. Machines differ by more than models do: an
idle one has taken a quarter of these seconds, and one with other work twice as many.

Time is that of matrix products, of functions such as `tanh` and of reading and writing states, plus what a training
step and a time step of a layer cost however small they are: constants fitted to the gradient and the evaluation of
every cell, at 16 to 128 units, on one core of a two-core CPU while the other was busy too. Memory is what one worker
holds: the runtime itself, what every layer gives, and the states that the backward pass needs, which are few where a
sequence is cut into segments (`seqbench.layers.unroll`).
"""

from __future__ import annotations

import math
import os
from typing import NamedTuple

from seqbench.components.assembly import TrainingSettings
from seqbench.layers.unroll import MEMORY_BUDGET
from seqbench.plan.model_size import ModelSize
from seqbench.protocol import evaluation_batch

SECONDS_PER_PRODUCT = 1.5e-11
SECONDS_PER_FUNCTION = 2.3e-9
SECONDS_PER_STATE = 1.5e-9
SECONDS_PER_TIME_STEP = 1.1e-6
"""Of one layer, forward."""
TRAINING_FACTOR = 3.25
"""A gradient against a forward pass: the backward pass costs two, and writes more."""
SECONDS_PER_UPDATE = 5e-4
"""Of the optimizer and the mitigations, a training step."""
SECONDS_PER_COMPILATION = 5.0
RUNTIME_BYTES = 350_000_000
BYTES_PER_NUMBER = 4
OPTIMIZER_COPIES = 4
"""Parameters, gradient and two moments."""
BACKWARD_FACTOR = 2
"""What the backward pass keeps of a time step against its states: 0 to 8 by `backward_bytes` of the cells here."""
LIVE = 3
"""Arrays of the largest size that a model without loops holds at once in a forward pass, by XLA for a Transformer."""


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
    step = TRAINING_FACTOR * one + SECONDS_PER_UPDATE
    return training.steps * step + evaluation_seconds(size, steps, sequences)


def evaluation_seconds(size: ModelSize, steps: int, sequences: float) -> float:
    """Seconds of scoring so many sequences of `steps` time steps."""
    batch_size = evaluation_batch(steps)
    return sequences / batch_size * forward_seconds(size, steps, batch_size)


def forward_seconds(size: ModelSize, steps: float, batch_size: int) -> float:
    """Seconds of one forward pass."""
    arithmetic = size.products * SECONDS_PER_PRODUCT + size.functions * SECONDS_PER_FUNCTION
    one_sequence = arithmetic + size.states * SECONDS_PER_STATE
    return steps * (batch_size * one_sequence + size.layers * SECONDS_PER_TIME_STEP)


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

    Forwards alone, a model without loops holds no more than what is largest of it with what it is made of and makes.
    Where the states of a layer do not fit into its budget, it keeps those between segments of about sqrt(steps) steps
    and those inside one segment, as `seqbench.layers.unroll.choose_segment` does; what it gives it keeps in any case.
    """
    one_step = BYTES_PER_NUMBER * batch_size
    if not size.layers:
        return one_step * steps * max(size.states * kept if kept > 1 else LIVE * size.outputs, 1)
    states = size.states
    needed = BACKWARD_FACTOR * one_step * steps * states
    if needed <= MEMORY_BUDGET * size.layers:
        return kept * one_step * steps * states
    segment = math.isqrt(steps)
    return one_step * (kept * (segment + math.ceil(steps / segment)) * states + steps * size.outputs)
