"""Hold one of two classes against noise.

During the first `signal` steps the first feature shows the class, +1 or -1. From then on only the second feature
changes: Gaussian noise of standard deviation `noise`. After the last step the state must still be at +0.8 or -0.8.

A worked example with length 4 and 2 steps of signal:

    signal  -1    -1     0     0     0     0
    noise    0     0    0.1  -0.3   0.2   0.0    ->  -0.8

`length` is the number of steps from the last step of signal to the read-out (T - L in the paper). Without the signal
both classes are equally likely: chance and the trivial score are 1/2, and the best constant, 0, has a loss of
0.8^2 / 2 = 0.32.

In the paper the inputs that announce the class are tuned together with the network. Here they stand in a feature of
their own, whose input weights are tuned as all others are: the same freedom without a second kind of parameter.

There the state that must be held is the unit's own; here it is that of a linear read-out, so that any cell can be
asked.

Source: Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult".
"""

from __future__ import annotations

from typing import Annotated

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Float, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Predictions, Task, single_target

LATCHED = 0.8


def latch(length: PositiveInt = 50, signal: PositiveInt = 3, noise: Annotated[float, Ge(0), Le(100)] = 0.2) -> Task:
    """Hold a class that was shown for `signal` steps through `length` further steps of noise."""
    if length < 1 or signal < 1 or noise < 0:
        raise Incompatible(
            "latch needs length >= 1, signal >= 1 and noise >= 0, "
            f"not length {length}, signal {signal} and noise {noise}."
        )
    steps = signal + length

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        class_key, noise_key = jax.random.split(key)
        shown = jnp.broadcast_to(jax.random.rademacher(class_key, (batch_size, 1), jnp.float32), (batch_size, signal))
        disturbance = noise * jax.random.normal(noise_key, (batch_size, length))
        channels = jnp.pad(shown, ((0, 0), (0, length))), jnp.pad(disturbance, ((0, 0), (signal, 0)))
        inputs = jnp.stack(channels, axis=-1)
        return single_target(inputs, latched(inputs, signal), length)

    return Task(
        sample=sample,
        loss=half_squared_error,
        correct=same_side,
        oracle=lambda batch: latched(batch.inputs, signal),
        guess=lambda batch: jnp.zeros((len(batch.inputs), 1, 1)),
        inputs=2,
        outputs=1,
        length=length,
        steps=steps,
        symbolic=False,
        chance=1 / 2,
        trivial=1 / 2,
        trivial_loss=LATCHED**2 / 2,
    )


def latched(inputs: Float[Array, "B T 2"], signal: int) -> Predictions:
    """The state to be held, from the last step of the signal."""
    return LATCHED * jnp.sign(inputs[:, signal - 1, 0])[:, None, None]


def half_squared_error(predictions: Predictions, targets: Float[Array, "B K 1"]) -> Float[Array, "B K"]:
    """Half the squared error, as in the paper."""
    return jnp.sum(jnp.square(predictions - targets), axis=-1) / 2


def same_side(predictions: Predictions, targets: Float[Array, "B K 1"]) -> Float[Array, "B K"]:
    """1 where the answer has the sign of the class; 0 counts as positive."""
    return ((predictions >= 0) == (targets >= 0)).all(-1).astype(jnp.float32)
