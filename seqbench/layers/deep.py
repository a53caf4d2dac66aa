"""Very many layers of one structure, stored and run as one: compile time does not grow with their number."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Stack `layers`, which must differ in their numbers only.

        Raises:
            Incompatible: a mitigation has given them different structures.
        """
        graphs, states = zip(*(nnx.split(layer) for layer in layers), strict=True)
        if any(graph != graphs[0] for graph in graphs):
            raise Incompatible(f"{len(layers)} layers run as one must be alike, but a mitigation makes them differ")
        self.template = nnx.merge(graphs[0], jax.tree.map(lambda *leaves: jnp.stack(leaves), *states))

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
