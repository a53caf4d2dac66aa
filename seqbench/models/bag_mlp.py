"""Control: a feed-forward network on how often each symbol has come. The order is thrown away.

Source: Harris 1954, Distributional structure (the bag of words); Iyyer, Manjunatha, Boyd-Graber & Daume 2015, Deep
unordered composition rivals syntactic methods for text classification
"""

from __future__ import annotations

from flax import nnx

from seqbench.mitigations.base import Chain
from seqbench.models._feed_forward import FeedForward, bag, dense_layers, refuse
from seqbench.models.base import ModelBuilder, require_sizes
from seqbench.setting_types import Depth, PositiveInt
from seqbench.tasks.base import Interface


def bag_mlp(*, width: PositiveInt = 64, depth: Depth = 2) -> ModelBuilder:
    """`depth` ReLU layers of `width` units over the counts of all symbols so far, or the sums of all features."""
    require_sizes("bag_mlp", width=width, depth=depth)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> FeedForward:
        refuse(task, mitigations, "bag_mlp")
        layers = dense_layers(task.inputs, mitigations, rngs, width=width, depth=depth)
        return FeedForward(task, bag, layers, width, rngs)

    return build
