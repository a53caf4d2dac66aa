"""Let each layer decide, unit by unit, how much of its input it passes on and how much it replaces.

    y = T * f(x) + (1 - T) * x,   T = sigmoid(W x + b)

`gate_bias` is b at initialisation: below 0 the layer at first mostly passes its input on. The bottom layer reads the
task's inputs, which have another width, and stays as it is; a model of one layer therefore has no place for it.

Source: Srivastava, Greff & Schmidhuber 2015, Highway networks, arXiv:1505.00387; between recurrent layers as in Zhang
et al. 2016, Highway long short-term memory RNNs for distant speech recognition, arXiv:1510.08983
"""

from __future__ import annotations

from typing import Any

import jax
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.mitigations._wrapping import separate_rngs
from seqbench.mitigations.base import LayerContext, Mitigation, Switched
from seqbench.setting_types import Weight
from seqbench.traces import Trace


def highway(*, gate_bias: Weight = -2.0) -> Mitigation:
    """Mix a layer's input and output through a gate wherever the widths agree."""

    def wrap(layer: Layer, context: LayerContext) -> Layer:
        if context.depth < 2:
            raise Incompatible("highway connects layers, and this model has one; give the model depth 2 or more")
        if context.inputs != context.outputs or context.index == 0:
            return layer
        return Highway(layer, context.outputs, gate_bias, separate_rngs(context.rngs, "highway"))

    return Mitigation(layer=wrap, wraps=Trace.PATH)


class Highway(Layer, Switched):
    """y = T * f(x) + (1 - T) * x."""

    def __init__(self, inner: Layer, width: int, gate_bias: float, rngs: nnx.Rngs) -> None:
        self.inner = inner
        self.gate = nnx.Linear(
            width,
            width,
            kernel_init=nnx.initializers.glorot_uniform(),
            bias_init=nnx.initializers.constant(gate_bias),
            rngs=rngs,
        )

    def __call__(
        self,
        inputs: Float[Array, "B T H"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """The layer's input and output, mixed."""
        past = self.path(inputs)
        transform = jax.nn.sigmoid(self.gate(past))
        return past + transform * (self.inner(inputs, mask, taps=taps, steps=steps) - past)

    def taps(self, batch_size: int, steps: int) -> Any:
        """The inner layer's taps."""
        return self.inner.taps(batch_size, steps)
