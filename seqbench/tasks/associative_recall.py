"""Remember key-value pairs and answer several queries about them much later.

A sequence begins with `pairs` pairs of a key and a value. The keys of a sequence differ. Blanks follow, then every key
is shown once more, in random order, and its value must be named at once.

A worked example with 2 pairs and length 7 (keys are letters, values digits):

    input    c  4  a  1  .  .  .  a  c
    target                        1  4

`length` is the largest possible distance between a value and its query (the first pair asked for last);
`Batch.distance` holds each one. Without the pairs nothing is known about a value: chance and the trivial score are
1 / values.

Source: Arora et al. 2023, "Zoology: measuring and improving recall in efficient language models" (multi-query
associative recall), with all queries after one gap instead of gaps drawn from a power law.
"""

from __future__ import annotations

import math
import string

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from seqbench.errors import Incompatible
from seqbench.tasks.base import (
    Batch,
    Predictions,
    Task,
    certain,
    classified,
    cross_entropy,
    full_mask,
    quarters,
    undecided,
)


def associative_recall(length: int = 32, pairs: int = 4, keys: int = 8, values: int = 8) -> Task:
    """Answer one query for each of `pairs` pairs, at most `length` steps after its value was shown."""
    if not 1 <= pairs <= keys <= 26 or not 2 <= values <= 10 or length < 3 * pairs - 2:
        raise Incompatible(
            "associative_recall needs 1 <= pairs <= keys <= 26, 2 to 10 values and length >= 3 pairs - 2, "
            f"not length {length}, {pairs} pairs, {keys} keys and {values} values."
        )
    blank, steps = keys + values, length + 2
    first_query = steps - pairs

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        key_key, value_key, order_key = jax.random.split(key, 3)
        shown = jnp.argsort(jax.random.uniform(key_key, (batch_size, keys)), axis=1)[:, :pairs]
        stored = jax.random.randint(value_key, (batch_size, pairs), 0, values)
        order = jnp.argsort(jax.random.uniform(order_key, (batch_size, pairs)), axis=1)
        together = jnp.stack([shown, keys + stored], axis=-1).reshape(batch_size, 2 * pairs)
        gap = jnp.full((batch_size, first_query - 2 * pairs), blank)
        ahead = ((0, 0), (first_query, 0))
        return Batch(
            inputs=jnp.concatenate([together, gap, jnp.take_along_axis(shown, order, axis=1)], axis=1),
            targets=jnp.pad(jnp.take_along_axis(stored, order, axis=1), ahead),
            mask=full_mask(batch_size, steps),
            weights=jnp.pad(jnp.ones((batch_size, pairs)), ahead),
            distance=jnp.pad(first_query + jnp.arange(pairs) - (2 * order + 1), ahead),
        )

    def oracle(batch: Batch) -> Predictions:
        shown, stored = batch.inputs[:, : 2 * pairs : 2], batch.inputs[:, 1 : 2 * pairs : 2] - keys
        queries = batch.inputs[:, first_query:]
        found = jnp.argmax(queries[:, :, None] == shown[:, None, :], axis=-1)
        answers = jnp.take_along_axis(stored, found, axis=1)
        return certain(jnp.pad(answers, ((0, 0), (first_query, 0))), values)

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=lambda batch: undecided(batch, values),
        inputs=keys + values + 1,
        outputs=values,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / values,
        trivial=1 / values,
        trivial_loss=math.log(values),
        distances=quarters(length),
        symbols=(*string.ascii_lowercase[:keys], *string.digits[:values], "."),
    )
