"""Antisymmetric network: a forward-Euler step of an ordinary differential equation whose matrix cannot blow up.

    h_t = h_{t-1} + step_size * tanh(W x_t + (K - K' - damping I) h_{t-1} + b)

The eigenvalues of K - K' are imaginary, so that the flow neither grows nor shrinks the gradient; `damping` makes up
for the growth that the Euler step adds.

Source: Chang, Chen, Haber & Chi 2019, AntisymmetricRNN: a dynamical system view on recurrent neural networks,
arXiv:1902.09689 (equation 10)
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import jax.numpy as jnp
from annotated_types import Ge, Gt, Le
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import CellBuilder, ParametrisedCell, block_uniform
from seqbench.errors import Incompatible


def antisymmetric(
    *, step_size: Annotated[float, Gt(0), Le(100)] = 0.1, damping: Annotated[float, Ge(0), Le(100)] = 0.01
) -> CellBuilder:
    """The antisymmetric cell, without gate."""
    if not step_size > 0:
        raise Incompatible(f"antisymmetric needs a step_size above 0, got {step_size}")
    return partial(Antisymmetric, step_size=step_size, damping=damping)


class Antisymmetric(ParametrisedCell):
    """h [B, H] moves by `step_size` at most; `free_kernel` [H, H] is K."""

    fixed_recurrence = (
        "it is K - K' - damping I, which is the same multiple of the identity for no K but a symmetric one"
    )

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs, *, step_size: float, damping: float) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.free_kernel = nnx.Param(block_uniform(rngs, hidden, hidden, 1))
        self.step_size, self.damping = step_size, damping

    def make_matrix(self) -> Float[Array, "H H"]:
        """The antisymmetric matrix, damped, for rows of states (transposed, that is)."""
        kernel = self.free_kernel[...]
        return kernel.T - kernel - self.damping * jnp.eye(self.hidden)

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        return carry + self.step_size * jnp.tanh(projected + self.multiply_recurrent(carry))
