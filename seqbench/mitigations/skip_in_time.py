"""A direct connection from steps long ago: the path back to them has fewer edges.

`mode: add`: each step also reads the outputs of `steps` steps back, one stride or several, through weights of its own.

    preactivation_t = W x_t + sum_k V_k y_{t-k} + U h_{t-1} + b,   y = the cell's output

`mode: replace`: the recurrence itself reaches `steps` steps back, and no weights are added. Step t meets only the steps
t - k, t - 2k, ...: the gradient of n k steps back has passed n edges instead of n k.

    h_t = f(x_t, h_{t-k})

`mode: dilated`: the same with a stride for each layer, from the bottom up: `steps`, 2 `steps`, 4 `steps`, ..., or the
list given. Upper layers then join what the lower ones keep apart.

The added connections enter where the inputs do, so that they work on every cell. Before step k zeros are read (the
initial state, where the recurrence is replaced). `steps: 0` is off.

Source: Lin, Horne, Tino & Giles 1996, Learning long-term dependencies in NARX recurrent neural networks; Zhang et al.
2016, Architectural complexity measures of recurrent neural networks, arXiv:1602.08210; dilated as in Chang et al. 2017,
Dilated recurrent neural networks, arXiv:1710.02224
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.cells.base import Carry, Cell, CellWrapper, block_uniform
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import recurrent_layers
from seqbench.mitigations._wrapping import around, separate_rngs, unchanged
from seqbench.mitigations.base import LayerContext, Mitigation, Switched
from seqbench.setting_types import NonNegativeInt, PositiveInt
from seqbench.traces import Trace

OFF = {"steps": 0}


Mode = Literal["add", "replace", "dilated"]


def skip_in_time(*, steps: NonNegativeInt | tuple[PositiveInt, ...] = 10, mode: Mode = "add") -> Mitigation:
    """Connect each step with those of `steps` steps back: several in mode `add`, one for each layer in `dilated`."""
    strides = steps if isinstance(steps, tuple) else (steps,)
    if strides == (0,):
        return Mitigation()
    require_strides(strides, mode)
    if mode == "add":
        return Mitigation(cell=around(lambda cell, rngs: AddedInTime(cell, strides, rngs)), wraps=Trace.PATH)
    if mode == "replace":
        return Mitigation(cell=around(lambda cell, _: ReplacedInTime(cell, strides[0])), wraps=Trace.PATH)

    def dilate(layer: Layer, context: LayerContext) -> Layer:
        if len(strides) not in (1, context.depth):
            raise Incompatible(f"skip_in_time got steps for {len(strides)} layers, and this model has {context.depth}")
        stride = strides[context.index] if len(strides) > 1 else strides[0] * 2**context.index
        for recurrent in recurrent_layers(layer).values() if stride > 1 else ():
            recurrent.cell = ReplacedInTime(recurrent.cell, stride)
        return layer

    return Mitigation(cell=unchanged, layer=dilate, wraps=Trace.PATH)


def require_strides(strides: tuple[int, ...], mode: Mode) -> None:
    """Raise Incompatible unless the strides have a meaning in this mode."""
    shortest = 1 if mode == "dilated" else 2
    if not strides or min(strides) < shortest:
        raise Incompatible(f"skip_in_time, mode {mode}, needs steps of {shortest} or more (0 is off), got {strides}")
    if mode == "add" and len(set(strides)) < len(strides):
        raise Incompatible(f"skip_in_time adds one connection for each number of steps, so all must differ: {strides}")
    if mode == "replace" and len(strides) > 1:
        raise Incompatible(f"skip_in_time replaces the recurrence by one of one number of steps, not by {strides}")


class SkipCarry(NamedTuple):
    """The inner cell's state, a ring of the last k outputs or states (leading axis k), and the place of this step."""

    inner: Carry
    ring: Any
    place: Int[Array, ""]


class AddedInTime(CellWrapper, Switched):
    """A cell that also reads its own outputs of several numbers of steps back."""

    def __init__(self, inner: Cell, strides: tuple[int, ...], rngs: nnx.Rngs) -> None:
        super().__init__(inner)
        self.strides, self.reach = strides, max(strides)
        projected = jax.eval_shape(inner.project, jax.ShapeDtypeStruct((1, inner.inputs), jnp.float32)).shape[-1]
        blocks, rest = divmod(projected, inner.hidden)
        if rest:
            raise Incompatible(
                f"skip_in_time adds to the inputs of blocks, and {type(inner).__name__} has other inputs"
            )
        own = separate_rngs(rngs, "skip_in_time", *strides)
        kernels = [block_uniform(own, inner.hidden, inner.hidden, blocks) for _ in strides]
        self.skip_kernel = nnx.Param(jnp.concatenate(kernels))

    def initial(self, batch_size: int) -> SkipCarry:
        """The inner cell's initial state and a past of zeros."""
        past = jnp.zeros((self.reach, batch_size, self.hidden))
        return SkipCarry(self.inner.initial(batch_size), past, jnp.zeros((), jnp.int32))

    def step(self, carry: SkipCarry, projected: Float[Array, "B P"]) -> SkipCarry:
        """One step: remember the last output, read those of long ago."""
        ring = remember(carry.ring, self.inner.output(carry.inner), carry.place)
        past = jnp.concatenate([recall(ring, carry.place, stride) for stride in self.strides], axis=-1)
        inner = self.inner.step(carry.inner, projected + self.multiply(self.path(past), "skip_kernel"))
        return SkipCarry(inner, ring, (carry.place + 1) % self.reach)


class ReplacedInTime(CellWrapper, Switched):
    """A cell whose state of one step is computed from that of `stride` steps back."""

    def __init__(self, inner: Cell, stride: int) -> None:
        if isinstance(inner, CellWrapper):
            raise Incompatible(
                "skip_in_time replaces the recurrence of a plain cell, and another mitigation wraps it already; in "
                "mode replace name skip_in_time before that one; with mode dilated the only one that combines is "
                "truncated_backpropagation, if skip_in_time is named before it"
            )
        super().__init__(inner)
        self.stride = self.reach = stride

    def initial(self, batch_size: int) -> SkipCarry:
        """The inner cell's initial state, now and at all steps before."""
        state = self.inner.initial(batch_size)
        past = jax.tree.map(lambda x: jnp.broadcast_to(x, (self.stride, *x.shape)), state)
        return SkipCarry(state, past, jnp.zeros((), jnp.int32))

    def step(self, carry: SkipCarry, projected: Float[Array, "B P"]) -> SkipCarry:
        """One step: remember the last state, go on from the one of `stride` steps back."""
        ring = jax.tree.map(lambda past, last: remember(past, last, carry.place), carry.ring, carry.inner)
        before = jax.tree.map(lambda past: recall(past, carry.place, self.stride), ring)
        return SkipCarry(self.inner.step(self.path(before), projected), ring, (carry.place + 1) % self.stride)


def remember(ring: Float[Array, "k B H"], last: Float[Array, "B H"], place: Int[Array, ""]) -> Float[Array, "k B H"]:
    """The ring with the value of the step before this one.

    It is written one step late, because padding and probes may change a state after the step that made it.
    """
    return jax.lax.dynamic_update_index_in_dim(ring, last, (place - 1) % ring.shape[0], 0)


def recall(ring: Float[Array, "k B H"], place: Int[Array, ""], stride: int) -> Float[Array, "B H"]:
    """What the ring holds of `stride` steps before this one."""
    return jax.lax.dynamic_index_in_dim(ring, (place - stride) % ring.shape[0], keepdims=False)
