"""Multiply the two marked numbers of a long sequence.

The sequences are those of the adding problem: a value from U[0, 1] and a marker at each step, one mark in each half.
After the last step the product of the two marked values is asked for.

A worked example with T = 6:

    value   0.3  0.8  0.5  0.9  0.1  0.7
    marker   0    1    0    0    1    0     ->  0.8 * 0.1 = 0.08

`length` is T. The first mark stands T/2 to T - 1 steps before the read-out; `Batch.distance` says how many in each
sequence. Always answering 1/4 has squared error 1/9 - 1/16 = 7/144 and is within 0.04 of the product with probability
F(0.29) - F(0.21) = 0.1113, where F(z) = z - z ln z is the distribution of a product of two such values. That predictor
is the task's chance level and trivial predictor. (Answering 0.04 would be right more often, with a larger error.)

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 5, on the sequences of Arjovsky, Shah &
Bengio 2016, "Unitary evolution recurrent neural networks".
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from seqbench.errors import Incompatible
from seqbench.tasks.adding import mark_two
from seqbench.tasks.base import Batch, Criterion, Predictions, Task, full_mask, squared_error

TOLERANCE = 0.04
CONSTANT = 0.25


def multiplication(length: int = 100) -> Task:
    """The multiplication problem on sequences of `length` steps; solved at a squared error of 0.003, 6 % of chance."""
    if length < 2:
        raise Incompatible(f"multiplication needs two steps to mark, so its length must be at least 2, not {length}.")

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, distance = mark_two(key, batch_size, length)
        return Batch(
            inputs=inputs,
            targets=marked_product(inputs),
            mask=full_mask(batch_size, length),
            weights=jnp.ones((batch_size, 1)),
            distance=distance,
        )

    trivial = product_distribution(CONSTANT + TOLERANCE) - product_distribution(CONSTANT - TOLERANCE)
    return Task(
        sample=sample,
        loss=squared_error,
        correct=near,
        oracle=lambda batch: marked_product(batch.inputs),
        guess=lambda batch: jnp.full((len(batch.inputs), 1, 1), CONSTANT),
        inputs=2,
        outputs=1,
        length=length,
        steps=length,
        symbolic=False,
        chance=trivial,
        trivial=trivial,
        trivial_loss=7 / 144,
        criterion=Criterion("loss", 0.003),
    )


def marked_product(inputs: Float[Array, "B T 2"]) -> Predictions:
    """The product of the marked values."""
    values, marker = inputs[..., 0], inputs[..., 1]
    return jnp.prod(jnp.where(marker > 0, values, 1.0), axis=1)[:, None, None]


def near(predictions: Predictions, targets: Float[Array, "B K 1"]) -> Float[Array, "B K"]:
    """1 where the answer is closer than `TOLERANCE` to the product."""
    return (jnp.abs(predictions - targets) < TOLERANCE).all(-1).astype(jnp.float32)


def product_distribution(product: float) -> float:
    """Probability that the product of two values from U[0, 1] is at most `product`."""
    return product - product * math.log(product)
