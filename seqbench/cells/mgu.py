"""Minimal gated unit: one gate both forgets the old state and lets the new one in.

    f = sigmoid(W_f x_t + U_f h_{t-1} + b_f),  n = tanh(W_n x_t + U_n (f * h_{t-1}) + b_n)
    h_t = (1 - f) * h_{t-1} + f * n

An open gate keeps less, although the paper calls it the forget gate.

Source: Zhou, Wu, Zhang & Zhou 2016, Minimal gated unit for recurrent neural networks, arXiv:1603.09420
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from seqbench.cells._gates import tanh
from seqbench.cells.base import Cell, CellBuilder


def mgu() -> CellBuilder:
    """The minimal gated unit."""
    return MGU


class MGU(Cell):
    """Blocks stand in the order forget, candidate."""

    blocks = ("forget", "candidate")
    retention = ("forget", -1)

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B 2H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        forget, candidate = jnp.split(projected, 2, axis=-1)
        f = jax.nn.sigmoid(forget + self.multiply(carry, columns=self.block("forget")))
        n = tanh(candidate + self.multiply(f * carry, columns=self.block("candidate")))
        return carry + f * (n - carry)
