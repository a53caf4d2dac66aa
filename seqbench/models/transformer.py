"""A small causal transformer: every step looks at itself and all earlier ones.

    x <- x + attention(norm(x)),   x <- x + W_2 gelu(W_1 norm(x)),   `depth` times, then a norm and a linear read-out

Positions are encoded by sinusoids added to the inputs, so that any length will do. There is no dropout.

Source: Vaswani et al. 2017, Attention is all you need, arXiv:1706.03762; normalisation before each part as in Xiong et
al. 2020, arXiv:2002.04745
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.mitigations.base import Chain
from seqbench.models.base import (
    Model,
    ModelBuilder,
    encode,
    last_valid,
    refuse_decode,
    refuse_layer_remedies,
    refuse_recurrent_remedies,
    require_sizes,
)
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Batch, Interface


def transformer(*, width: PositiveInt = 64, depth: Depth = 2, heads: PositiveInt = 4) -> ModelBuilder:
    """`depth` blocks of `width` units and `heads` heads of width / heads units each (at least 1)."""
    require_sizes("transformer", width=width, depth=depth, heads=heads)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> Transformer:
        refuse_decode(task, "transformer")
        refuse_recurrent_remedies(mitigations, "transformer")
        refuse_layer_remedies(mitigations, "transformer", "has skips and normalisation of its own")
        return Transformer(task, rngs, width=width, depth=depth, heads=heads)

    return build


class Transformer(Model):
    """An embedding, blocks from the bottom up, a norm and a linear read-out."""

    def __init__(self, task: Interface, rngs: nnx.Rngs, *, width: int, depth: int, heads: int) -> None:
        super().__init__(task)
        self.embedding = nnx.Linear(task.inputs, width, rngs=rngs)
        self.blocks = nnx.List([TransformerBlock(width, heads, rngs) for _ in range(depth)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.readout = nnx.Linear(width, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions at the last step of each sequence, or at every step, as the task asks. There are no taps."""
        values = self.embedding(encode(batch.inputs, self.symbols))
        values = values + sinusoids(*values.shape[1:])
        for block in self.blocks:
            values = block(values)
        # Padding stands at the end, where no step of the sequence looks, so that the mask matters to the read-out only.
        values = self.norm(last_valid(values, self.mask(batch)) if self.read_at == "last" else values)
        return self.readout(values)


class TransformerBlock(nnx.Module):
    """Attention and a feed-forward part, each around a skip."""

    def __init__(self, width: int, heads: int, rngs: nnx.Rngs) -> None:
        self.heads, self.head_size = heads, max(1, width // heads)
        self.before_attention = nnx.LayerNorm(width, rngs=rngs)
        self.before_expansion = nnx.LayerNorm(width, rngs=rngs)
        self.attend = nnx.Linear(width, 3 * heads * self.head_size, use_bias=False, rngs=rngs)
        self.merge = nnx.Linear(heads * self.head_size, width, rngs=rngs)
        self.expand = nnx.Linear(width, 4 * width, rngs=rngs)
        self.contract = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, values: Float[Array, "B T H"]) -> Float[Array, "B T H"]:
        """The block's output."""
        values = values + self._attention(self.before_attention(values))
        return values + self.contract(jax.nn.gelu(self.expand(self.before_expansion(values))))

    def _attention(self, values: Float[Array, "B T H"]) -> Float[Array, "B T H"]:
        """Causal attention of every head, merged."""
        rows, steps = values.shape[:2]
        heads = self.attend(values).reshape(rows, steps, 3, self.heads, self.head_size)
        query, key, value = jnp.moveaxis(heads, 2, 0)
        seen = jax.nn.dot_product_attention(query, key, value, is_causal=True)
        return self.merge(seen.reshape(rows, steps, -1))


def sinusoids(steps: int, width: int) -> Float[Array, "T H"]:
    """Sines and cosines of each step at wavelengths from 2 pi to about 20,000 pi."""
    rate = 10_000.0 ** (-jnp.arange((width + 1) // 2) / ((width + 1) // 2))
    angle = jnp.arange(steps)[:, None] * rate
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)], axis=-1)[:, :width]
