"""Multiply the two marked numbers of a long sequence.

The sequences are those of the adding problem: a value from U[0, 1] and a marker at each step, one mark in each half.
After the last step the product of the two marked values is asked for.

A worked example with T = 6:

    value   0.3  0.8  0.5  0.9  0.1  0.7
    marker   0    1    0    0    1    0     ->  0.8 * 0.1 = 0.08

`length` is T. The first mark stands T/2 to T - 1 steps before the read-out; `Batch.distance` says how many in each
sequence. Always answering 1/4 has squared error 1/9 - 1/16 = 7/144, the figure that papers compare with. One who finds
the nearer mark and not the further answers half of its value, with squared error 1/36, and is within 0.04 of the
product with probability F(0.08) = 0.2821, where F(z) = z - z ln z is the distribution of a product of two such values.
Without the first number neither can be improved, because every product up to the second number is then equally
likely: that predictor is the task's chance level and trivial predictor. (Always answering 0.04 is right as often.)

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 5, on the sequences of Arjovsky, Shah &
Bengio 2016, "Unitary evolution recurrent neural networks".
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from seqbench.setting_types import PositiveInt
from seqbench.tasks._marked_numbers import ask_for
from seqbench.tasks.base import Predictions, Task

VERSION = 2
"""From 2 on `chance` is reached by using the nearer mark alone; in 1 it was the accuracy of always answering 1/4."""

TOLERANCE = 0.04


def multiplication(length: PositiveInt = 100) -> Task:
    """The multiplication problem on `length` steps; solved at a squared error of 0.003, 6 % of a constant's."""
    return ask_for(
        marked_product,
        length=length,
        tolerance=TOLERANCE,
        guess=lambda batch: half_the_nearer(batch.inputs),
        trivial=product_distribution(2 * TOLERANCE),
        trivial_loss=1 / 36,
        solved_at=0.003,
    )


def marked_product(inputs: Float[Array, "B T 2"]) -> Predictions:
    """The product of the marked values."""
    values, marker = inputs[..., 0], inputs[..., 1]
    return jnp.prod(jnp.where(marker > 0, values, 1.0), axis=1)[:, None, None]


def half_the_nearer(inputs: Float[Array, "B T 2"]) -> Predictions:
    """Half of the value marked last: the mean of the product without the value marked first."""
    last = inputs.shape[1] - 1 - jnp.argmax(inputs[:, ::-1, 1:], axis=1, keepdims=True)
    return jnp.take_along_axis(inputs[..., :1], last, axis=1) / 2


def product_distribution(product: float) -> float:
    """Probability that the product of two values from U[0, 1] is at most `product`."""
    return product - product * math.log(product)
