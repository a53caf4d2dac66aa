"""What a layer is: anything that turns a sequence of vectors into a sequence of vectors.

Models stack layers; mitigations wrap them. Both know only this interface.

Shapes: `B` batch, `T` time, `I` inputs, `H` outputs.
"""

from __future__ import annotations

from typing import Any

from flax import nnx
from jaxtyping import Array, Bool, Float, Int


class Layer(nnx.Module):
    """A layer: `inputs [B, T, I] -> outputs [B, T, H]`."""

    def __call__(
        self,
        inputs: Float[Array, "B T I"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """Run the layer.

        `taps` are zeros added to its state at each step, and of `T` steps only the first `steps` are taken (see
        `seqbench.layers.unroll`): what a layer gives for others is not read.
        """
        raise TypeError(f"{type(self).__name__} cannot be called")

    def taps(self, batch_size: int, steps: int) -> Any:
        """Zeros in the shape of the layer's states over time, or None if it has none."""
        return None
