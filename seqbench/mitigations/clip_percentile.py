"""Rescale the gradient to a percentile of the norms met so far, so that the threshold finds itself (AutoClip).

    threshold_t = the `percentile`-th percentile of ||g_1||, ..., ||g_t||,  interpolated linearly
    g_t <- g_t * min(1, threshold_t / ||g_t||)

The norms of the last `history` steps are remembered; the paper remembers all, so let `history` be the number of
training steps or more. At percentile 100 nothing is ever clipped: 100 and above (`.inf`) is off.

Unlike every clip of optax, it needs no threshold.

Source: Seetharaman, Wichern, Pardo & Le Roux 2020, AutoClip: adaptive gradient clipping for source separation
networks, arXiv:2007.14469
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
import optax
from annotated_types import Ge, Le
from jaxtyping import Array, Float, Int

from seqbench.errors import Incompatible
from seqbench.mitigations._norms import at_most, global_norm
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import Percentile

OFF = {"percentile": float("inf")}

History = Annotated[int, Ge(1), Le(10_000_000)]
"""Steps. Each trial holds two numbers for every one of them, and looks at all in every step."""


def clip_percentile(*, percentile: Percentile = 10.0, history: History = 20_000) -> Mitigation:
    """Rescale the gradient to at most the `percentile`-th percentile of its norms over the last `history` steps."""
    if not percentile >= 0:
        raise Incompatible(f"clip_percentile needs a percentile of 0 or more (.inf is off), got {percentile}")
    if history < 1:
        raise Incompatible(f"clip_percentile needs a history of 1 step or more, got {history}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def update(updates: optax.Updates, norms: Norms, _: optax.Params | None = None) -> tuple[optax.Updates, Norms]:
            norm = global_norm(updates)
            norms = remember(norms, norm)
            scale = at_most(percentile_of(norms, arrays["percentile"]), norm)
            return jax.tree.map(lambda g: g * scale, updates), norms

        return optax.GradientTransformation(lambda _: no_norms(history), update)

    return Mitigation(arrays={"percentile": percentile}, gradient=gradient)


class Norms(NamedTuple):
    """Norms met so far: in the order in which they came (a ring), in rising order, and how many have come in all.

    Places not yet filled hold infinity. Keeping both orders makes a step cost two passes over the history and no sort.
    """

    recent: Float[Array, " N"]
    rising: Float[Array, " N"]
    met: Int[Array, ""]


def no_norms(history: int) -> Norms:
    """Before the first step."""
    nothing = jnp.full(history, jnp.inf)
    return Norms(nothing, nothing, jnp.zeros((), jnp.int32))


def remember(norms: Norms, norm: Float[Array, ""]) -> Norms:
    """Let the newest norm take the place of the oldest."""
    places = jnp.arange(norms.recent.size)
    slot = norms.met % norms.recent.size
    leaves = jnp.searchsorted(norms.rising, norms.recent[slot])
    without = jnp.where(places < leaves, norms.rising, jnp.append(norms.rising[1:], jnp.inf))
    enters = jnp.searchsorted(without, norm)
    shifted = jnp.append(norm, without[:-1])
    rising = jnp.where(places < enters, without, jnp.where(places == enters, norm, shifted))
    return Norms(norms.recent.at[slot].set(norm), rising, norms.met + 1)


def percentile_of(norms: Norms, percentile: Float[Array, ""]) -> Float[Array, ""]:
    """The percentile of the norms remembered, interpolated linearly between neighbours."""
    last = jnp.minimum(norms.met, norms.recent.size) - 1
    place = jnp.minimum(percentile / 100, 1.0) * last
    below = jnp.floor(place).astype(jnp.int32)
    low, high = norms.rising[below], norms.rising[jnp.minimum(below + 1, last)]
    # Not a weighted mean of both: between equal neighbours it would round, and clip what is at its threshold.
    return low + (place - below) * (high - low)
