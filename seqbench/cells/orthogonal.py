"""Orthogonal network: the recurrent matrix is the Cayley transform of a skew-symmetric one, so it stays orthogonal.

    h_t = modReLU(W x_t + Q h_{t-1}),  Q = (I + A)^-1 (I - A),  A = -A',  modReLU(z) = sign(z) max(0, |z| + b)

An orthogonal matrix neither stretches nor shrinks a gradient; only the nonlinearity can. Training moves A freely and
never leaves the orthogonal matrices. Q starts as rotations of pairs of units by random angles up to a right angle.

Source: Helfrich, Willmott & Ye 2018, Orthogonal recurrent neural networks with scaled Cayley transform,
arXiv:1707.09520 (with D = I); modReLU of Arjovsky, Shah & Bengio 2016, arXiv:1511.06464
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import CellBuilder, ParametrisedCell


def orthogonal() -> CellBuilder:
    """The orthogonal cell with modReLU units."""
    return Orthogonal


class Orthogonal(ParametrisedCell):
    """h [B, H] <- modReLU(projected + Q h); `skew` holds the H (H - 1) / 2 entries of A above its diagonal."""

    fixed_recurrence = "it is the Cayley transform of a skew-symmetric matrix, orthogonal from the start"

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        angles = jax.random.uniform(rngs.params(), (hidden // 2,), maxval=jnp.pi / 2)
        pairs = 2 * jnp.arange(hidden // 2)
        start = jnp.zeros((hidden, hidden)).at[pairs, pairs + 1].set(jnp.tan(angles / 2))
        self.skew = nnx.Param(start[jnp.triu_indices(hidden, 1)])

    def project(self, inputs: Float[Array, "... I"]) -> Float[Array, "... H"]:
        """The input contributions; the bias belongs to modReLU."""
        return inputs @ self.input_kernel[...]

    def make_matrix(self) -> Float[Array, "H H"]:
        """The orthogonal matrix, for rows of states (transposed, that is)."""
        above = jnp.zeros((self.hidden, self.hidden)).at[jnp.triu_indices(self.hidden, 1)].set(self.skew[...])
        skew, identity = above - above.T, jnp.eye(self.hidden)
        # The transpose of (I + A)^-1 (I - A), whose factors commute.
        return jnp.linalg.solve(identity - skew, identity + skew)

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        z = projected + self.multiply_recurrent(carry)
        return jnp.sign(z) * jax.nn.relu(jnp.abs(z) + self.bias[...])
