"""Products of Jacobians along real sequences, and the largest Lyapunov exponents.

    P_k = ds_T / ds_{T-k},  over all paths by which the state of k steps back reaches the state s_T at the aim (in an
                            encoder, at its end)
    lambda_i = mean over steps of log |R_ii|,  J_t Q_{t-1} = Q_t R_t,  J_t the Jacobian of all that the cell carries

P_k says what can arrive whatever the loss asks for: its largest singular value bounds the gradient, its smallest says
what is lost. The exponents say the same of the long run: a largest exponent above 0 explodes, below 0 forgets.

The first half of the steps lets Q turn into place and is not counted. A singular value that float32 cannot tell from 0
beside the largest is left out. The dynamics are those of the forward pass: truncation and clipping on the way back are
left out as well, if nothing else is wrapped around them. Layers that read backwards have no figures.

Rows: `jacobian_norm` (Frobenius), `jacobian_largest` and `jacobian_smallest` (singular values) by distance, geometric
means over a few sequences; `lyapunov_1` to `lyapunov_4` in nats a step. With several layers, each ends in `_layer_N`.

Source: Benettin, Galgani, Giorgilli & Strelcyn 1980, Lyapunov characteristic exponents (QR method); for recurrent
networks Engelken, Wolf & Abbott 2023, Lyapunov spectra of chaotic recurrent neural networks, arXiv:2006.02427
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from seqbench.cells.base import Carry, Cell, CellWrapper
from seqbench.layers.recurrent import record, recurrent_layers
from seqbench.mitigations.base import Switched
from seqbench.probes._trajectory import Trajectory, advance, trajectory
from seqbench.probes.base import Curve, Probe, Row, View, in_decoder, recorded, row
from seqbench.traces import Trace

DEFAULT = False
SEQUENCES = 4
EXPONENTS = 4


class Spectrum(NamedTuple):
    """Of one layer and `N` sequences: logs of norms and singular values by time, NaN where not taken; the exponents."""

    norm: Float[Array, "N T"]
    largest: Float[Array, "N T"]
    smallest: Float[Array, "N T"]
    exponents: Float[Array, "N E"]
    aim: Int[Array, " N"]


def jacobian() -> Probe:
    """How a step stretches and shrinks the state, once and over many steps."""
    return Probe(trace, rows)


def trace(view: View) -> list[Spectrum]:
    """The spectra of every layer that reads forwards, from the bottom up; empty without recurrence."""
    few = jax.tree.map(lambda x: x[:SEQUENCES, None], view.batch)

    def one(at: tuple[Any, tuple[Array, Array]]) -> list[Spectrum]:
        batch, ends = at
        model = view.model
        met = record(model)
        model(batch)
        layers = {place: layer for place, layer in recurrent_layers(model).items() if not layer.reverse}
        for layer in layers.values():
            layer.cell = _uncut(layer.cell)
        return [
            _spectrum(trajectory(layer, met[place].inputs, met[place].valid), ends[part], jnp.max(aims[part]))
            for place, layer in layers.items()
            for part in [in_decoder(place)]
        ]

    last = jnp.sum(view.batch.mask, axis=1, dtype=jnp.int32) - 1
    aims = jnp.minimum(view.aim.step, last)[:SEQUENCES], view.aim.target[:SEQUENCES]
    return jax.lax.map(one, (few, aims)) if view.met else []


def _uncut(cell: Cell) -> Cell:
    """The cell without what only changes its gradient: the dynamics are those of the forward pass."""
    while isinstance(cell, CellWrapper) and isinstance(cell, Switched) and cell.trace is Trace.BACKWARD:
        cell = cell.inner
    return cell


def rows(measured: list[Spectrum], *, length: int) -> list[Row]:
    """The rows of a measurement."""
    made = []
    for place, layer in enumerate(measured):
        ending = f"_layer_{place}" if len(measured) > 1 else ""
        for name in ("norm", "largest", "smallest"):
            made += _by_distance(getattr(layer, name), layer.aim).rows(f"jacobian_{name}{ending}", length)
        for index, exponent in enumerate(np.mean(layer.exponents, axis=0)):
            made.append(row(f"lyapunov_{index + 1}{ending}", exponent))
    return made


def _by_distance(logs: Array, aim: Array) -> Curve:
    """Geometric means by distance from each sequence's aim."""
    found: dict[int, list[float]] = {}
    for values, step in zip(np.asarray(logs, np.float64), np.asarray(aim), strict=True):
        for time in np.flatnonzero(~np.isnan(values[: step + 1])):
            found.setdefault(int(step - time), []).append(values[time])
    at = np.array(sorted(found), int)
    return Curve(at, np.array([np.exp(np.mean(found[distance])) for distance in at]))


class _Recurrence(NamedTuple):
    """One sequence's recurrence on vectors: `n` numbers carried, of which `S` are the state.

    step: `(carried before [n], step index) -> carried after [n]`
    state: `carried -> state [S]`
    put: `(carried, state) -> carried` with the state replaced
    before: what was carried before each step [T, n]
    """

    step: Callable[[Array, Array], Array]
    state: Callable[[Array], Array]
    put: Callable[[Array, Array], Array]
    before: Float[Array, "T n"]


def _flow(along: Trajectory) -> _Recurrence:
    """A trajectory of one sequence on vectors. Counters, which have no derivative, are read from the trajectory."""
    cell, first = along.cell.prepared(), jax.tree.map(lambda x: x[0], along.before)
    unravel = ravel_pytree(_numbers(first))[1]
    unravel_state = ravel_pytree(cell.state(first))[1]

    def carry_of(vector: Array, like: Carry) -> Carry:
        numbers = iter(unravel(vector))
        return jax.tree.map(lambda leaf: next(numbers) if _is_number(leaf) else leaf, like)

    def step(vector: Array, time: Array) -> Array:
        before, projected, valid = jax.tree.map(lambda x: x[time], along.steps)
        return ravel_pytree(_numbers(advance(cell)(carry_of(vector, before), projected, valid)))[0]

    def put(vector: Array, state: Array) -> Array:
        return ravel_pytree(_numbers(cell.with_state(carry_of(vector, first), unravel_state(state))))[0]

    before = jax.vmap(lambda carry: ravel_pytree(_numbers(carry))[0])(along.before)
    return _Recurrence(step, lambda vector: ravel_pytree(cell.state(carry_of(vector, first)))[0], put, before)


def _numbers(carry: Carry) -> list[Array]:
    """The leaves that have a derivative."""
    return [leaf for leaf in jax.tree.leaves(carry) if _is_number(leaf)]


def _is_number(leaf: Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def _spectrum(along: Trajectory, aim: Int[Array, ""], farthest: Int[Array, ""]) -> Spectrum:
    """Products of Jacobians up to step `aim`, and the exponents over all steps."""
    flow = _flow(along)
    norm, largest, smallest = _products(flow, aim, farthest)
    valid = jnp.ones(len(flow.before), bool) if along.valid is None else along.valid[:, 0, 0]
    return Spectrum(norm, largest, smallest, _exponents(flow, valid), aim)


def _products(flow: _Recurrence, aim: Int[Array, ""], farthest: Int[Array, ""]) -> tuple[Array, Array, Array]:
    """Logs of the norm and the extreme singular values of ds_aim / ds_t at each step t whose distance is recorded.

    `farthest` is the last distance that any of the sequences has: that of `T` steps is padding's as well.

    The rows of the product are cotangents of all that is carried, pulled back a step at a time and kept near 1.
    """
    steps = len(flow.before)
    wanted = jnp.zeros(steps, bool).at[jnp.asarray(recorded(steps))].set(True)

    def back(carry: tuple[Array, Array], time: Array) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
        cotangents, scale = carry
        after, pull_step = jax.vjp(lambda vector: flow.step(vector, time), flow.before[time])
        state, pull_state = jax.vjp(flow.state, after)
        start = jax.vmap(lambda unit: pull_state(unit)[0])(jnp.eye(len(state)))
        cotangents = jnp.where(time == aim, start, cotangents)
        _, pull_put = jax.vjp(lambda state: flow.put(after, state), state)
        product = jax.vmap(lambda row: pull_put(row)[0])(cotangents)
        distance = aim - time
        taken = (distance >= 0) & (wanted[jnp.abs(distance)] | (distance == farthest))
        logs = jax.lax.cond(taken, _log_extremes, lambda _: (jnp.nan, jnp.nan, jnp.nan), product)
        pulled = jax.vmap(lambda row: pull_step(row)[0])(cotangents)
        size = jnp.max(jnp.abs(pulled))
        size = jnp.where((size > 0) & jnp.isfinite(size), size, 1.0)
        return (pulled / size, scale + jnp.log(size)), tuple(log + scale for log in logs)

    states = jax.eval_shape(flow.state, flow.before[0]).shape[0]
    start = (jnp.zeros((states, flow.before.shape[1])), jnp.zeros(()))
    return jax.lax.scan(back, start, jnp.arange(steps), reverse=True)[1]


def _log_extremes(product: Float[Array, "S S"]) -> tuple[Array, Array, Array]:
    """Logs of Frobenius norm, largest and smallest singular value; NaN for a smallest one that is unresolved."""
    values = jnp.linalg.svd(product, compute_uv=False)
    resolved = values[-1] > values[0] * len(values) * jnp.finfo(values.dtype).eps
    return (
        jnp.log(jnp.linalg.norm(values)),
        jnp.log(values[0]),
        jnp.where(resolved, jnp.log(values[-1]), jnp.nan),
    )


def _exponents(flow: _Recurrence, valid: Array) -> Float[Array, " E"]:
    """The largest Lyapunov exponents over the second half of the valid steps."""
    numbers = flow.before.shape[1]
    count = jnp.sum(valid)
    counted = valid & (jnp.cumsum(valid) > count // 2)
    frame = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (numbers, min(EXPONENTS, numbers))))[0]

    def forward(frame: Array, time: Array) -> tuple[Array, Array]:
        moved = jax.vmap(lambda v: jax.jvp(lambda x: flow.step(x, time), (flow.before[time],), (v,))[1], 1, 1)(frame)
        frame, stretch = jnp.linalg.qr(moved)
        return frame, jnp.where(counted[time], jnp.log(jnp.abs(jnp.diagonal(stretch))), 0)

    return jnp.sum(jax.lax.scan(forward, frame, jnp.arange(len(valid)))[1], axis=0) / jnp.sum(counted)
