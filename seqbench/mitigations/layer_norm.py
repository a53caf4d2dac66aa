"""Give each layer's output mean 0 and variance 1 over its units, at every step on its own.

    y = gain * (f(x) - mean) / sqrt(variance + epsilon) + bias,   gain and bias learned

It stands behind the layer, where the layer above reads, and not inside the recurrence, whose states stay as they are.
Named after `residual` it normalises the sum, named before it only what is added.

Source: Ba, Kiros & Hinton 2016, Layer normalization, arXiv:1607.06450
"""

from __future__ import annotations

from typing import Any

from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.mitigations._wrapping import separate_rngs
from seqbench.mitigations.base import LayerContext, Mitigation
from seqbench.setting_types import Epsilon


def layer_norm(*, epsilon: Epsilon = 1e-5) -> Mitigation:
    """Normalise the output of every layer."""
    if not epsilon > 0:
        raise Incompatible(f"layer_norm needs an epsilon above 0, got {epsilon}")

    def wrap(layer: Layer, context: LayerContext) -> Layer:
        if context.outputs < 2:
            raise Incompatible("layer_norm makes a constant of a single unit: it needs a width of 2 or more")
        return Normalised(layer, context.outputs, epsilon, separate_rngs(context.rngs, "layer_norm"))

    return Mitigation(layer=wrap)


class Normalised(Layer):
    """A layer with its output normalised."""

    def __init__(self, inner: Layer, width: int, epsilon: float, rngs: nnx.Rngs) -> None:
        self.inner = inner
        self.norm = nnx.LayerNorm(width, epsilon=epsilon, use_fast_variance=False, rngs=rngs)

    def __call__(
        self,
        inputs: Float[Array, "B T I"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """The layer's output, normalised over its units."""
        return self.norm(self.inner(inputs, mask, taps=taps, steps=steps))

    def taps(self, batch_size: int, steps: int) -> Any:
        """The inner layer's taps."""
        return self.inner.taps(batch_size, steps)
