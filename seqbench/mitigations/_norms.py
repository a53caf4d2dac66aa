"""Norms of gradients, and how far one is to be shortened: what remedies that clip share."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from seqbench.layers.norms import norm_scale


def global_norm(tree: Any) -> Float[Array, ""]:
    """Euclidean norm of all entries of a pytree together.

    Entries are scaled by the largest before they are squared, so that the squares do not overflow.
    """
    leaves = jax.tree.leaves(tree)
    largest = jnp.max(jnp.array([jnp.max(jnp.abs(leaf), initial=0.0) for leaf in leaves]))
    scale = norm_scale(largest)
    return scale * jnp.sqrt(sum(jnp.sum(jnp.square(leaf / scale)) for leaf in leaves))


def at_most(limit: Float[Array, "..."], norm: Float[Array, "..."]) -> Float[Array, "..."]:
    """The factor that brings a norm down to `limit`; exactly 1 where it is within, so that off is off to the bit.

    A norm that is not a number gives 1: divergence stays visible.
    """
    return jnp.where(norm > limit, limit / norm, 1.0)
