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

from seqbench.cells._gates import LOGISTIC, squash
from seqbench.cells.base import Cell, CellBuilder

KINDS = (LOGISTIC, LOGISTIC)


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
        gates, candidate = 2 * self.hidden, slice(2 * self.hidden, None)
        recurrent = self.multiply(carry)
        inside = recurrent[..., candidate] + self.candidate_bias[...]
        return gated(carry, projected[..., :gates] + recurrent[..., :gates], projected[..., candidate], inside)


@jax.custom_jvp
def gated(
    h: Float[Array, "B H"], gates: Float[Array, "B 2H"], outside: Float[Array, "B H"], inside: Float[Array, "B H"]
) -> Float[Array, "B H"]:
    """The next h from the preactivations of r and z, and what is added to n outside of r and inside."""
    r, z = squash(gates, KINDS)
    n = jnp.tanh(outside + r * inside)
    return n + z * (h - n)


@gated.defjvp
def _gated_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """By h, z and n the next h changes, n by r and by what stands outside of r and inside."""
    h, gates, outside, inside = primals
    r, z = squash(gates, KINDS)
    n = jnp.tanh(outside + r * inside)
    dr, dz = jnp.split(tangents[1], 2, axis=-1)
    by_n = (1 - z) * (1 - n * n)
    change = z * tangents[0] + ((h - n) * z * (1 - z)) * dz + by_n * tangents[2]
    change += (by_n * r) * tangents[3] + (by_n * inside * r * (1 - r)) * dr
    return n + z * (h - n), change
