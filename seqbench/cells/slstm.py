"""sLSTM: an LSTM with exponential gates, a normaliser, and a stabiliser that keeps the exponentials in range.

    i = exp(i~),  f = sigmoid(f~) or exp(f~),  o = sigmoid(o~),  g = tanh(g~),  (i~ f~ g~ o~) = W x_t + U h_{t-1} + b
    c_t = f * c_{t-1} + i * g,   n_t = f * n_{t-1} + i,   h_t = o * c_t / n_t

An exponential gate lets a new value outweigh all old ones, which a sigmoid cannot. c and n are kept divided by exp(m),
m_t = max(log f + m_{t-1}, i~), which cancels in h.

Source: Beck et al. 2024, xLSTM: extended long short-term memory, arXiv:2405.04517 (one head)
"""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Cell, CellBuilder
from seqbench.setting_types import Weight

EMPTY = -1e30
"""The stabiliser before the first step: no past. Finite, so that derivatives are."""


def slstm(*, forget_gate: Literal["sigmoid", "exponential"] = "sigmoid", forget_bias: Weight = 1.0) -> CellBuilder:
    """The sLSTM cell; `forget_bias` is the forget gate's bias at initialisation."""
    return partial(SLSTM, forget_gate=forget_gate, forget_bias=forget_bias)


class SLSTMCarry(NamedTuple):
    """Cell c, normaliser n and hidden state h, all [B, H]; c and n are divided by exp of the stabiliser m [B, H]."""

    c: Float[Array, "B H"]
    n: Float[Array, "B H"]
    h: Float[Array, "B H"]
    m: Float[Array, "B H"]


class SLSTM(Cell):
    """Gates stand in the order input, forget, candidate, output."""

    blocks = ("input", "forget", "candidate", "output")
    retention = ("forget", 1)

    def __init__(
        self, inputs: int, hidden: int, rngs: nnx.Rngs, *, forget_gate: str = "sigmoid", forget_bias: float = 1.0
    ) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.bias[...] = self.bias[...].at[self.block("forget")].set(forget_bias)
        self.forget_gate = forget_gate

    def retention_bias(self, bias: np.ndarray) -> np.ndarray:
        """The bias with which an exponential gate keeps as much as a sigmoid gate does with `bias`."""
        return bias if self.forget_gate == "sigmoid" else -np.logaddexp(0.0, -bias)

    def initial(self, batch_size: int) -> SLSTMCarry:
        """An empty memory."""
        zeros = jnp.zeros((batch_size, self.hidden))
        return SLSTMCarry(zeros, zeros, zeros, jnp.full_like(zeros, EMPTY))

    def step(self, carry: SLSTMCarry, projected: Float[Array, "B 4H"]) -> SLSTMCarry:
        """One step of the recurrence."""
        i, f, g, o = jnp.split(projected + self.multiply(carry.h), 4, axis=-1)
        log_f = jax.nn.log_sigmoid(f) if self.forget_gate == "sigmoid" else f
        past = jax.lax.stop_gradient(carry.m)
        # h does not depend on m, whatever m is, so its derivative by m is zero and need not be computed.
        m = jax.lax.stop_gradient(jnp.maximum(log_f + past, i))
        keep, add = jnp.exp(log_f + past - m), jnp.exp(i - m)
        c, n = keep * carry.c + add * jnp.tanh(g), keep * carry.n + add
        return SLSTMCarry(c, n, jax.nn.sigmoid(o) * c / n, m)

    def gates(self, carry: SLSTMCarry, projected: Float[Array, "B 4H"]) -> dict[str, Float[Array, "B H"]]:
        """The output gate, and as forget gate the share of the normaliser that was there before, f n / (f n + i)."""
        i, f, _, o = jnp.split(projected + carry.h @ self.recurrent_kernel[...], 4, axis=-1)
        log_f = jax.nn.log_sigmoid(f) if self.forget_gate == "sigmoid" else f
        kept = log_f + carry.m + jnp.log(carry.n)
        return {"forget": jax.nn.sigmoid(kept - i), "output": jax.nn.sigmoid(o)}

    def output(self, carry: SLSTMCarry) -> Float[Array, "B H"]:
        """The hidden state h."""
        return carry.h

    def state(self, carry: SLSTMCarry) -> tuple[Array, Array, Array]:
        """Cell, normaliser and hidden state, all [B, H]: the stabiliser is their unit and no memory."""
        return carry.c, carry.n, carry.h

    def with_state(self, carry: SLSTMCarry, state: tuple[Array, Array, Array]) -> SLSTMCarry:
        """The carry with cell, normaliser and hidden state replaced."""
        return SLSTMCarry(*state, carry.m)

    def hold(self, valid: Bool[Array, "B 1"], old: SLSTMCarry, new: SLSTMCarry) -> SLSTMCarry:
        """Where a sequence has ended all stays, the stabiliser with what it divides."""
        return jax.tree.map(lambda was, now: jnp.where(valid, now, was), old, new)
