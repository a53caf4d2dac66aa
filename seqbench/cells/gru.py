"""Gated recurrent unit: the state is a gated average of itself and a candidate.

    r, z = sigmoid(W x_t + U h_{t-1} + b),  n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + c_n))
    h_t = (1 - z) * n + z * h_{t-1}

The reset gate acts after the recurrent product (the form of cuDNN, PyTorch and Flax), so that all recurrent products
of a step are one.

Unlike `nnx.GRUCell`, the candidate has a bias of its own inside the reset gate (c_n), and recurrent matrices are drawn
Glorot uniform rather than orthogonal.

Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells._gates import LOGISTIC, from_few, gates, logistic
from seqbench.cells.base import Cell, CellBuilder, Tiled

KINDS = (LOGISTIC, LOGISTIC)


def gru() -> CellBuilder:
    """The gated recurrent unit."""
    return GRU


class GRU(Cell):
    """Gates stand in the order reset, update, candidate; `candidate_bias` [H] is added inside the reset gate."""

    blocks = ("reset", "update", "candidate")
    writes_forward = True
    retention = ("update", 1)

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.candidate_bias = nnx.Param(jnp.zeros(hidden))

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B 3H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        return gated(carry, projected, self.multiply(carry), self.candidate_bias[...])

    def tiled(self) -> Tiled:
        """The step: the terms outside and inside the product with r are two sums."""
        return Tiled((0, 1, 2), (0, 1, 3), (None, None, None, self.candidate_bias[...]), _tile)


def _tile(sums: list[Array], states: list[Array]) -> list[Array]:
    """The next h of some units."""
    r, z, outside, inside = sums
    n = jnp.tanh(outside + logistic(r) * inside)
    return [n + logistic(z) * (states[0] - n)]


@jax.custom_jvp
def gated(
    h: Float[Array, "B H"], projected: Float[Array, "B 3H"], product: Float[Array, "B 3H"], bias: Float[Array, " H"]
) -> Float[Array, "B H"]:
    """The next h."""
    return _next(h, projected, product, bias)[0]


@gated.defjvp
def _gated_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    value, *kept = _next(*primals)
    return value, _change(primals[0], *kept, *tangents)


def _next(h: Array, projected: Array, product: Array, bias: Array) -> tuple[Array, Array, Array, Array, Array]:
    """The next h, the gates r and z, the candidate n, and what stands inside of r."""
    both = 2 * h.shape[-1]
    r, z = gates(projected[..., :both] + product[..., :both], KINDS)
    inside = product[..., both:] + bias
    n = jnp.tanh(projected[..., both:] + r * inside)
    return n + z * (h - n), r, z, n, inside


@from_few
def _change(h: Array, r: Array, z: Array, n: Array, inside: Array, by_h: Array, *by: Array) -> Float[Array, "B H"]:
    """Derivatives of the next h by h, z and n; of n by r and by the terms outside and inside the product with r."""
    (r_outside, z_outside, n_outside), (r_inside, z_inside, n_inside) = (jnp.split(x, 3, axis=-1) for x in by[:2])
    by_n = (1 - z) * (1 - n * n)
    change = z * by_h + ((h - n) * z * (1 - z)) * (z_outside + z_inside) + by_n * n_outside
    return change + (by_n * r) * (n_inside + by[2]) + (by_n * inside * r * (1 - r)) * (r_outside + r_inside)
