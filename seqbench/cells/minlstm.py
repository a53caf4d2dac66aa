"""Minimal LSTM whose gates and candidate see the input alone, so that all steps run in parallel.

    f, i = sigmoid(W x_t + b),  n = W_n x_t + b_n,  f' = f / (f + i),  i' = i / (f + i)
    h_t = f' * h_{t-1} + i' * n

Source: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, Were RNNs all we needed?, arXiv:2410.01201 (section 3.2; not
the log-space form of its appendix, whose candidate must be positive)
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Cell, CellBuilder, linear_recurrence
from seqbench.setting_types import Weight

VERSION = 2
"""2: `forget_bias_init` sets both gates, without which it kept less than 2/3 of the state, whatever its value."""


def minlstm(*, forget_bias: Weight = 0.0) -> CellBuilder:
    """The minimal LSTM; `forget_bias` is the forget gate's bias at initialisation."""
    return partial(MinLSTM, forget_bias=forget_bias)


class MinLSTM(Cell):
    """Blocks stand in the order input, forget, candidate."""

    blocks = ("input", "forget", "candidate")
    writes_forward = True
    retention = ("forget", 1)
    weighed_against = "input"
    fixed_recurrence = "its gates and candidate read the input alone"

    def __init__(self, inputs: int, hidden: int, rngs: nnx.Rngs, *, forget_bias: float = 0.0) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.bias[...] = self.bias[...].at[self.block("forget")].set(forget_bias)

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B 3H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        keep, n = self._gates(projected)
        return keep * carry + (1 - keep) * n

    def gates(self, carry: Float[Array, "B H"], projected: Float[Array, "B 3H"]) -> dict[str, Float[Array, "B H"]]:
        """The forget gate after normalisation, f'; the input gate is what it leaves."""
        return {"forget": self._gates(projected)[0]}

    def parallel(
        self, projected: Float[Array, "T B 3H"], initial: Float[Array, "B H"], mask: Bool[Array, "T B 1"] | None
    ) -> Float[Array, "T B H"]:
        """All steps at once."""
        keep, n = self._gates(projected)
        return linear_recurrence(keep, (1 - keep) * n, initial, mask)

    def _gates(self, projected: Float[Array, "... 3H"]) -> tuple[Float[Array, "... H"], Float[Array, "... H"]]:
        """The share f' of the state that is kept, and the candidate."""
        i, f, n = jnp.split(projected, 3, axis=-1)
        # f / (f + i) = sigmoid(log f - log i), which does not divide zero by zero when both gates are shut.
        return jax.nn.sigmoid(jax.nn.log_sigmoid(f) - jax.nn.log_sigmoid(i)), n
