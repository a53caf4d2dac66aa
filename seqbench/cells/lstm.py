"""Long short-term memory with a forget gate: a linear cell state behind three gates.

    i, f, o = sigmoid(W x_t + U h_{t-1} + b),  g = tanh(W_g x_t + U_g h_{t-1} + b_g)
    c_t = f * c_{t-1} + i * g,   h_t = o * tanh(c_t)

With peepholes the gates also see the cell state: p_i * c_{t-1} is added inside i, p_f * c_{t-1} inside f and p_o * c_t
inside o.

Unlike `nnx.LSTMCell`, the four gates share one matrix product, the forget bias starts at 1 rather than 0, and recurrent
matrices are drawn Glorot uniform rather than orthogonal.

Source: Hochreiter & Schmidhuber 1997, Long short-term memory; forget gate of Gers, Schmidhuber & Cummins 2000;
peepholes of Gers, Schraudolph & Schmidhuber 2002; forget bias 1 as recommended by Jozefowicz, Zaremba & Sutskever 2015
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from seqbench.cells._gates import LOGISTIC, TANH, from_few, gates, logistic
from seqbench.cells.base import Cell, CellBuilder, Tiled
from seqbench.setting_types import Weight


def lstm(*, forget_bias: Weight = 1.0, peepholes: bool = False) -> CellBuilder:
    """The LSTM cell; `forget_bias` is the forget gate's bias at initialisation."""
    return partial(LSTM, forget_bias=forget_bias, peepholes=peepholes)


class LSTMCarry(NamedTuple):
    """Cell state c [B, H] and hidden state h [B, H]."""

    c: Float[Array, "B H"]
    h: Float[Array, "B H"]


class LSTM(Cell):
    """Gates stand in the order input, forget, candidate, output; `peephole_weights` [3, H] belong to i, f and o."""

    blocks = ("input", "forget", "candidate", "output")
    retention = ("forget", 1)

    def __init__(
        self, inputs: int, hidden: int, rngs: nnx.Rngs, *, forget_bias: float = 1.0, peepholes: bool = False
    ) -> None:
        super().__init__(inputs, hidden, rngs=rngs)
        self.bias[...] = self.bias[...].at[self.block("forget")].set(forget_bias)
        self.peepholes = peepholes
        if peepholes:
            # At zero the cell starts as the one without peepholes; their gradient is not zero.
            self.peephole_weights = nnx.Param(jnp.zeros((3, hidden)))

    def initial(self, batch_size: int) -> LSTMCarry:
        """Zero cell and hidden state."""
        zeros = jnp.zeros((batch_size, self.hidden))
        return LSTMCarry(zeros, zeros)

    def step(self, carry: LSTMCarry, projected: Float[Array, "B 4H"]) -> LSTMCarry:
        """One step of the recurrence."""
        preactivation = projected + self.multiply(carry.h)
        if not self.peepholes:
            return LSTMCarry(*gated(carry.c, preactivation))
        i, f, g, o = jnp.split(preactivation, 4, axis=-1)
        see_input, see_forget, see_output = self.peephole_weights[...]
        i, f = i + see_input * carry.c, f + see_forget * carry.c
        c = jax.nn.sigmoid(f) * carry.c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return LSTMCarry(c, jax.nn.sigmoid(o + see_output * c) * jnp.tanh(c))

    def tiled(self) -> Tiled | None:
        """The step without peepholes; those of the output gate see the next c."""
        places = tuple(range(4))
        return None if self.peepholes else Tiled(places, places, (None,) * 4, _tile)

    def gates(self, carry: LSTMCarry, projected: Float[Array, "B 4H"]) -> dict[str, Float[Array, "B H"]]:
        """Input, forget and output gate, peepholes included."""
        if not self.peepholes:
            return super().gates(carry, projected)
        see_input, see_forget, see_output = self.peephole_weights[...]
        seen = jnp.concatenate([see_input * carry.c, see_forget * carry.c, jnp.zeros_like(carry.c)], axis=-1)
        c = self.step(carry, projected).c
        return super().gates(carry, projected + jnp.concatenate([seen, see_output * c], axis=-1))

    def output(self, carry: LSTMCarry) -> Float[Array, "B H"]:
        """The hidden state h."""
        return carry.h


def _tile(sums: list[Array], states: list[Array]) -> list[Array]:
    """The next c and h of some units."""
    i, f, g, o = sums
    return list(_next(states[0], logistic(i), logistic(f), jnp.tanh(g), logistic(o)))


KINDS = (LOGISTIC, LOGISTIC, TANH, LOGISTIC)


@jax.custom_jvp
def gated(c: Float[Array, "B H"], preactivation: Float[Array, "B 4H"]) -> tuple[Array, Array]:
    """The next c and h, both [B, H], without peepholes."""
    return _next(c, *gates(preactivation, KINDS))


@gated.defjvp
def _gated_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Any, Any]:
    kept = primals[0], *gates(primals[1], KINDS)
    return _next(*kept), _change(*kept, *tangents)


def _next(c: Array, i: Array, f: Array, g: Array, o: Array) -> tuple[Array, Array]:
    """The next c and h."""
    c = f * c + i * g
    return c, o * jnp.tanh(c)


@from_few
def _change(
    past: Array, i: Array, f: Array, g: Array, o: Array, change: Float[Array, "B H"], by: Float[Array, "B 4H"]
) -> tuple[Array, Array]:
    """Derivatives of the next c by the previous c, i, f and g; of the next h by the next c and o."""
    by_i, by_f, by_g, by_o = jnp.split(by, 4, axis=-1)
    t = jnp.tanh(f * past + i * g)
    c = f * change + (g * i * (1 - i)) * by_i + (past * f * (1 - f)) * by_f + (i * (1 - g * g)) * by_g
    return c, (o * (1 - t * t)) * c + (t * o * (1 - o)) * by_o
