"""Penalise every change of the hidden state's norm from one step to the next.

    weight * mean over t of (||h_t|| - ||h_{t-1}||)^2,   h = the cell's output, t from the second step on

The mean is over all pairs of consecutive steps of the batch that are no padding; several layers are summed. The first
step has no pair: the zero state before it does not come from the network. `weight: 0` is off.

Source: Krueger & Memisevic 2016, Regularizing RNNs by stabilizing activations, arXiv:1511.08400
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from seqbench.errors import Incompatible
from seqbench.layers.recurrent import LayerCall
from seqbench.mitigations._wrapping import unchanged
from seqbench.mitigations.base import Arrays, Forward, Mitigation
from seqbench.setting_types import Penalty

OFF = {"weight": 0.0}


def norm_stabiliser(*, weight: Penalty = 50.0) -> Mitigation:
    """Add `weight` times the mean squared change of the hidden state's norm to the loss."""
    if not 0 <= weight < float("inf"):
        raise Incompatible(f"norm_stabiliser needs a finite weight of 0 (off) or more, got {weight}")
    if weight == 0:
        return Mitigation()

    def penalty(arrays: Arrays, forward: Forward) -> Float[Array, ""]:
        return arrays["weight"] * sum(map(squared_change, forward.seen.values()))

    return Mitigation(arrays={"weight": weight}, cell=unchanged, penalty=penalty)


def squared_change(seen: LayerCall) -> Float[Array, ""]:
    """Mean squared difference between the norms of consecutive outputs of a layer."""
    squares = jnp.sum(jnp.square(seen.outputs), axis=-1)
    # The square root has no derivative at a state of zeros; there it gets 0.
    norms = jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)
    changes = jnp.square(norms[:, 1:] - norms[:, :-1])
    valid = seen.valid
    if valid is None:
        return jnp.mean(changes)
    pairs = valid[:, 1:] & valid[:, :-1]
    return jnp.sum(jnp.where(pairs, changes, 0)) / jnp.maximum(jnp.sum(pairs), 1)
