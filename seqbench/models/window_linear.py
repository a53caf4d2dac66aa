"""Control: a linear read-out of the last steps, cut and padded to one length. No state, no hidden layer.

Of what lies further back than `window` steps it knows nothing. Shorter pasts are padded with zeros in front.

Source: Sejnowski & Rosenberg 1987, Parallel networks that learn to pronounce English text (the moving window)
"""

from __future__ import annotations

from flax import nnx

from seqbench.mitigations.base import Chain
from seqbench.models._feed_forward import FeedForward, Window, refuse
from seqbench.models.base import ModelBuilder, refuse_layer_remedies, require_sizes
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Interface


def window_linear(*, window: PositiveInt = 20) -> ModelBuilder:
    """A linear read-out of the last `window` steps."""
    require_sizes("window_linear", window=window)

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> FeedForward:
        refuse(task, mitigations, "window_linear")
        refuse_layer_remedies(mitigations, "window_linear", "has no hidden layer")
        return FeedForward(task, Window(window), [], window * task.inputs, rngs)

    return build
