"""What training minimises and what evaluation counts.

Shapes: `B` batch, `T` time, `K` targets, `O` outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from seqbench.layers.recurrent import record
from seqbench.mitigations.base import Arrays, Chain, Forward
from seqbench.tasks.base import Batch, Interface

Parameters = Any
"""A pytree of a model's trained arrays."""


class Scores(NamedTuple):
    """Sums over scored targets, so that batches add up. `by_distance` arrays have one entry a distance bin."""

    loss: Float[Array, ""]
    correct: Float[Array, ""]
    targets: Float[Array, ""]
    sequences_correct: Float[Array, ""]
    sequences: Float[Array, ""]
    correct_by_distance: Float[Array, " D"]
    targets_by_distance: Float[Array, " D"]


def task_loss(task: Interface, predictions: Float[Array, "B K O"], batch: Batch) -> Float[Array, ""]:
    """Mean loss over the scored targets of a batch."""
    losses = task.loss(predictions, batch.targets)
    return jnp.sum(losses * batch.counted) / jnp.maximum(jnp.sum(batch.counted), 1)


class Parts(NamedTuple):
    """What the loss that training differentiates is the sum of; penalties in the order of the links that have one."""

    task: Float[Array, ""]
    penalties: tuple[Float[Array, ""], ...]


def objective(task: Interface, graph: nnx.GraphDef, chain: Chain) -> Callable[..., tuple[Array, Parts]]:
    """The function that training differentiates.

    Returns:
        `(parameters, batch, arrays) -> (loss with penalties, its parts)`, arrays as in `Chain.arrays`.
    """
    penalties = [(place, link.penalty) for place, link in enumerate(chain.links) if link.penalty]

    def total(parameters: Parameters, batch: Batch, arrays: tuple[Arrays, ...]) -> tuple[Array, Parts]:
        def model(own: Parameters) -> Any:
            merged = nnx.merge(graph, own)
            chain.bind(merged, arrays)
            return merged

        def loss(own: Parameters, taps: Any) -> Float[Array, ""]:
            return task_loss(task, model(own)(batch, taps=taps), batch)

        if not penalties:
            plain = loss(parameters, None)
            return plain, Parts(plain, ())
        watched = model(parameters)
        seen, zeros = record(watched), watched.taps(*batch.mask.shape)
        plain = task_loss(task, watched(batch), batch)
        forward = Forward(parameters, batch, model, loss, zeros, seen)
        added = tuple(penalty(arrays[place], forward) for place, penalty in penalties)
        return plain + sum(added), Parts(plain, added)

    return total


def score(task: Interface, predictions: Float[Array, "B K O"], batch: Batch, edges: Int[Array, " D"]) -> Scores:
    """Count a batch: what is right, of how many, by sequence and by distance in bins with these upper edges."""
    weights = batch.weights
    losses = task.loss(predictions, batch.targets)
    # The mean over a batch's loss weights times its targets, so that sums of batches divide to the mean loss.
    loss = jnp.sum(losses * batch.counted) / jnp.maximum(jnp.sum(batch.counted), 1) * jnp.sum(weights)
    right = task.correct(predictions, batch.targets) * weights
    bins = jnp.minimum(jnp.searchsorted(edges, batch.distance), len(edges) - 1).ravel()
    return Scores(
        loss=loss,
        correct=jnp.sum(right),
        targets=jnp.sum(weights),
        sequences_correct=jnp.sum(jnp.all((right > 0) | (weights == 0), axis=-1)).astype(jnp.float32),
        sequences=jnp.asarray(weights.shape[0], jnp.float32),
        correct_by_distance=jax.ops.segment_sum(right.ravel(), bins, len(edges)),
        targets_by_distance=jax.ops.segment_sum(weights.ravel(), bins, len(edges)),
    )
