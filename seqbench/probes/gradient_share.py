"""What each distance contributes to the gradient of the recurrent weights.

    dL/dU = sum over k of C_k,   C_k = sum over sequences of dh_{s-k}/dU (that step alone) times dL/dh_{s-k}

The sum of products of Jacobians taken apart by distance. A contribution's share is its part along the whole gradient,
<C_k, G> / <G, G>, so that the shares sum to 1; a negative one works against the rest. Where the near distances hold all
of it, the weights learn nothing from far away, whatever arrives there.

Rows: `gradient_share` by distance, over the recurrent matrices of all layers together; `gradient_share_far`, the sum
over distances of at least half the dependency length. Cells without a free recurrent matrix have none.

Source: Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063 (equations 3 to 5)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.cells.base import innermost
from seqbench.layers.recurrent import LayerCall, Recurrent, record, recurrent_layers
from seqbench.probes._trajectory import advance, trajectory
from seqbench.probes.base import Probe, Row, View, curve, in_decoder, row, safe_norm

DEFAULT = False
KERNEL = "recurrent_kernel"


class Shares(NamedTuple):
    """Each distance's share, and how many sequences have it."""

    shares: Float[Array, " D"]
    sequences: Int[Array, " D"]


def gradient_share() -> Probe:
    """What each distance contributes to the gradient of the recurrent weights."""
    return Probe(trace, rows)


def trace(view: View) -> Shares | None:
    """Shares by distance; None if no cell has a recurrent matrix of free entries."""
    kernels = _kernels(view.gradient)
    leaves = jax.tree.leaves(kernels)
    if not view.met or not leaves:
        return None
    size = safe_norm([leaf.reshape(1, -1) for leaf in leaves], kept=1)[0]
    unit = jax.tree.map(lambda leaf: leaf / size, kernels)
    exist = view.where().exist
    if view.task.readout == "decode":
        exist |= view.where(decoder=True).exist
    return Shares(contributions(view, unit) / size, jnp.sum(exist, axis=1))


def rows(measured: Shares | None, *, length: int) -> list[Row]:
    """The rows of a measurement."""
    if measured is None:
        return []
    shares = curve(measured.shares, measured.sequences)
    far = np.sum(shares.values[shares.at >= length / 2])
    return [*shares.rows("gradient_share", length), row("gradient_share_far", far)]


def contributions(view: View, direction: Any) -> Float[Array, " D"]:
    """<C_k, direction> for every distance k.

    Args:
        view: what to look at.
        direction: a pytree like the parameters with all but recurrent matrices left out, as `trace` makes it.
    """
    arriving = _routed(view)
    total = jnp.zeros(len(view.where().before))
    for place, layer in recurrent_layers(view.model).items():
        if place in view.met and not innermost(layer.cell).fixed_recurrence:
            parts = _by_step(layer, view.met[place], arriving[place], _at(direction, place), view.share)
            where = view.where(decoder=in_decoder(place))
            total += jnp.sum(jnp.add(*where.gather(parts)), axis=1)
    return total


def _by_step(
    layer: Recurrent, met: LayerCall, arriving: Any, direction: Any, share: Float[Array, ""]
) -> Float[Array, "T B"]:
    """<contribution of one sequence's step, direction>: the step alone is differentiated backwards.

    Backwards, because a remedy may change the gradient inside the step, and one sequence at a time, because sequences
    may stand at different distances at the same step.
    """
    structure, parameters = nnx.split(layer.cell)
    wanted = dict(nnx.to_flat_state(direction))

    def one(inputs: Array, mask: Array | None, arriving: Any) -> Float[Array, " T"]:
        along = trajectory(layer, inputs[None], None if mask is None else mask[None])

        def part(at: tuple[tuple, Any]) -> Array:
            def state(parameters: Any) -> Any:
                cell = nnx.merge(structure, parameters)
                return cell.state(advance(cell.prepared())(*at[0]))

            _, pull = jax.vjp(state, parameters)
            gradient = pull(jax.tree.map(lambda g: g[None] * share, at[1]))[0]
            pairs = [(leaf, wanted[path]) for path, leaf in nnx.to_flat_state(gradient) if path in wanted]
            return sum((jnp.sum(leaf * way) for leaf, way in pairs), jnp.zeros(())) / share

        return jax.lax.map(part, (along.steps, arriving))

    return jax.vmap(one, in_axes=(0, 0, 1), out_axes=1)(met.inputs, met.valid, arriving)


def _routed(view: View) -> dict[str, Any]:
    """The gradient that arrives at the states of each recurrent layer. The model itself hands taps to its layers."""
    model = view.model
    seen = record(model)
    model(view.batch, taps=view.arriving)
    return {place: each.taps for place, each in seen.items()}


def _kernels(gradient: nnx.State) -> nnx.State:
    """The recurrent matrices alone."""
    return nnx.from_flat_state([(path, leaf) for path, leaf in nnx.to_flat_state(gradient) if path[-1] == KERNEL])


def _at(state: nnx.State, place: str) -> nnx.State:
    """The part of `state` that belongs to the cell of the layer at `place`."""
    prefix = (*place.split("."), "cell")
    flat = nnx.to_flat_state(state)
    return nnx.from_flat_state([(p[len(prefix) :], x) for p, x in flat if tuple(map(str, p[: len(prefix)])) == prefix])
