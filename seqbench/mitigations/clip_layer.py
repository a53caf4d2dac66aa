"""Rescale the gradient of each layer on its own, so that one layer that explodes does not shrink the others' steps.

    g_l <- g_l * min(1, threshold / ||g_l||),  ||g_l|| over the parameters of layer l together

Layers of a stack and the read-out count as one each. `threshold: .inf` is off.

Unlike `optax.clip_by_block_rms`, a block is a layer with all its arrays rather than one array, and what is bounded is
its norm rather than its root mean square.

Source: our own form of Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063, applied layer by layer as in McMahan, Ramage,
Talwar & Zhang 2018, Learning differentially private recurrent language models, arXiv:1710.06963 (per-layer clipping)
"""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile
from typing import Any

import jax
import optax

from seqbench.errors import Incompatible
from seqbench.mitigations._norms import at_most, global_norm
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import Threshold

OFF = {"threshold": float("inf")}


def clip_layer(*, threshold: Threshold = 1.0) -> Mitigation:
    """Rescale each layer's gradient to a norm of at most `threshold`."""
    if not threshold > 0:
        raise Incompatible(f"clip_layer needs a threshold above 0 (.inf is off), got {threshold}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def rescale(updates: optax.Updates, _: optax.Params | None) -> optax.Updates:
            layers = defaultdict(list)
            for path, leaf in jax.tree.leaves_with_path(updates):
                layers[layer_of(path)].append(leaf)
            norms = {layer: global_norm(leaves) for layer, leaves in layers.items()}
            return jax.tree.map_with_path(
                lambda path, leaf: leaf * at_most(arrays["threshold"], norms[layer_of(path)]), updates
            )

        return optax.stateless(rescale)

    return Mitigation(arrays={"threshold": threshold}, gradient=gradient)


def layer_of(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """The layer a parameter belongs to: its path up to the first number (`layers.1`), or its first name (`readout`)."""
    names = [getattr(part, "key", getattr(part, "name", getattr(part, "idx", None))) for part in path]
    before = list(takewhile(lambda name: not isinstance(name, int), names))
    return tuple(names[: len(before) + 1]) if len(before) < len(names) else tuple(names[:1])
