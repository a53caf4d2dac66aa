"""Clip every entry of the gradient to [-threshold, threshold]. It may change the gradient's direction.

The classic textbook example clips at 25. `threshold: .inf` is off.

Unlike `optax.clip`, which closes over a number, the threshold is an array of the program: another one compiles nothing.

Source: Mikolov 2012, Statistical language models based on neural networks (thesis, section 3.2.2)
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from seqbench.errors import Incompatible
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import Threshold

OFF = {"threshold": float("inf")}


def clip_value(*, threshold: Threshold = 25.0) -> Mitigation:
    """Clip each entry of the gradient at `threshold`."""
    if not threshold > 0:
        raise Incompatible(f"clip_value needs a threshold above 0 (.inf is off), got {threshold}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        bound = arrays["threshold"]
        return optax.stateless(lambda updates, _: jax.tree.map(lambda g: jnp.clip(g, -bound, bound), updates))

    return Mitigation(arrays={"threshold": threshold}, gradient=gradient)
