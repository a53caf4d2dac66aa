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

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4, in the form of Arjovsky, Shah & Bengio
2016, "Unitary evolution recurrent neural networks". An answer is right within 0.04 on Hochreiter & Schmidhuber's scale,
on which the sum is halved.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible
from seqbench.tasks.base import Batch, Criterion, Predictions, Task, full_mask, squared_error

TOLERANCE = 0.08


def adding(length: int = 100) -> Task:
    """The adding problem on sequences of `length` steps; solved at a squared error of 0.01."""
    if length < 2:
        raise Incompatible(f"adding needs two steps to mark, so its length must be at least 2, not {length}.")

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, distance = mark_two(key, batch_size, length)
        return Batch(
            inputs=inputs,
            targets=marked_sum(inputs),
            mask=full_mask(batch_size, length),
            weights=jnp.ones((batch_size, 1)),
            distance=distance,
        )

    return Task(
        sample=sample,
        loss=squared_error,
        correct=near,
        oracle=lambda batch: marked_sum(batch.inputs),
        guess=lambda batch: jnp.ones((len(batch.inputs), 1, 1)),
        inputs=2,
        outputs=1,
        length=length,
        steps=length,
        symbolic=False,
        chance=1 - (1 - TOLERANCE) ** 2,
        trivial=1 - (1 - TOLERANCE) ** 2,
        trivial_loss=1 / 6,
        criterion=Criterion("loss", 0.01),
    )


def mark_two(key: Key[Array, ""], batch_size: int, length: int) -> tuple[Float[Array, "B T 2"], Int[Array, "B 1"]]:
    """Values from U[0, 1] beside a marker at one step of each half, and the distance of the first mark from the end."""
    values_key, first_key, second_key = jax.random.split(key, 3)
    values = jax.random.uniform(values_key, (batch_size, length))
    first = jax.random.randint(first_key, (batch_size, 1), 0, length // 2)
    second = jax.random.randint(second_key, (batch_size, 1), length // 2, length)
    steps = jnp.arange(length)
    marker = ((steps == first) | (steps == second)).astype(values.dtype)
    return jnp.stack([values, marker], axis=-1), length - 1 - first


def marked_sum(inputs: Float[Array, "B T 2"]) -> Predictions:
    """The sum of the marked values."""
    return jnp.sum(inputs[..., 0] * inputs[..., 1], axis=1)[:, None, None]


def near(predictions: Predictions, targets: Float[Array, "B K 1"]) -> Float[Array, "B K"]:
    """1 where the answer is closer than `TOLERANCE` to the sum."""
    return (jnp.abs(predictions - targets) < TOLERANCE).all(-1).astype(jnp.float32)
