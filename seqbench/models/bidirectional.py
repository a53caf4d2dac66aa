"""Recurrent layers that read the sequence in both directions, stacked to any depth, with a linear read-out.

What is asked at every step is answered from everything before and after it. What is asked once is answered from the
state in which each direction has read the whole sequence: the last step's forward, the first step's backward. A
dependency at the beginning of a sequence is then near for the backward direction, so that such a task is easier and no
fair comparison with one direction; compare on tasks that ask at every step.

Source: Schuster & Paliwal 1997, Bidirectional recurrent neural networks; deep as in Graves, Jaitly & Mohamed 2013,
Hybrid speech recognition with deep bidirectional LSTM
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells._by_layer import of_layer
from seqbench.cells.base import CellBuilder
from seqbench.layers.base import Layer
from seqbench.layers.bidirectional import Bidirectional
from seqbench.mitigations.base import Chain, LayerContext
from seqbench.models.base import Model, ModelBuilder, encode, last_valid, refuse_decode, require_sizes
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Batch, Interface


def bidirectional(cell: CellBuilder, *, width: PositiveInt = 64, depth: Depth = 1) -> ModelBuilder:
    """`depth` layers of `width` units in each direction."""
    require_sizes("bidirectional", width=width, depth=depth)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> BidirectionalStack:
        return BidirectionalStack(task, mitigations.cell(cell), mitigations, width=width, depth=depth, rngs=rngs)

    return build


class BidirectionalStack(Model):
    """Layers from the bottom up, each 2 x `width` wide, then a linear read-out."""

    any_length, causal = True, False

    def __init__(
        self, task: Interface, cell: CellBuilder, mitigations: Chain, *, width: int, depth: int, rngs: nnx.Rngs
    ) -> None:
        refuse_decode(task, "bidirectional")
        super().__init__(task)
        layers = []
        for index in range(depth):
            inputs = task.inputs if index == 0 else 2 * width
            build = of_layer(cell, index, depth)
            layer: Layer = Bidirectional(build(inputs, width, rngs), build(inputs, width, rngs))
            layers.append(mitigations.layer(layer, LayerContext(index, inputs, 2 * width, depth, rngs)))
        self.width = width
        self.layers = nnx.List(layers)
        self.readout = nnx.Linear(2 * width, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions once for each sequence, or at every step, as the task asks."""
        mask = self.mask(batch)
        values = encode(batch.inputs, self.symbols, for_loop=True)
        for index, layer in enumerate(self.layers):
            values = layer(values, mask, taps=None if taps is None else taps[index], steps=batch.steps)
        if self.read_at == "last":
            ahead, back = last_valid(values[..., : self.width], mask, batch.steps), values[:, :1, self.width :]
            values = jnp.concatenate([ahead, back], axis=-1)
        return self.readout(values)

    def taps(self, batch_size: int, steps: int) -> tuple:
        """One pair of taps a layer."""
        return tuple(layer.taps(batch_size, steps) for layer in self.layers)
