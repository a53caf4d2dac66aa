"""Control: a feed-forward network as deep as one likes, to show in depth what a recurrent network meets in time.

    x_l = phi(W_l x_{l-1} + b_l),  l = 1 ... depth,  phi = tanh or ReLU

It reads the last `window` steps side by side (0: the whole sequence). Plain, the gradient of the lower layers vanishes
with depth; with the mitigation `residual` it does not. Weights start uniform within 1/sqrt(inputs) of zero, the
heuristic whose vanishing Glorot & Bengio show; `initial: glorot` is their remedy.

Above 100 layers all but the first are stored and run as one (compile time does not grow with depth then). A remedy that
works layer by layer sees that stack as one.

Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks; up to 1,000
layers as in He, Zhang, Ren & Sun 2016, Identity mappings in deep residual networks, arXiv:1603.05027
"""

from __future__ import annotations

from typing import Literal

from flax import nnx

from seqbench.errors import Incompatible
from seqbench.layers.dense import FAN_IN_UNIFORM, GLOROT_UNIFORM, Activation
from seqbench.mitigations.base import Chain
from seqbench.models._feed_forward import FeedForward, Window, dense_layers, refuse
from seqbench.models.base import ModelBuilder, require_sizes
from seqbench.setting_types import Depth, NonNegativeInt, PositiveInt
from seqbench.tasks.base import Interface

LAYERS_STORED_APART = 100
"""Depth up to which every layer has parameters of its own."""


def feedforward(
    *,
    width: PositiveInt = 64,
    depth: Depth = 10,
    window: NonNegativeInt = 0,
    activation: Activation = "tanh",
    initial: Literal["fan_in", "glorot"] = "fan_in",
) -> ModelBuilder:
    """`depth` layers of `width` units over the last `window` steps (0: all)."""
    require_sizes("feedforward", width=width, depth=depth)
    if window < 0:
        raise Incompatible(f"feedforward needs a window of 1 or more, or 0 for all steps, got {window}")
    kernel_init = FAN_IN_UNIFORM if initial == "fan_in" else GLOROT_UNIFORM

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> FeedForward:
        refuse(task, mitigations, "feedforward")
        steps = window or task.steps
        layers = dense_layers(
            steps * task.inputs,
            mitigations,
            rngs,
            width=width,
            depth=depth,
            as_one=depth > LAYERS_STORED_APART,
            activation=activation,
            kernel_init=kernel_init,
        )
        return FeedForward(task, Window(steps), layers, width, rngs)

    return build
