"""Remember key-value pairs and answer several queries about them much later.

A sequence begins with `pairs` pairs of a key and a value. The keys of a sequence differ. Blanks follow, then every key
is shown once more, in random order, and its value must be named at once.

A worked example with 2 pairs and length 7 (keys are letters, values digits):

    input    c  4  a  1  .  .  .  a  c
    target                        1  4

`length` is the largest possible distance between a value and its query (the first pair asked for last);
`Batch.distance` holds each one. Without the pairs nothing is known about a value: chance and the trivial score are
1 / values.

Five things differ from `multiquery_ar` of the paper's code, of which `multi_query_recall` has all but the last: all
queries come at the end, after one gap, instead of after gaps drawn from a power law; blanks fill the gap, not random
symbols; values are drawn independently, so that two keys may have the same; there are as many keys and values as one
chooses, instead of two halves of a vocabulary; and an answer is one of the values, not one of all symbols.

Source: Arora et al. 2023, "Zoology: measuring and improving recall in efficient language models" (multi-query
associative recall)
"""

from __future__ import annotations

import string
from typing import Annotated

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks._late_answers import ask_at_the_end, at_the_end
from seqbench.tasks._without_replacement import shuffled
from seqbench.tasks.base import Batch, Task, certain, one_of, quarters

LARGEST = 4096
"""Keys and values at most: keys are drawn by sorting all of them for every sequence."""


def associative_recall(
    length: PositiveInt = 32,
    pairs: PositiveInt = 4,
    keys: Annotated[int, Ge(1), Le(LARGEST)] = 8,
    values: Annotated[int, Ge(2), Le(LARGEST)] = 8,
) -> Task:
    """Answer one query for each of `pairs` pairs, at most `length` steps after its value was shown."""
    if not 1 <= pairs <= keys or values < 2 or length < 3 * pairs - 2:
        raise Incompatible(
            "associative_recall needs 1 <= pairs <= keys, at least 2 values and length >= 3 pairs - 2, "
            f"not length {length}, {pairs} pairs, {keys} keys and {values} values."
        )
    steps = length + 2

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        key_key, value_key, order_key = jax.random.split(key, 3)
        shown = shuffled(key_key, batch_size, keys)[:, :pairs]
        stored = jax.random.randint(value_key, (batch_size, pairs), 0, values)
        order = shuffled(order_key, batch_size, pairs)
        together = jnp.stack([shown, keys + stored], axis=-1).reshape(batch_size, 2 * pairs)
        gap = jnp.full((batch_size, steps - 3 * pairs), keys + values)
        queries, answers = (jnp.take_along_axis(row, order, axis=1) for row in (shown, stored))
        value_at, query_at = 2 * order + 1, steps - pairs + jnp.arange(pairs)
        return ask_at_the_end(jnp.concatenate([together, gap, queries], axis=1), answers, query_at - value_at)

    return Task(
        **one_of(values),
        sample=sample,
        oracle=lambda batch: certain(at_the_end(look_up(batch.inputs, pairs) - keys, steps), values),
        inputs=keys + values + 1,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        distances=quarters(length),
        symbols=(*names(string.ascii_lowercase, keys), *names(string.digits, values), "."),
    )


def names(letters: str, count: int) -> tuple[str, ...]:
    """A letter for each of `count` symbols, or, if there are too few, the first letter and a number: `a1`, `a2`, ..."""
    return tuple(letters[:count] if count <= len(letters) else (f"{letters[0]}{at}" for at in range(1, count + 1)))


def look_up(inputs: Int[Array, "B T"], pairs: int) -> Int[Array, "B P"]:
    """The value symbol that follows each of the keys asked for in the last steps."""
    shown, stored, queries = inputs[:, : 2 * pairs : 2], inputs[:, 1 : 2 * pairs : 2], inputs[:, -pairs:]
    found = jnp.argmax(queries[:, :, None] == shown[:, None, :], axis=-1)
    return jnp.take_along_axis(stored, found, axis=1)
