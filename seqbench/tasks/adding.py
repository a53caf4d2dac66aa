"""Add the two marked numbers of a long sequence.

Each step shows a value drawn from U[0, 1] and a marker. The marker is 1 at one step of the first half and at one step
of the second half, 0 elsewhere. After the last step the sum of the two marked values is asked for.

A worked example with T = 6:

    value   0.3  0.8  0.5  0.9  0.1  0.7
    marker   0    1    0    0    1    0     ->  0.8 + 0.1 = 0.9

`length` is T. The first mark stands T/2 to T - 1 steps before the read-out; `Batch.distance` says how many in each
sequence. Always answering 1 has squared error 1/6 and is within 0.08 of the sum with probability
1 - 0.92^2 = 0.1536. That predictor, which looks at neither mark, is the task's chance level and trivial predictor; one
that finds the nearer mark and not the further has squared error 1/12.

`marks: anywhere` draws two different steps out of all T, each pair equally likely. The first mark then stands 1 to
T - 1 steps before the read-out, (2 T - 1) / 3 in the mean, so that many sequences ask for a shorter memory; accuracy
is recorded in four bins of that distance. The figures of the predictors are the same.

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4, in the form of Arjovsky, Shah & Bengio
2016, "Unitary evolution recurrent neural networks". An answer is right within 0.04 on Hochreiter & Schmidhuber's scale,
on which the sum is halved. Marks anywhere: the code of Bai, Kolter & Koltun 2018, "An empirical evaluation of generic
convolutional and recurrent networks for sequence modeling".
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from seqbench.setting_types import PositiveInt
from seqbench.tasks._marked_numbers import HALVES, Marks, ask_for
from seqbench.tasks.base import Predictions, Task

ADDED = {"marks": HALVES}

TOLERANCE = 0.08


def adding(length: PositiveInt = 100, marks: Marks = HALVES) -> Task:
    """The adding problem on sequences of `length` steps; solved at a squared error of 0.01, 6 % of a constant's."""
    return ask_for(
        marked_sum,
        length=length,
        marks=marks,
        tolerance=TOLERANCE,
        guess=lambda batch: jnp.ones((len(batch.inputs), 1, 1)),
        trivial=1 - (1 - TOLERANCE) ** 2,
        trivial_loss=1 / 6,
        solved_at=0.01,
    )


def marked_sum(inputs: Float[Array, "B T 2"]) -> Predictions:
    """The sum of the marked values."""
    return jnp.sum(inputs[..., 0] * inputs[..., 1], axis=1)[:, None, None]
