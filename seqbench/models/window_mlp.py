"""Control: a feed-forward network on the last steps, cut and padded to one length. No state.

Of what lies further back than `window` steps it knows nothing. Shorter pasts are padded with zeros in front.

Source: Sejnowski & Rosenberg 1987, Parallel networks that learn to pronounce English text (the moving window); Bengio,
Ducharme, Vincent & Jauvin 2003, A neural probabilistic language model
"""

from __future__ import annotations

from flax import nnx

from seqbench.mitigations.base import Chain
from seqbench.models._feed_forward import FeedForward, Window, dense_layers, refuse
from seqbench.models.base import ModelBuilder, require_sizes
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Interface


def window_mlp(*, window: PositiveInt = 20, width: PositiveInt = 64, depth: Depth = 2) -> ModelBuilder:
    """`depth` ReLU layers of `width` units over the last `window` steps."""
    require_sizes("window_mlp", window=window, width=width, depth=depth)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> FeedForward:
        refuse(task, mitigations, "window_mlp")
        features = window * task.inputs
        layers = dense_layers(features, mitigations, rngs, width=width, depth=depth)
        return FeedForward(task, Window(window), layers, width, rngs)

    return build
