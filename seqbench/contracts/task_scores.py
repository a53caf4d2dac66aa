"""What the predictors of a task make of a batch and of altered copies, for its contract."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from seqbench.tasks.base import Batch, Task


def examine(task: Task, key: jax.Array, size: int) -> tuple[Batch, dict[str, Any]]:
    """A batch of `size` sequences, and what the oracle and the guess make of it and of altered copies."""
    batch = (task.test or task.sample)(key, size)
    hidden = batch._replace(
        **{field: jnp.zeros_like(getattr(batch, field)) for field in ("targets", "weights", "distance")},
        prompt=None,
        loss_weights=None,
    )
    answer = task.oracle(hidden)
    mask = batch.mask if task.symbolic else batch.mask[..., None]
    other = (batch.inputs + 1) % task.inputs if task.symbolic else batch.inputs + 1
    padded = task.oracle(hidden._replace(inputs=jnp.where(mask, batch.inputs, other)))
    farthest = jnp.argmax(batch.weights * (1 + batch.distance), axis=1)[:, None]
    altered = [task.oracle(hidden._replace(inputs=_alter(task, batch, farthest, side))) for side in (1, -1)]
    return batch, {
        "oracle": _score(task, batch, answer),
        "padded": jnp.max(jnp.abs(padded - answer)),
        "altered": [jnp.mean(_changed(other_answer, answer, farthest)) for other_answer in altered],
        "guess": _score(task, batch, task.guess(batch) if task.guess else answer),
    }


def _read_at(task: Task, batch: Batch) -> jax.Array:
    """The step [B, K] at which each target is due; a decoder goes on where the encoder stopped."""
    ends = jnp.sum(batch.mask, axis=1, keepdims=True)
    place = jnp.arange(task.targets)
    return {"last": ends - 1 + 0 * place, "every": 0 * ends + place, "decode": ends + place}[task.readout]


def _alter(task: Task, batch: Batch, target: jax.Array, side: int) -> jax.Array:
    """The inputs with what each sequence shows at the stated distance from its target replaced by its neighbour's."""
    place = jnp.take_along_axis(_read_at(task, batch) - side * batch.distance, target, axis=1)[:, 0]
    rows = jnp.arange(len(place))
    shown = jnp.roll(batch.inputs[rows, jnp.clip(place, 0, task.steps - 1)], 1, axis=0)
    # A place before the first step counts from the end in JAX: send it, too, beyond the end, where nothing is set.
    return batch.inputs.at[rows, jnp.where(place < 0, task.steps, place)].set(shown, mode="drop")


def _score(task: Task, batch: Batch, predictions: jax.Array) -> dict[str, jax.Array]:
    """Sums of each sequence: right answers of how many, and loss of how much weight."""
    return {
        "right": jnp.sum(task.correct(predictions, batch.targets) * batch.weights, axis=1),
        "targets": jnp.sum(batch.weights, axis=1),
        "loss": jnp.sum(task.loss(predictions, batch.targets) * batch.counted, axis=1),
        "weight": jnp.sum(batch.counted, axis=1),
    }


def _changed(altered: jax.Array, answer: jax.Array, target: jax.Array) -> jax.Array:
    """Whether the answer to one target of each sequence moved."""
    difference = jnp.max(jnp.abs(altered - answer), axis=-1)
    return jnp.take_along_axis(difference, target, axis=1)[:, 0] > 1e-3
