"""Nonlinearities of cells, written for speed: all gates of a step in one `tanh`, and few arrays kept for derivatives.

    sigmoid(z) = (tanh(z / 2) + 1) / 2

On a CPU several transcendental functions fused into one loop are slow. One over all gates at once, which the barrier
is to keep apart from what follows, takes half the time. XLA drops the barrier, and fuses after all, where a single
operation uses the gates and nothing keeps them: `Cell.writes_forward` is for cells of which that is so.

A step's derivative is a rule (`jax.custom_jvp`) whose linear part is under `from_few`: the backward pass keeps the
values that it is computed from and not its factors, which are more.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LOGISTIC, TANH = 0.5, 1.0
"""A gate's kind: the factor by which its preactivation is multiplied before `tanh` and by which `tanh` is after."""

from_few = partial(jax.checkpoint, prevent_cse=False)
"""Keeps the arguments of a function for its derivative, and nothing that it computes from them."""


def gates(preactivation: Float[Array, "B GH"], kinds: Sequence[float]) -> list[Float[Array, "B H"]]:
    """The sigmoid (LOGISTIC) or `tanh` (TANH) of each of G blocks of H columns."""
    factor = np.repeat(np.asarray(kinds), preactivation.shape[-1] // len(kinds))
    values = jax.lax.optimization_barrier(jnp.tanh(preactivation * jnp.asarray(factor, preactivation.dtype)))
    blocks = jnp.split(values, len(kinds), axis=-1)
    return [block if kind == TANH else kind * block + (1 - kind) for block, kind in zip(blocks, kinds, strict=True)]


def logistic(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """The sigmoid by `tanh`, as `gates` computes it."""
    return LOGISTIC * jnp.tanh(LOGISTIC * z) + LOGISTIC


@jax.custom_jvp
def tanh(z: Float[Array, "..."]) -> Float[Array, "..."]:
    """`jnp.tanh`, for whose derivative its value alone is kept."""
    return jnp.tanh(z)


@tanh.defjvp
def _tanh_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    value = jnp.tanh(primals[0])
    return value, _tanh_change(value, tangents[0])


@from_few
def _tanh_change(value: Float[Array, "..."], change: Float[Array, "..."]) -> Float[Array, "..."]:
    return (1 - jnp.square(value)) * change
