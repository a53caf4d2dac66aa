"""The simple recurrent network: one layer of units that read their own previous state.

    h_t = phi(W x_t + U h_{t-1} + b),  phi = tanh or ReLU

Unlike `nnx.SimpleCell`, the input's products of all steps are one product before the loop, and both matrices are drawn
Glorot uniform rather than LeCun normal and orthogonal.

Source: Elman 1990, Finding structure in time; the ReLU form as in Le, Jaitly & Hinton 2015, arXiv:1504.00941
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells._gates import tanh
from seqbench.cells.base import Cell, CellBuilder, Tiled


def vanilla(*, activation: Literal["tanh", "relu"] = "tanh") -> CellBuilder:
    """The simple recurrent cell with `tanh` or `relu` units."""
    return partial(Vanilla, activation=activation)


class Vanilla(Cell):
    """h [B, H] <- phi(projected + h U)."""

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs, *, activation: str = "tanh") -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.activation = activation

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        preactivation = projected + self.multiply(carry)
        return tanh(preactivation) if self.activation == "tanh" else _rectified(preactivation)

    def tiled(self) -> Tiled:
        """The step: one sum."""
        phi = jnp.tanh if self.activation == "tanh" else _rectified
        return Tiled((0,), (0,), (None,), lambda sums, states: [phi(sums[0])])


def _rectified(z: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.maximum(z, 0)
