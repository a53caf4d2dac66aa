"""Temporal convolutional network: dilated causal convolutions whose reach doubles from block to block.

    block_l(x) = relu(x + f(x)),   f = two times (causal convolution with dilation 2^l, ReLU), weights normalised

where x is brought to the width of the block by a matrix if it has another. With `levels` blocks a prediction sees
1 + 2 (kernel - 1) (2^levels - 1) steps; `levels: 0` takes as many as the task's sequences need, and a block whose steps
are further apart than the sequences are long is refused. There is no dropout.

Source: Bai, Kolter & Koltun 2018, An empirical evaluation of generic convolutional and recurrent networks for sequence
modeling, arXiv:1803.01271; weight normalisation of Salimans & Kingma 2016, arXiv:1602.07868
"""

from __future__ import annotations

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from flax import nnx
from jaxtyping import Array, Float

from seqbench.errors import Incompatible
from seqbench.mitigations.base import Chain
from seqbench.models.base import (
    Model,
    ModelBuilder,
    encode,
    last_valid,
    refuse_decode,
    refuse_layer_remedies,
    refuse_recurrent_remedies,
    require_sizes,
)
from seqbench.setting_types import AtLeastTwo, PositiveInt
from seqbench.tasks.base import Batch, Interface

Levels = Annotated[int, Ge(0), Le(31)]
"""Blocks; the steps between what a block reads double with each, and are a number of 32 bits."""


def tcn(*, width: PositiveInt = 32, kernel: AtLeastTwo = 5, levels: Levels = 0) -> ModelBuilder:
    """Blocks of `width` channels, convolutions over `kernel` steps; `levels: 0` takes as many as the sequences need."""
    require_sizes("tcn", width=width)
    if kernel < 2 or levels < 0:
        raise Incompatible(
            f"tcn needs a kernel of 2 or more and levels of 0 (as needed) or more, got {kernel}, {levels}"
        )

    def build(task: Interface, mitigations: Chain, rngs: nnx.Rngs) -> TCN:
        refuse_decode(task, "tcn")
        refuse_recurrent_remedies(mitigations, "tcn")
        refuse_layer_remedies(mitigations, "tcn", "has skips and normalisation of its own")
        needed = levels_to_reach(task.steps, kernel)
        if levels > 1 and 2 ** (levels - 1) >= task.steps:
            raise Incompatible(
                f"tcn with {levels} levels reads steps that are {2 ** (levels - 1):,} apart, and the sequences have "
                f"{task.steps}; with levels: {needed} it sees all of them, and 0 takes as many as needed"
            )
        return TCN(task, rngs, width=width, kernel=kernel, levels=levels or needed)

    return build


def reach(levels: int, kernel: int) -> int:
    """Steps that a prediction sees, its own included."""
    return 1 + 2 * (kernel - 1) * (2**levels - 1)


def levels_to_reach(steps: int, kernel: int) -> int:
    """The fewest blocks with which a prediction sees `steps` steps."""
    levels = 1
    while reach(levels, kernel) < steps:
        levels += 1
    return levels


class TCN(Model):
    """Blocks from the bottom up, then a linear read-out."""

    def __init__(self, task: Interface, rngs: nnx.Rngs, *, width: int, kernel: int, levels: int) -> None:
        super().__init__(task)
        self.blocks = nnx.List(
            [TemporalBlock(width if level else task.inputs, width, kernel, 2**level, rngs) for level in range(levels)]
        )
        self.readout = nnx.Linear(width, task.outputs, kernel_init=nnx.initializers.glorot_uniform(), rngs=rngs)

    def __call__(self, batch: Batch, *, taps: Any = None) -> Float[Array, "B K O"]:
        """Predictions at the last step of each sequence, or at every step, as the task asks. There are no taps."""
        values = encode(batch.inputs, self.symbols)
        for block in self.blocks:
            values = block(values)
        return self.readout(last_valid(values, self.mask(batch)) if self.read_at == "last" else values)


class TemporalBlock(nnx.Module):
    """Two causal convolutions and a skip around them."""

    def __init__(self, inputs: int, width: int, kernel: int, dilation: int, rngs: nnx.Rngs) -> None:
        self.first = CausalConvolution(inputs, width, kernel, dilation, rngs)
        self.second = CausalConvolution(width, width, kernel, dilation, rngs)
        self.match = nnx.Linear(inputs, width, rngs=rngs) if inputs != width else None

    def __call__(self, values: Float[Array, "B T I"]) -> Float[Array, "B T H"]:
        """The block's output."""
        changed = jax.nn.relu(self.second(jax.nn.relu(self.first(values))))
        return jax.nn.relu(changed + (self.match(values) if self.match else values))


class CausalConvolution(nnx.Module):
    """A dilated convolution over time that sees no later step; each channel's weights have the norm `gain`."""

    def __init__(self, inputs: int, width: int, kernel: int, dilation: int, rngs: nnx.Rngs) -> None:
        direction = nnx.initializers.he_normal()(rngs.params(), (kernel, inputs, width))
        self.direction = nnx.Param(direction)
        self.gain = nnx.Param(jnp.sqrt(jnp.sum(jnp.square(direction), axis=(0, 1))))
        self.bias = nnx.Param(jnp.zeros(width))
        self.dilation = dilation

    def __call__(self, values: Float[Array, "B T I"]) -> Float[Array, "B T H"]:
        """The convolution, with zeros before the first step."""
        direction = self.direction[...]
        weights = direction * self.gain[...] / jnp.sqrt(jnp.sum(jnp.square(direction), axis=(0, 1)))
        return self.bias[...] + jax.lax.conv_general_dilated(
            values,
            weights,
            window_strides=(1,),
            padding=[((direction.shape[0] - 1) * self.dilation, 0)],
            rhs_dilation=(self.dilation,),
            dimension_numbers=("NWC", "WIO", "NWC"),
        )
