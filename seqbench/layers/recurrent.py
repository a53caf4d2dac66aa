"""One cell over time, as a layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.cells.base import Cell
from seqbench.layers.base import Layer
from seqbench.layers.unroll import choose_segment, unroll


class LayerCall(NamedTuple):
    """What a recurrent layer met and gave in one call; `mask`, `taps` and `steps` may be None."""

    inputs: Float[Array, "B T I"]
    mask: Bool[Array, "B T"] | None
    taps: Any
    outputs: Float[Array, "B T H"]
    steps: Int[Array, ""] | None = None

    @property
    def valid(self) -> Bool[Array, "B T"] | None:
        """Where the sequences have a step that was taken; None where all have and all were."""
        if self.steps is None:
            return self.mask
        taken = jnp.broadcast_to(jnp.arange(self.outputs.shape[1]) < self.steps, self.outputs.shape[:2])
        return taken if self.mask is None else taken & self.mask


class Recurrent(Layer):
    """One cell over time, forward or `reverse`; `segment` and `kernel` as in `seqbench.layers.unroll`."""

    def __init__(self, cell: Cell, *, reverse: bool = False, segment: int | None = None) -> None:
        self.cell = cell
        self.reverse = reverse
        self.segment = segment
        self.kernel = False
        self.watch: Callable[[LayerCall], None] | None = None

    def __call__(
        self,
        inputs: Float[Array, "B T I"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """The cell's outputs over the sequence."""
        settings: dict[str, Any] = {"reverse": self.reverse, "segment": self.segment, "kernel": self.kernel}
        outputs = unroll(self.cell, inputs, mask, taps=taps, steps=steps, **settings).outputs
        if self.watch:
            self.watch(LayerCall(inputs, mask, taps, outputs, steps))
        return outputs

    def taps(self, batch_size: int, steps: int) -> Any:
        """Zeros shaped like the cell's state, with a leading axis of time."""
        state = self.cell.state(self.cell.initial(batch_size))
        return jax.tree.map(lambda x: jnp.zeros((steps, *x.shape), x.dtype), state)

    def chosen_segment(self, batch_size: int, steps: int) -> int:
        """Steps between the states kept for the backward pass: `steps` if all are kept, fewer with segments."""
        return min(steps, self.segment or choose_segment(self.cell, batch_size, steps))


def recurrent_layers(model: nnx.Module) -> dict[str, Recurrent]:
    """Every recurrent layer of a model by its place in it, such as `layers.0` or `layers.1.inner`."""
    found = nnx.iter_modules(model)
    return {".".join(map(str, path)): module for path, module in found if isinstance(module, Recurrent)}


def record(model: nnx.Module) -> dict[str, LayerCall]:
    """What each recurrent layer of `model` meets, by its place: the dict is filled when the model is called."""
    seen: dict[str, LayerCall] = {}
    for place, layer in recurrent_layers(model).items():
        layer.watch = partial(seen.__setitem__, place)
    return seen
