"""Add each layer's input to its output, so that the gradient passes between layers without decay.

    y = x + f(x)

The bottom layer reads the task's inputs, which have another width, and stays as it is; a model of one layer therefore
has no place for it.

Source: He, Zhang, Ren & Sun 2016, Deep residual learning for image recognition, arXiv:1512.03385; between stacked
recurrent layers as in Wu et al. 2016, Google's neural machine translation system, arXiv:1609.08144
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Bool, Float, Int

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.mitigations.base import LayerContext, Mitigation, Switched
from seqbench.traces import Trace


def residual() -> Mitigation:
    """Add a layer's input to its output wherever the widths agree."""

    def wrap(layer: Layer, context: LayerContext) -> Layer:
        if context.depth < 2:
            raise Incompatible("residual connects layers, and this model has one; give the model depth 2 or more")
        return Residual(layer) if context.inputs == context.outputs and context.index > 0 else layer

    return Mitigation(layer=wrap, wraps=Trace.PATH)


class Residual(Layer, Switched):
    """y = x + f(x)."""

    def __init__(self, inner: Layer) -> None:
        self.inner = inner

    def __call__(
        self,
        inputs: Float[Array, "B T H"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """The layer's input plus its output."""
        return self.path(inputs) + self.inner(inputs, mask, taps=taps, steps=steps)

    def taps(self, batch_size: int, steps: int) -> Any:
        """The inner layer's taps."""
        return self.inner.taps(batch_size, steps)
