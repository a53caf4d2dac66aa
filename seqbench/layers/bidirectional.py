"""Two cells over time, one in each direction, side by side.

Source: Schuster & Paliwal 1997, Bidirectional recurrent neural networks
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from seqbench.cells.base import Cell
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import Recurrent


class Bidirectional(Layer):
    """The outputs of `forward` and of `backward`, side by side. Taps are a pair in the same order."""

    def __init__(self, forward: Cell, backward: Cell) -> None:
        self.forward = Recurrent(forward)
        self.backward = Recurrent(backward, reverse=True)

    def __call__(
        self,
        inputs: Float[Array, "B T I"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """Both readings of the sequence, in the order of its steps."""
        ahead, back = (None, None) if taps is None else taps
        both = (
            self.forward(inputs, mask, taps=ahead, steps=steps),
            self.backward(inputs, mask, taps=back, steps=steps),
        )
        return jnp.concatenate(both, axis=-1)

    def taps(self, batch_size: int, steps: int) -> tuple[Any, Any]:
        """The taps of both directions."""
        return self.forward.taps(batch_size, steps), self.backward.taps(batch_size, steps)
