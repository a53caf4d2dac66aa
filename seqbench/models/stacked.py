"""Recurrent layers stacked to any depth, one direction, with a linear read-out.

A task that asks one question is read at each sequence's last step, a task that asks at every step at all of them.

Source: Graves 2013, Generating sequences with recurrent neural networks, arXiv:1308.0850 (stacking)
"""

from __future__ import annotations

from typing import Any

from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells._by_layer import of_layer
from seqbench.cells.base import CellBuilder
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import Recurrent
from seqbench.mitigations.base import Chain, LayerContext
from seqbench.models.base import Model, ModelBuilder, encode, last_valid, refuse_decode, require_sizes
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Batch, Interface


def stacked(cell: CellBuilder, *, width: PositiveInt = 64, depth: Depth = 1) -> ModelBuilder:
    """`depth` recurrent layers of `width` units each."""
    require_sizes("stacked", width=width, depth=depth)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> Stacked:
        return Stacked(task, mitigations.cell(cell), mitigations, width=width, depth=depth, rngs=rngs)

    return build


class Stacked(Model):
    """Layers from the bottom up, then a linear read-out."""

    any_length = True

    def __init__(
        self, task: Interface, cell: CellBuilder, mitigations: Chain, *, width: int, depth: int, rngs: nnx.Rngs
    ) -> None:
        refuse_decode(task, "stacked")
        super().__init__(task)
        layers = []
        for index in range(depth):
            inputs = task.inputs if index == 0 else width
            layer: Layer = Recurrent(of_layer(cell, index, depth)(inputs, width, rngs))
            layers.append(mitigations.layer(layer, LayerContext(index, inputs, width, depth, rngs)))
        self.layers = nnx.List(layers)
        self.readout = nnx.Linear(width, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions at the last step of each sequence, or at every step, as the task asks."""
        mask = self.mask(batch)
        values = encode(batch.inputs, self.symbols, for_loop=True)
        for index, layer in enumerate(self.layers):
            values = layer(values, mask, taps=None if taps is None else taps[index], steps=batch.steps)
        return self.readout(last_valid(values, mask, batch.steps) if self.read_at == "last" else values)

    def taps(self, batch_size: int, steps: int) -> tuple:
        """One tap a layer."""
        return tuple(layer.taps(batch_size, steps) for layer in self.layers)
