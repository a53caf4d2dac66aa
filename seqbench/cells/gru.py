"""Gated recurrent unit: the state is a gated average of itself and a candidate.

    r, z = sigmoid(W x_t + U h_{t-1} + b),  n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + c_n))
    h_t = (1 - z) * n + z * h_{t-1}

The reset gate acts after the recurrent product (the form of cuDNN, PyTorch and Flax), so that all recurrent products
of a step are one.

Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import Cell, CellBuilder


def gru() -> CellBuilder:
    """The gated recurrent unit."""
    return GRU


class GRU(Cell):
    """Gates stand in the order reset, update, candidate; `candidate_bias` [H] is added inside the reset gate."""

    blocks = ("reset", "update", "candidate")
    retention = ("update", 1)

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.candidate_bias = nnx.Param(jnp.zeros(hidden))

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B 3H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        recurrent = carry @ self.recurrent_kernel[...]
        gates, candidate = 2 * self.hidden, slice(2 * self.hidden, None)
        r, z = jnp.split(jax.nn.sigmoid(projected[..., :gates] + recurrent[..., :gates]), 2, axis=-1)
        n = jnp.tanh(projected[..., candidate] + r * (recurrent[..., candidate] + self.candidate_bias[...]))
        return n + z * (carry - n)
