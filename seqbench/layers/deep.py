"""Very many layers of one structure, stored and run as one: compile time does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer

STACK = "template"
"""The attribute under which the layers stand, and so a part of the path of each of their parameters."""


class Deep(Layer):
    """Layers one above the other in one loop; each parameter has a leading axis, one entry a layer.

    Measured on a 2-core CPU with Adam, 32 units, batch 8: 100 layers one by one compile in 8 s and take 80 ms a step,
    as one in 3 s and 16 ms; 1,000 layers as one compile in 3 s as well.
    """

    def __init__(
        self, build: Callable[[int, nnx.Rngs], Layer], places: range, rngs: nnx.Rngs, wrapped_by: str = ""
    ) -> None:
        """Draw a layer for each of `places`, in one loop and to the same bits as one after the other.

        Args:
            build: `(place, rngs) -> layer`; what it makes may differ in numbers only.
            places: of the layers in the model, from the bottom up.
            rngs: the source of randomness.
            wrapped_by: what `build` wraps the layers by, for the error.

        Raises:
            Incompatible: the first, the second and the last layer are not alike.
        """
        graph, before, *keys = nnx.split(rngs, nnx.RngCount, ...)
        before = jax.tree.map(jnp.asarray, before)  # a copy: drawing counts on in `rngs` itself
        template = nnx.graphdef(build(places[0], rngs))
        drawn = jax.tree.map(jnp.subtract, nnx.state(rngs, nnx.RngCount), before)

        def at(layer: Int[Array, ""]) -> nnx.Rngs:
            """The source of randomness as that many layers leave it behind."""
            counts = jax.tree.map(lambda start, each: start + layer.astype(start.dtype) * each, before, drawn)
            return nnx.merge(graph, counts, *keys)

        for place in (places[1], places[-1]):
            if nnx.graphdef(build(place, at(jnp.uint32(0)))) != template:
                why = f"{wrapped_by} makes them differ" if wrapped_by else "they differ"
                raise Incompatible(f"{len(places)} layers run as one must be alike, but {why}")
        layers = jax.vmap(lambda layer: nnx.state(build(places[0], at(layer))))(jnp.arange(len(places)))
        self.template = nnx.merge(template, layers)
        nnx.update(rngs, nnx.state(at(jnp.uint32(len(places))), nnx.RngCount))

    def __call__(
        self,
        inputs: Float[Array, "B T H"],
        mask: Bool[Array, "B T"] | None = None,
        *,
        taps: Any = None,
        steps: Int[Array, ""] | None = None,
    ) -> Float[Array, "B T H"]:
        """Run the layers from the bottom up."""
        graph, stacked = nnx.split(self.template)

        def climb(values: Float[Array, "B T H"], state: nnx.State) -> tuple[Float[Array, "B T H"], None]:
            return nnx.merge(graph, state)(values, mask, steps=steps), None

        return jax.lax.scan(climb, inputs, stacked)[0]


def is_stacked(path: jax.tree_util.KeyPath) -> bool:
    """Whether the parameter at this path of a model's tree has a leading axis, one entry a layer."""
    return STACK in (getattr(entry, "key", None) for entry in path)
