"""Clip the gradient on its way back through time: at every step, each entry of dL/dh_t.

    dL/dh_t <- min(max(dL/dh_t, -threshold), threshold)   before it is passed on from step t to step t - 1

The other clippings act on the finished gradient of the weights, in which an explosion already dominates the
contributions of near steps; this one stops the explosion where it happens. L is the loss averaged over the batch, so
the message of one sequence is its own divided by the batch size. For a cell with several states (c and h of an LSTM)
all are clipped. `threshold: .inf` is off.

Unlike `optax.clip`, which sees the finished gradient only, it is part of the backward pass.

Source: Mikolov 2012, Statistical language models based on neural networks (thesis); in the published code of Mikolov et
al. 2014, Learning longer memory in recurrent neural networks, arXiv:1412.7753 (`gradinputclip`, "hard") and of Li et
al. 2018, arXiv:1803.04831 (`grad_clipping`, at 10)
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells.base import Carry, Cell, CellWrapper
from seqbench.errors import Incompatible
from seqbench.mitigations._wrapping import Within, around
from seqbench.mitigations.base import Arrays, Mitigation, Switched
from seqbench.setting_types import Threshold
from seqbench.traces import Trace

OFF = {"threshold": float("inf")}
FORMERLY = ("clip_message",)


def clip_backpropagated(*, threshold: Threshold = 1.0) -> Mitigation:
    """Clip each entry of the gradient that a state passes on to the step before it at `threshold`."""
    if not threshold > 0:
        raise Incompatible(f"clip_backpropagated needs a threshold above 0 (.inf is off), got {threshold}")

    def bind(model: nnx.Module, arrays: Arrays) -> None:
        for _, module in nnx.iter_modules(model):
            if isinstance(module, MessageClipped):
                module.threshold = nnx.Variable(jnp.asarray(arrays["threshold"]))

    wrap = around(lambda cell, _: MessageClipped(cell))
    return Mitigation(arrays={"threshold": threshold}, cell=wrap, bind=bind, wraps=Trace.BACKWARD)


class MessageClipped(CellWrapper, Switched):
    """A cell whose states pass back a clipped gradient. Until a threshold is bound, nothing is clipped."""

    threshold: nnx.Variable | None = None

    def __init__(self, inner: Cell) -> None:
        if any(isinstance(module, MessageClipped) for _, module in nnx.iter_modules(inner)):
            raise Incompatible("clip_backpropagated is named twice, and only the smaller threshold would act")
        super().__init__(inner)

    def initial(self, batch_size: int) -> Within:
        """The inner cell's initial state."""
        return Within(self.inner.initial(batch_size))

    def step(self, carry: Within, projected: Float[Array, "B P"]) -> Within:
        """One step of the inner cell, whose new state is the last to see its own gradient."""
        new = self.inner.step(carry.inner, projected)
        if self.threshold is None or self.off:
            return Within(new)
        return Within(self.inner.with_state(new, passing(self.inner.state(new), self.threshold[...])))


@jax.custom_vjp
def passing(state: Carry, threshold: Float[Array, ""]) -> Carry:
    """The state itself; its gradient is clipped at `threshold`."""
    return state


def _forward(state: Carry, threshold: Float[Array, ""]) -> tuple[Carry, Float[Array, ""]]:
    return state, threshold


def _backward(threshold: Float[Array, ""], message: Any) -> tuple[Any, Float[Array, ""]]:
    return jax.tree.map(lambda m: jnp.clip(m, -threshold, threshold), message), jnp.zeros_like(threshold)


passing.defvjp(_forward, _backward)
