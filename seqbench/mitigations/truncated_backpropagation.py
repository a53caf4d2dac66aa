"""Cut the gradient every `window` steps: back-propagation through time, truncated.

    h_t = f(x_t, h_{t-1}),   but dh_t / dh_{t-1} = 0 at t = window, 2 window, ... (t from 0)

The network still runs over the whole sequence and carries its state on; only the gradient stays within a window. Two
steps in different windows cannot learn of each other, so a dependency of `window` steps or more gets no gradient at
all. (A shorter one does if both of its ends lie in one window.) Every path through time is cut, skip connections in
time included. Windows are counted from the step of each sequence that is read first, and padding is no step;
`window: 0` is off.

Source: Williams & Peng 1990, An efficient gradient-based algorithm for on-line training of recurrent network
trajectories; windows side by side as in Mikolov et al. 2010, Recurrent neural network based language model
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from seqbench.cells.base import Carry, Cell, CellWrapper
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import recurrent_layers
from seqbench.mitigations._wrapping import unchanged
from seqbench.mitigations.base import LayerContext, Mitigation, Switched
from seqbench.setting_types import NonNegativeInt
from seqbench.traces import Trace

OFF = {"window": 0}
VERSION = 2  # 1 counted padding as steps, in layers that read backwards


def truncated_backpropagation(*, window: NonNegativeInt = 35) -> Mitigation:
    """Let the gradient flow only within windows of `window` steps."""
    if window < 0:
        raise Incompatible(f"truncated_backpropagation needs a window of 0 (off) or more steps, got {window}")
    if window == 0:
        return Mitigation()

    def wrap(layer: Layer, _: LayerContext) -> Layer:
        # Through the layer and not as a wrapper among the cell's: whatever wraps the cell, this stands outside of it.
        for recurrent in recurrent_layers(layer).values():
            recurrent.cell = Truncated(recurrent.cell, window)
        return layer

    return Mitigation(cell=unchanged, layer=wrap, wraps=Trace.BACKWARD)


class TruncatedCarry(NamedTuple):
    """The inner cell's state, and how many steps of its window each sequence has taken."""

    inner: Carry
    taken: Int[Array, "B 1"]


class Truncated(CellWrapper, Switched):
    """A cell whose state is a constant to the first step of every window."""

    def __init__(self, inner: Cell, window: int) -> None:
        super().__init__(inner)
        self.window = window

    def initial(self, batch_size: int) -> TruncatedCarry:
        """The inner cell's initial state, at the beginning of a window."""
        return TruncatedCarry(self.inner.initial(batch_size), jnp.zeros((batch_size, 1), jnp.int32))

    def step(self, carry: TruncatedCarry, projected: Float[Array, "B P"]) -> TruncatedCarry:
        """One step of the inner cell."""
        first = carry.taken == 0

        def cut(leaf: Array) -> Array:
            # A wrapper inside counts its steps in whole numbers, which have no gradient and no axis of sequences.
            number = jnp.issubdtype(leaf.dtype, jnp.inexact)
            return jnp.where(first, jax.lax.stop_gradient(leaf), leaf) if number else leaf

        before = carry.inner if self.off else jax.tree.map(cut, carry.inner)
        inner = self.inner.step(before, projected)
        return TruncatedCarry(inner, (carry.taken + 1) % self.window)

    def hold(self, valid: Bool[Array, "B 1"], old: TruncatedCarry, new: TruncatedCarry) -> TruncatedCarry:
        """The inner cell holds, and so do windows: padding before the step that is read first takes none of them."""
        return super().hold(valid, old, new)._replace(taken=jnp.where(valid, new.taken, old.taken))
