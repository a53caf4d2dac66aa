"""Arrays with a leading axis of time, as loops read and write them, and loops that run either way.

Shapes: `n` steps, `B` batch, `I` inputs, `P` projected inputs, `D` any width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

Number = Int[Array, ""] | int
"""A number of steps or of chunks: one of Python where it is fixed."""


def repeat(number: Number, take: Callable[[Number, Any], Any], state: Any, *, descending: bool) -> Any:
    """Take 0, 1, ..., number - 1, or the other way round."""
    return jax.lax.fori_loop(0, number, lambda i, at: take(number - 1 - i if descending else i, at), state)


def as_rows(steps: Float[Array, "n B D"]) -> Float[Array, "nB D"]:
    """The steps of a batch one under the other, the form in which matrix products are fast."""
    return steps.reshape(-1, steps.shape[-1])


def on_rows(project: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function of each step on its own, as a function of many steps of a batch."""

    def flat(steps: Float[Array, "n B I"]) -> Float[Array, "n B P"]:
        projected = project(as_rows(steps))
        return projected.reshape(*steps.shape[:2], *projected.shape[1:])

    return flat


def empty_steps(length: int, like: Any) -> Any:
    """Zeros with a leading axis of time."""
    return jax.tree.map(lambda leaf: jnp.zeros((length, *leaf.shape), leaf.dtype), like)


def step_of(tree: Any, place: Number) -> Any:
    """What stands at a place of the leading axis."""
    return jax.tree.map(
        lambda leaf: jax.lax.dynamic_index_in_dim(leaf, place, keepdims=False, allow_negative_indices=False), tree
    )


def with_step(tree: Any, place: Number, values: Any) -> Any:
    """The buffers with values put at a place of the leading axis."""

    def put(leaf: Array, value: Array) -> Array:
        return jax.lax.dynamic_update_index_in_dim(leaf, value, place, 0, allow_negative_indices=False)

    return jax.tree.map(put, tree, values)
