"""Penalise a gradient that changes its length on the way from one step to the one before: Pascanu's Omega.

    weight * mean over t of (||dE/dh_t dh_t/dh_{t-1}||^2 / ||dE/dh_t||^2 - 1)^2,   E = the task's loss

Only the recurrent matrix is moved by it, and only as the matrix by which the gradient is multiplied: dE/dh_t, the
states and the preactivations count as constants. Steps at which ||dE/dh_t||^2 is below 1e-20, and padding, are left
out of the mean. h stands for the whole state (c and h of an LSTM); several layers are summed. `weight: 0` is off.

Source: Pascanu, Mikolov & Bengio 2013, On the difficulty of training recurrent neural networks, arXiv:1211.5063,
equations 9 and 10; constants as in the authors' code (weight 4 in the paper, 2 in the code)
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from seqbench.cells.base import Carry, Cell, innermost
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import LayerCall, Recurrent, record, recurrent_layers
from seqbench.mitigations._wrapping import around
from seqbench.mitigations.base import Arrays, Forward, Mitigation, Switched
from seqbench.mitigations.skip_in_time import ReplacedInTime
from seqbench.setting_types import Penalty
from seqbench.traces import Trace

OFF = {"weight": 0.0}

SMALLEST = 1e-10
"""Norm of dE/dh_t below which a step is left out."""


def pascanu_regulariser(*, weight: Penalty = 4.0) -> Mitigation:
    """Add `weight` times Omega to the loss."""
    if not 0 <= weight < float("inf"):
        raise Incompatible(f"pascanu_regulariser needs a finite weight of 0 (off) or more, got {weight}")
    if weight == 0:
        return Mitigation()

    def check(cell: Cell, _: nnx.Rngs) -> Cell:
        innermost(cell).recurrent_block(innermost(cell).candidate)  # refuses a cell without a matrix of free entries
        return cell

    def penalty(arrays: Arrays, forward: Forward) -> Float[Array, ""]:
        return arrays["weight"] * omega(forward)

    return Mitigation(arrays={"weight": weight}, cell=around(check), penalty=penalty, check=_require_one_step)


def _require_one_step(model: nnx.Module) -> None:
    """Refuse a recurrence that does not reach from each step to the next: the state before has no part in it."""
    if any(isinstance(each, ReplacedInTime) for _, each in nnx.iter_modules(model)):
        raise Incompatible(
            "pascanu_regulariser measures the gradient from each step to the one before, and skip_in_time has replaced "
            "that connection; mode add keeps it"
        )


def omega(forward: Forward) -> Float[Array, ""]:
    """Omega of a model on a batch, summed over its layers; only recurrent matrices have a derivative."""
    constant = jax.lax.stop_gradient(forward.parameters)
    gradient = jax.grad(forward.loss, argnums=1)(constant, forward.taps)
    # A gradient by the taps has their structure, and so the model itself hands each layer its own.
    handed = record(model := forward.model(constant))
    model(forward.batch, taps=gradient)
    for _, each in nnx.iter_modules(model):  # what clips or cuts the gradient on its way is made for that of the loss
        if isinstance(each, Switched) and each.trace is Trace.BACKWARD:
            each.off = True
    trained = recurrent_layers(forward.model(forward.parameters))
    total = jnp.zeros(())
    for place, layer in recurrent_layers(model).items():
        kernel = Backward(innermost(trained[place].cell).recurrent_kernel[...])
        setattr(innermost(layer.cell), "recurrent_kernel", kernel)  # noqa: B010 - it stands in for a parameter
        total += layer_omega(layer, jax.lax.stop_gradient(forward.seen[place]), handed[place].taps)
    return total


class Backward:
    """A recurrent matrix that is a constant in `states @ matrix`, and itself only in the derivative by the states."""

    def __init__(self, matrix: Float[Array, "H GH"]) -> None:
        self.matrix = matrix

    def __getitem__(self, index: Any) -> Backward:
        """A part of the matrix; all of it for `...`."""
        return Backward(self.matrix[index])

    def __rmatmul__(self, states: Float[Array, "B H"]) -> Float[Array, "B GH"]:
        """The product."""
        held = jax.lax.stop_gradient(states)
        return jax.lax.stop_gradient(held @ self.matrix) + (states - held) @ self.matrix


def layer_omega(layer: Recurrent, seen: LayerCall, arriving: Any) -> Float[Array, ""]:
    """Omega of one layer; `arriving` is dE/dh_t, leaves [T, B, H]."""
    cell = layer.cell
    projected = jnp.swapaxes(cell.project(seen.inputs), 0, 1)
    valid = jnp.ones(projected.shape[:2], bool) if seen.valid is None else jnp.swapaxes(seen.valid, 0, 1)

    def step(carry: Carry, at: tuple) -> tuple[Carry, tuple[Array, Array]]:
        projected, valid, arriving = at

        def move(state: Any) -> tuple[Any, Carry]:
            new = cell.step(cell.with_state(carry, state), projected)
            return cell.state(new), new

        _, pull_back, new = jax.vjp(move, cell.state(carry), has_aux=True)
        direction, counts = unit_rows(arriving)
        growth = squared_rows(pull_back(direction)[0])
        counts &= valid
        terms = jnp.where(counts, jnp.square(growth - 1), 0)
        return jax.lax.stop_gradient(cell.hold(valid[:, None], carry, new)), (terms, counts)

    initial = cell.initial(seen.inputs.shape[0])
    _, (terms, counts) = jax.lax.scan(step, initial, (projected, valid, arriving), reverse=layer.reverse)
    return jnp.sum(terms) / jnp.maximum(jnp.sum(counts), 1)


def unit_rows(tree: Any) -> tuple[Any, Bool[Array, " B"]]:
    """Each row of all leaves together, scaled to length 1, and whether it was long enough to have a direction."""
    largest = jnp.max(jnp.stack([jnp.max(jnp.abs(leaf), axis=-1) for leaf in jax.tree.leaves(tree)]), axis=0)
    # Not `norm_scale`: of a row with an infinite entry no direction is taken, since its length is not a number.
    scale = jnp.where(largest > 0, largest, 1)[:, None]
    length = scale[:, 0] * jnp.sqrt(squared_rows(jax.tree.map(lambda leaf: leaf / scale, tree)))
    counts = length >= SMALLEST
    return jax.tree.map(lambda leaf: leaf / jnp.where(counts, length, 1)[:, None], tree), counts


def squared_rows(tree: Any) -> Float[Array, " B"]:
    """Squared length of each row of all leaves together."""
    return jnp.sum(jnp.stack([jnp.sum(jnp.square(leaf), axis=-1) for leaf in jax.tree.leaves(tree)]), axis=0)
