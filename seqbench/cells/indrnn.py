"""Independently recurrent network: every unit reads its own last state through one weight, and no other unit's.

    h_t = max(0, W x_t + u * h_{t-1} + b)

Over n steps an active unit passes the gradient on with weight u^n, so that one number says what it remembers. The
weights start uniform between `lowest` and `highest`; for long memory the paper starts the last layer near 1. `bound`
holds them within [-bound, bound] in every step (2^(1/T) in the paper; infinity is off). A weight that an update takes
beyond the bound acts as the bound and has no gradient there; the authors' code moves it back to the bound instead.

Source: Li, Li, Cook, Zhu & Gao 2018, Independently recurrent neural network (IndRNN), arXiv:1803.04831
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import Cell, CellBuilder
from seqbench.errors import Incompatible
from seqbench.setting_types import Threshold, Weight


def indrnn(*, lowest: Weight = 0.0, highest: Weight = 1.0, bound: Threshold = float("inf")) -> CellBuilder:
    """The independently recurrent cell with ReLU units; `lowest` and `highest` limit its weights at initialisation."""
    if lowest > highest:
        raise Incompatible(f"indrnn needs lowest <= highest, got {lowest} and {highest}")
    if not bound > 0:
        raise Incompatible(f"indrnn needs a bound above 0 (.inf is off), got {bound}")
    return partial(IndRNN, lowest=lowest, highest=highest, bound=bound)


class IndRNN(Cell):
    """h [B, H] <- max(0, projected + u * h), with u = `recurrent_weights` [H]."""

    fixed_recurrence = "it is diagonal, one weight for each unit; set `lowest` and `highest` of the cell to 1 instead"

    def __init__(
        self, inputs: int, hidden: int, rngs: nnx.Rngs, *, lowest: float = 0.0, highest: float = 1.0, bound: float
    ) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        draw = jax.random.uniform(rngs.params(), (hidden,), minval=lowest, maxval=highest)
        self.recurrent_weights = nnx.Param(draw)
        self.bound = bound

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        return jax.nn.relu(projected + self._bounded() * carry)

    def recurrent_matrix(self) -> Float[Array, "H H"]:
        """The weights as a diagonal matrix."""
        return jnp.diag(self._bounded())

    def _bounded(self) -> Float[Array, " H"]:
        """The weights as the step uses them."""
        return jnp.clip(self.recurrent_weights[...], -self.bound, self.bound)
