"""Coupled oscillatory network: units are damped, driven oscillators that see each other's place and velocity.

    z_t = z_{t-1} + time_step * (tanh(W y_{t-1} + V z_{t-1} + U x_t + b) - stiffness * y_{t-1} - damping * z_{t-1})
    y_t = y_{t-1} + time_step * z_t

The defaults are those of the authors' code for the adding task.

Source: Rusch & Mishra 2021, Coupled oscillatory recurrent neural network (coRNN), arXiv:2010.00951 (equation 3, with
the explicit damping term)
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, NamedTuple

import jax.numpy as jnp
from annotated_types import Ge, Gt, Le
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import Cell, CellBuilder, block_uniform
from seqbench.errors import Incompatible


def cornn(
    *,
    time_step: Annotated[float, Gt(0), Le(1)] = 0.06,
    stiffness: Annotated[float, Ge(0), Le(1000)] = 66.0,
    damping: Annotated[float, Ge(0), Le(1000)] = 15.0,
) -> CellBuilder:
    """The coupled oscillatory cell; `stiffness` and `damping` are the gamma and epsilon of the paper."""
    if not time_step > 0:
        raise Incompatible(f"cornn needs a time_step above 0, got {time_step}")
    return partial(CoRNN, time_step=time_step, stiffness=stiffness, damping=damping)


class Oscillators(NamedTuple):
    """Places y [B, H] and velocities z [B, H]."""

    y: Float[Array, "B H"]
    z: Float[Array, "B H"]


class CoRNN(Cell):
    """`recurrent_kernel` reads the places, `velocity_kernel` the velocities."""

    def __init__(
        self, inputs: int, hidden: int, rngs: nnx.Rngs, *, time_step: float, stiffness: float, damping: float
    ) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.velocity_kernel = nnx.Param(block_uniform(rngs, hidden, hidden, 1))
        self.time_step, self.stiffness, self.damping = time_step, stiffness, damping

    def initial(self, batch_size: int) -> Oscillators:
        """At rest."""
        zeros = jnp.zeros((batch_size, self.hidden))
        return Oscillators(zeros, zeros)

    def step(self, carry: Oscillators, projected: Float[Array, "B H"]) -> Oscillators:
        """One step of the recurrence."""
        y, z = carry
        force = jnp.tanh(projected + self.multiply(y) + self.multiply(z, "velocity_kernel"))
        z = z + self.time_step * (force - self.stiffness * y - self.damping * z)
        return Oscillators(y + self.time_step * z, z)

    def output(self, carry: Oscillators) -> Float[Array, "B H"]:
        """The places y."""
        return carry.y
