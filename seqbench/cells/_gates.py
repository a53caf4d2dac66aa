"""Nonlinearities of cells, written for speed: all gates of a step in one `tanh`, and few arrays kept for derivatives.

    sigmoid(z) = (tanh(z / 2) + 1) / 2

On a CPU several transcendental functions fused into one loop are slow. One over all gates at once, which the barrier
keeps apart from what follows, takes half the time.

A step's derivative is a rule (`jax.custom_jvp`) whose factors are computed in the forward pass, where their parts are
at hand; a backward pass keeps these factors and only multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LOGISTIC, TANH = 0.5, 1.0
"""A gate's kind: the factor by which its preactivation is multiplied before `tanh` and by which `tanh` is after."""


def squash(preactivation: Float[Array, "B GH"], kinds: Sequence[float]) -> list[Float[Array, "B H"]]:
    """The sigmoid (LOGISTIC) or `tanh` (TANH) of each of G blocks of H columns."""
    blocks = np.repeat(np.asarray(kinds), preactivation.shape[-1] // len(kinds))
    factor, shift = (jnp.asarray(each, preactivation.dtype) for each in (blocks, 1 - blocks))
    values = jax.lax.optimization_barrier(jnp.tanh(preactivation * factor))
    return jnp.split(values * factor + shift, len(kinds), axis=-1)


@jax.custom_jvp
def tanh(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """`jnp.tanh`, for whose derivative one array is kept and not two."""
    return jnp.tanh(z)


@tanh.defjvp
def _tanh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    value = jnp.tanh(primals[0])
    return value, (1 - jnp.square(value)) * tangents[0]
