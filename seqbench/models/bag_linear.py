"""Control: a linear read-out of how often each symbol has come. The order is thrown away.

Source: Harris 1954, Distributional structure (the bag of words)
"""

from __future__ import annotations

from flax import nnx

from seqbench.mitigations.base import Chain
from seqbench.models._feed_forward import FeedForward, bag, refuse
from seqbench.models.base import ModelBuilder, refuse_layer_remedies
from seqbench.tasks.base import Interface


def bag_linear() -> ModelBuilder:
    """A linear read-out of the counts of all symbols so far, or of the sums of all features."""

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> FeedForward:
        refuse(task, mitigations, "bag_linear")
        refuse_layer_remedies(mitigations, "bag_linear", "has no hidden layer")
        return FeedForward(task, bag, [], task.inputs, rngs)

    return build
