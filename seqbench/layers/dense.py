"""A fully connected layer, the same at every step: what feed-forward controls are stacked from.

y = phi(W x + b),  phi = tanh or ReLU
"""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.layers.base import Layer

Activation = Literal["tanh", "relu"]

GLOROT_UNIFORM = nnx.initializers.glorot_uniform()
"""Uniform within sqrt(6 / (inputs + outputs)) of zero (Glorot & Bengio 2010)."""

FAN_IN_UNIFORM = nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""Uniform within 1 / sqrt(inputs) of zero."""


class Dense(Layer):
    """One matrix, one bias, one nonlinearity. The mask is of no concern: no step reads another."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        rngs: nnx.Rngs,
        *,
        activation: Activation = "relu",
        kernel_init: nnx.Initializer = GLOROT_UNIFORM,
    ) -> None:
        self.linear = nnx.Linear(inputs, outputs, kernel_init=kernel_init, rngs=rngs)
        self.activation = activation

    def __call__(
        self,
        inputs: Float[Array, "B T I"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """The layer at every step."""
        z = self.linear(inputs)
        return jnp.tanh(z) if self.activation == "tanh" else jax.nn.relu(z)
