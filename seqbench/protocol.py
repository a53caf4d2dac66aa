"""What is the same for every trial of every grid. Each of these is a part of a trial's identity."""

from __future__ import annotations

from typing import Any

from seqbench.buckets import FACTOR, SMALLEST, bucket, power_of_two
from seqbench.layers.unroll import MEMORY_BUDGET
from seqbench.schema import HELD

EVALUATION_BATCH = 256
"""Sequences a batch of validation and test data, unless they are long."""

EVALUATION_STEPS = 2**18
"""Steps of a batch of validation and test data at most, all its sequences together: long ones must fit into memory."""

FEWEST = 8
"""Sequences a batch of validation and test data, however long they are."""

DECIDING = 256
"""Sequences of validation data that are read before an evaluation may end because its criterion is out of reach."""

DECIDED_MARGIN = 0.05
"""How far below the criterion an accuracy must be out of reach too, for solving to be judged again at lower ones."""

BLOCK = 2048
"""Sequences that are drawn together from one key, unless they are long."""

CHANCE_MARGIN = 0.05
"""A trial is at chance if its accuracy is less than this share of the way from the trivial predictor to perfect."""

TRAINING_VERSION = 4
"""Raise when training or evaluation changes what a number means in a way that no constant here captures."""


def evaluation_batch(steps: int) -> int:
    """Sequences of at most `steps` steps in a batch of validation and test data: a power of two."""
    return min(EVALUATION_BATCH, _fit(bucket(steps)))


def block_sequences(steps: int, *, batch_size: int = 1) -> int:
    """Sequences of at most `steps` steps that are drawn together: a power of two, and one batch at least."""
    return max(min(BLOCK, _fit(bucket(steps))), power_of_two(batch_size))


def _fit(steps: int) -> int:
    """Sequences that fit into `EVALUATION_STEPS`: a power of two, and `FEWEST` at least."""
    fit = max(EVALUATION_STEPS // steps, FEWEST)
    return 1 << (fit.bit_length() - 1)


def rules() -> dict[str, Any]:
    """The rules as a trial's identity holds them: a trial made under others is another trial."""
    return {
        "training": TRAINING_VERSION,
        "evaluation_batch": [EVALUATION_BATCH, EVALUATION_STEPS, FEWEST],
        "decided": [DECIDING, DECIDED_MARGIN],
        "block": BLOCK,
        "buckets": [SMALLEST, FACTOR],
        "held": HELD,
        "chance_margin": CHANCE_MARGIN,
        "memory_budget": MEMORY_BUDGET,
    }
