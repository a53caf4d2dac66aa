"""Sequences that show something first and ask for it in their last steps."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Int, Num

from seqbench.tasks.base import Batch, full_mask


def at_the_end(values: Num[Array, "B Q"], steps: int) -> Num[Array, "B T"]:
    """The values in the last Q of T steps, 0 before."""
    return jnp.pad(values, ((0, 0), (steps - values.shape[1], 0)))


def ask_at_the_end(inputs: Int[Array, "B T"], answers: Int[Array, "B Q"], distance: Int[Array, "B Q"]) -> Batch:
    """Sequences of full length with an answer due at each of the last Q steps; no other step counts."""
    batch_size, steps = inputs.shape
    return Batch(
        inputs=inputs,
        targets=at_the_end(answers, steps),
        mask=full_mask(batch_size, steps),
        weights=at_the_end(jnp.ones(answers.shape), steps),
        distance=at_the_end(distance, steps),
    )
