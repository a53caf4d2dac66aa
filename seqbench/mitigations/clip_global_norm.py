"""Rescale the whole gradient so that its norm is at most `threshold`. It keeps the gradient's direction.

    g <- g * min(1, threshold / ||g||),  ||g|| over all parameters together

`threshold: .inf` is off.

Unlike `optax.clip_by_global_norm`, a norm whose square overflows is still measured; optax returns zeros then.

Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063
"""

from __future__ import annotations

import jax
import optax

from seqbench.errors import Incompatible
from seqbench.mitigations._norms import at_most, global_norm
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import Threshold

OFF = {"threshold": float("inf")}


def clip_global_norm(*, threshold: Threshold = 1.0) -> Mitigation:
    """Rescale the gradient to a global norm of at most `threshold`."""
    if not threshold > 0:
        raise Incompatible(f"clip_global_norm needs a threshold above 0 (.inf is off), got {threshold}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def rescale(updates: optax.Updates, _: optax.Params | None) -> optax.Updates:
            scale = at_most(arrays["threshold"], global_norm(updates))
            return jax.tree.map(lambda g: g * scale, updates)

        return optax.stateless(rescale)

    return Mitigation(arrays={"threshold": threshold}, gradient=gradient)
