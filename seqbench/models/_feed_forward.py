"""What the controls without recurrence share: a fixed look at the sequence, dense layers, a linear read-out.

Shapes: `B` batch, `T` time, `K` targets, `I` inputs, `N` steps of a window, `F` features, `O` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.deep import Deep
from seqbench.layers.dense import Dense
from seqbench.mitigations.base import Chain, LayerContext
from seqbench.models.base import Model, encode, last_valid, refuse_decode, refuse_recurrent_remedies
from seqbench.tasks.base import Batch, Interface

Look = Callable[[Float[Array, "B T I"], Bool[Array, "B T"] | None, bool], Float[Array, "B K F"]]
"""`(inputs, mask, at every step?) -> features` of every target, from its own step and earlier ones."""


class FeedForward(Model):
    """A look at the sequence, then layers from the bottom up, then a linear read-out."""

    def __init__(self, task: Interface, look: Look, layers: Sequence[Layer], features: int, rngs: nnx.Rngs) -> None:
        super().__init__(task)
        self.look = look
        self.layers = nnx.List(layers)
        self.readout = nnx.Linear(features, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions once for each sequence, or at every step, as the task asks. There are no taps."""
        mask = self.mask(batch)
        values = self.look(encode(batch.inputs, self.symbols), mask, self.read_at == "every")
        for layer in self.layers:
            values = layer(values)
        return self.readout(values)


def refuse(task: Interface, mitigations: Chain, model: str) -> None:
    """Raise Incompatible for what no control can do."""
    refuse_decode(task, model)
    refuse_recurrent_remedies(mitigations, model)


def dense_layers(
    features: int, mitigations: Chain, rngs: nnx.Rngs, *, width: int, depth: int, as_one: bool = False, **settings: Any
) -> list[Layer]:
    """`depth` dense layers, each wrapped by the mitigations; `settings` are those of `Dense`.

    With `as_one` all but the first are stored and run as one.

    Raises:
        Incompatible: a mitigation acts in some of the layers that are run as one, and not in others.
    """

    def build(place: int, source: nnx.Rngs) -> Layer:
        inputs = width if place else features
        plain = Dense(inputs, width, source, **settings)
        return mitigations.layer(plain, LayerContext(place, inputs, width, depth, source))

    if not as_one:
        return [build(place, rngs) for place in range(depth)]
    upper = range(1, depth)
    wrapping = [link for link in mitigations.links if link.layer]
    for link in wrapping:
        if len({link.acts_in(place, depth) for place in upper}) > 1:
            alike = f"{len(upper)} layers run as one must be alike"
            raise Incompatible(f"{alike}, but {link.called} acts in some of them only")
    return [build(0, rngs), Deep(build, upper, rngs, wrapped_by=" or ".join(link.called for link in wrapping))]


@dataclass(frozen=True)
class Window:
    """A look at the last `steps` steps, side by side: longer pasts are cut, shorter ones padded with zeros in front."""

    steps: int

    def __call__(self, values: Array, mask: Array | None, every: bool) -> Float[Array, "B K F"]:
        """The window that ends at each step, or at each sequence's own last step."""
        rows, length, inputs = values.shape
        if every:
            ends = jnp.broadcast_to(jnp.arange(length), (rows, length))
        else:
            lengths = jnp.full(rows, length) if mask is None else jnp.sum(mask, axis=1, dtype=jnp.int32)
            ends = lengths[:, None] - 1
        padded = jnp.pad(values, ((0, 0), (self.steps - 1, 0), (0, 0)))
        # Padding moves every step by `steps` - 1, so that a window now begins where its last step stood.
        places = ends[..., None] + jnp.arange(self.steps)
        windows = jax.vmap(lambda row, at: row[at])(padded, places)
        return windows.reshape(*ends.shape, self.steps * inputs)


def bag(values: Float[Array, "B T I"], mask: Bool[Array, "B T"] | None, every: bool) -> Float[Array, "B K I"]:
    """The sum of all inputs so far: how often each symbol has come, whenever it came."""
    sums = jnp.cumsum(values, axis=1)
    return sums if every else last_valid(sums, mask)
