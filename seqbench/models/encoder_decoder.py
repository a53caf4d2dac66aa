"""An encoder reads the whole sequence into a summary; a decoder writes the answer, symbol after symbol.

    c = the encoder's output at the end of the sequence
    the decoder's step k reads the answer's symbol k - 1 beside c, and predicts symbol k

c stands beside every symbol, so that what the encoder has kept need not be kept again while the answer is written. With
`summary: first` it stands beside the first alone, zeros beside the others, and what an answer depends on must be kept
over all of `Batch.distance`, the decoder's steps included.

The loss, and every figure that training and evaluation report, is with teacher forcing: the decoder reads the right
previous symbol, not its own prediction.

Source: Cho et al. 2014, Learning phrase representations using RNN encoder-decoder for statistical machine translation,
arXiv:1406.1078 (the summary is given to every step of the decoder); Sutskever, Vinyals & Le 2014, arXiv:1409.3215
(once: there as the decoder's first state)
"""

from __future__ import annotations

from typing import Any, Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.cells._by_layer import of_layer
from seqbench.cells.base import CellBuilder
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import Recurrent
from seqbench.mitigations.base import Chain, LayerContext
from seqbench.models.base import Model, ModelBuilder, encode, last_valid, require_sizes
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Batch, Interface

ADDED = {"summary": "every"}


def encoder_decoder(
    cell: CellBuilder, *, width: PositiveInt = 64, depth: Depth = 1, summary: Literal["every", "first"] = "every"
) -> ModelBuilder:
    """`depth` layers of `width` units each in encoder and decoder, whose `first` or `every` step reads the summary."""
    require_sizes("encoder_decoder", width=width, depth=depth)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> EncoderDecoder:
        once = summary == "first"
        return EncoderDecoder(task, mitigations.cell(cell), mitigations, width=width, depth=depth, once=once, rngs=rngs)

    return build


class EncoderDecoder(Model):
    """Encoder layers, decoder layers, then a linear read-out at every step of the decoder."""

    any_length = True

    def __init__(
        self, task: Interface, cell: CellBuilder, mitigations: Chain, *,
        width: int, depth: int, once: bool, rngs: nnx.Rngs,
    ) -> None:  # fmt: skip
        if task.readout != "decode":
            raise Incompatible("encoder_decoder writes an answer after reading; this task is answered while reading")
        super().__init__(task)

        def stack(inputs: int) -> nnx.List[Layer]:
            layers = []
            for index in range(depth):
                width_below = width if index else inputs
                context = LayerContext(index, width_below, width, depth, rngs)
                own = of_layer(cell, index, depth)(width_below, width, rngs)
                layers.append(mitigations.layer(Recurrent(own), context))
            return nnx.List(layers)

        self.once = once
        self.answers, self.outputs = task.targets, task.outputs
        self.encoder = stack(task.inputs)
        self.decoder = stack(task.outputs + width)
        self.readout = nnx.Linear(width, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions of every symbol of the answer from the right symbols before it (`batch.prompt`)."""
        reading, writing = (None, None) if taps is None else taps
        if batch.prompt is None:
            raise TypeError("a batch for read-out 'decode' needs a prompt, the previous target symbols")
        return self.answer(self.summarise(batch, taps=reading), batch.prompt, taps=writing, answers=batch.answers)

    def summarise(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B 1 H"]:
        """What the encoder has made of each sequence at its end."""
        mask = self.mask(batch)
        read = _run(self.encoder, encode(batch.inputs, self.symbols, for_loop=True), mask, taps, batch.steps)
        return last_valid(read, mask, batch.steps)

    def answer(
        self,
        summary: Float[Array, "B 1 H"],
        prompt: Int[Array, "B K"],
        *,
        taps: Any = None,
        answers: Int[Array, ""] | None = None,
    ) -> Float[Array, "B K O"]:
        """Predictions of every symbol from the summary and the symbols before it; of `answers` only if it is given."""
        summaries = jnp.broadcast_to(summary, (*prompt.shape, summary.shape[-1]))
        if self.once:
            summaries = summaries.at[:, 1:].set(0)
        read = jnp.concatenate([jax.nn.one_hot(prompt, self.outputs), summaries], axis=-1)
        return self.readout(_run(self.decoder, read, None, taps, answers))

    def taps(self, batch_size: int, steps: int) -> tuple:
        """Taps of the encoder's layers over `steps` steps, and of the decoder's over the answer."""
        return (
            tuple(layer.taps(batch_size, steps) for layer in self.encoder),
            tuple(layer.taps(batch_size, self.answers) for layer in self.decoder),
        )


def _run(
    layers: nnx.List[Layer], values: Array, mask: Array | None, taps: Any, steps: Int[Array, ""] | None
) -> Float[Array, "B T H"]:
    """The layers from the bottom up."""
    for index, layer in enumerate(layers):
        values = layer(values, mask, taps=None if taps is None else taps[index], steps=steps)
    return values
