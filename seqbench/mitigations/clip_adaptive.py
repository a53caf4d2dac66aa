"""Clip each unit's gradient in proportion to the norm of its weights: adaptive gradient clipping (AGC).

    g_u <- g_u * min(1, threshold * max(||w_u||, floor) / ||g_u||)

A unit `u` is a column of a weight matrix: all weights into one unit of one gate; a bias vector counts as one unit. A
convolution's unit is an output channel: every axis but the last. Layers that are stored as one (`seqbench.layers.deep`)
have units of their own. `floor` lets weights that start at zero move. `threshold: .inf` is off.

Unlike `optax.adaptive_grad_clip`, layers that are stored as one array are clipped layer by layer. Unlike in the paper,
the read-out is clipped too.

Source: Brock, De, Smith & Simonyan 2021, High-performance large-scale image recognition without normalization,
arXiv:2102.06171
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from seqbench.errors import Incompatible
from seqbench.layers.deep import is_stacked
from seqbench.layers.norms import norm_scale
from seqbench.mitigations._norms import at_most
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import PositiveFloat, Threshold

VERSION = 2
"""2: a kernel of three axes or more has one norm an output channel, and stacked layers are clipped one by one."""

OFF = {"threshold": float("inf")}


def clip_adaptive(*, threshold: Threshold = 0.01, floor: PositiveFloat = 1e-3) -> Mitigation:
    """Rescale the gradient of each unit to at most `threshold` times the norm of its weights (at least `floor`)."""
    if not (threshold > 0 and floor > 0):
        raise Incompatible(f"clip_adaptive needs threshold (.inf: off) and floor above 0, got {threshold} and {floor}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def rescale(updates: optax.Updates, parameters: optax.Params | None) -> optax.Updates:
            def clip(
                path: jax.tree_util.KeyPath, g: Float[Array, "..."], w: Float[Array, "..."]
            ) -> Float[Array, "..."]:
                norms = jax.vmap(unit_norms) if is_stacked(path) else unit_norms
                limit = arrays["threshold"] * jnp.maximum(norms(w), arrays["floor"])
                return g * at_most(limit, norms(g))

            return jax.tree_util.tree_map_with_path(clip, updates, parameters)

        return optax.stateless(rescale)

    return Mitigation(arrays={"threshold": threshold, "floor": floor}, gradient=gradient)


def unit_norms(weights: Float[Array, "..."]) -> Float[Array, "..."]:
    """Norm of each unit of a kernel [..., H] as [1, ..., 1, H], or of a whole vector as [1].

    Weights are divided by the largest before they are squared, so that the squares do not overflow.
    """
    axis = tuple(range(weights.ndim - 1)) if weights.ndim > 1 else None
    largest = jnp.max(jnp.abs(weights), axis=axis, keepdims=True, initial=0.0)
    scale = norm_scale(largest)
    return scale * jnp.sqrt(jnp.sum(jnp.square(weights / scale), axis=axis, keepdims=True))
