"""How much the answer depends on the input at each step back, by changing that input and looking.

    influence_k = mean || f(x with x_{s-k} from another sequence) - f(x) || / mean || f(another sequence) - f(x) ||

The other sequence is the next one of the batch, so that the changed input is one that occurs. 1 means that this step
decides the answer as much as the whole sequence does, 0 that it does not affect it. Only sequences in which the input
differs count; a step at which all show the same (a cue) has no influence to measure. Nothing is differentiated,
so that what training cuts off from gradients (truncation) still counts here.

Rows: `influence` by distance.

Source: occlusion as in Zeiler & Fergus 2014, Visualizing and understanding convolutional networks, arXiv:1311.2901,
with inputs of the same distribution in place of blanks
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from seqbench.probes.base import Curve, Distances, Probe, Row, View, recorded

DEFAULT = False


class Influence(NamedTuple):
    """Influence at the distances `at`, of which some may stand twice, and how many sequences differ there."""

    at: Int[Array, " R"]
    values: Float[Array, " R"]
    sequences: Int[Array, " R"]


def influence() -> Probe:
    """How much the answer depends on the input at each distance."""
    return Probe(trace, rows)


def trace(view: View) -> Influence:
    """Change one step at a time, as many as are recorded."""
    batch = view.batch
    other = jax.tree.map(lambda x: jnp.roll(x, -1, axis=0), batch)
    answer = _answers(view, batch.inputs)
    where = view.where()

    def change(distance: Int[Array, ""]) -> tuple[Array, Array]:
        here = _steps_at(where, distance, batch.mask.shape[1]) & batch.mask & other.mask
        swapped = jnp.where(here.reshape(*here.shape, *[1] * (batch.inputs.ndim - 2)), other.inputs, batch.inputs)
        differs = jnp.any((swapped != batch.inputs).reshape(len(swapped), -1), axis=1)
        moved = jnp.linalg.norm(_answers(view, swapped) - answer, axis=-1)
        return jnp.sum(jnp.where(differs, moved, 0)) / jnp.maximum(jnp.sum(differs), 1), jnp.sum(differs)

    span = len(where.before)
    farthest = jnp.max(jnp.where(jnp.any(where.exist, axis=1), jnp.arange(span), 0))
    # The last of those recorded is the farthest there could be. Padding moves it, and only what exists is looked at.
    at = jnp.append(jnp.asarray(recorded(span)).at[-1].set(farthest), jnp.minimum(view.length, farthest))
    moved, sequences = jax.lax.map(change, at)
    return Influence(at, moved / jnp.mean(jnp.linalg.norm(jnp.roll(answer, -1, axis=0) - answer, axis=-1)), sequences)


def rows(measured: Influence, *, length: int) -> list[Row]:
    """The rows of a measurement."""
    at, places = np.unique(measured.at, return_index=True)
    differ = np.asarray(measured.sequences)[places] > 0
    return Curve(at[differ], np.asarray(measured.values)[places][differ]).rows("influence", length)


def _answers(view: View, inputs: Array) -> Float[Array, "B O"]:
    """What the model predicts at each sequence's aim if it is shown `inputs`."""
    predictions = view.model(view.batch._replace(inputs=inputs))
    return jnp.take_along_axis(predictions, view.aim.target[:, None, None], axis=1)[:, 0]


def _steps_at(where: Distances, distance: Int[Array, ""], steps: int) -> Bool[Array, "B T"]:
    """The step of each sequence at a distance, on either side of its aim."""
    place = jnp.arange(steps)
    before = (place == where.before[distance][:, None]) & where.has_before[distance][:, None]
    return before | ((place == where.after[distance][:, None]) & where.has_after[distance][:, None])
