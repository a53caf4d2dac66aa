"""Minimal gated recurrent unit whose gate and candidate see the input alone, so that all steps run in parallel.

    z = sigmoid(W_z x_t + b_z),  n = W_n x_t + b_n
    h_t = (1 - z) * h_{t-1} + z * n

Source: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024, Were RNNs all we needed?, arXiv:2410.01201 (section 3.1; not
the log-space form of its appendix, whose candidate must be positive)
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Cell, CellBuilder, linear_recurrence


def mingru() -> CellBuilder:
    """The minimal GRU."""
    return MinGRU


class MinGRU(Cell):
    """Blocks stand in the order update, candidate; an open update gate keeps less."""

    blocks = ("update", "candidate")
    retention = ("update", -1)
    fixed_recurrence = "its gate and candidate read the input alone"

    def step(self, carry: Float[Array, "B H"], projected: Float[Array, "B 2H"]) -> Float[Array, "B H"]:
        """One step of the recurrence."""
        z, n = self._gates(projected)
        return (1 - z) * carry + z * n

    def parallel(
        self, projected: Float[Array, "T B 2H"], initial: Float[Array, "B H"], mask: Bool[Array, "T B 1"] | None
    ) -> Float[Array, "T B H"]:
        """All steps at once."""
        z, n = self._gates(projected)
        return linear_recurrence(1 - z, z * n, initial, mask)

    def _gates(self, projected: Float[Array, "... 2H"]) -> tuple[Float[Array, "... H"], Float[Array, "... H"]]:
        """Update gate and candidate."""
        z, n = jnp.split(projected, 2, axis=-1)
        return jax.nn.sigmoid(z), n
