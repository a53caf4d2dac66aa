"""Answer queries about key-value pairs, spread over a long sequence full of other keys and values.

A sequence begins with `pairs` pairs of a key and a value; no key and no value stands there twice. Every key is shown
once more at one of the following places, which are two steps apart, and its value must be named at once. Between them
stand distractors, drawn from the whole vocabulary: what looks like a query or a pair may be none, and only the answers
at the true queries count.

A worked example with 2 pairs, length 9 and a vocabulary of 10 (1 to 4 are keys, 5 to 9 values, 0 is neither):

    input    4  7  2  9  2  8  3  6  0  1  4     (queries: the second 2 and the second 4)
    target               9                 7

The nearer a place is, the likelier a query stands there, by a power law: the pairs, in their order, take the places
k = 1, 2, ... with weights k^(power_a - 1), each one of those still free. `power_a: 1.0` makes all equally likely.

`length` is the largest possible distance between a value and its query (from the first value to the last place);
`Batch.distance` holds each one, and accuracy is recorded in four bins of it. A sequence has length + 2 steps. Without
the pairs nothing is known about a value, because queries, answers and distractors are drawn without regard to each
other: chance and the trivial score are 1 / values, where half of the vocabulary is values, and the loss is their
logarithm. A predictor that remembers which values were shown and not where is right in 1 / pairs.

The paper's setting with T steps is `{length: T - 3, pairs: P, vocabulary: 8192}`: 64 steps with 4 pairs are length 61,
128 with 8 are 125 and 256 with 16 are 253. What remains different: the last step, after which nothing is asked, is left
out; a class is one of the values, not of the whole vocabulary; an even length, at which places two steps apart would
miss the largest distance, has one distractor before the first place; sequences are drawn anew for every batch, instead
of 100,000 once, and training and test use one length and number of pairs.

Source: Arora et al. 2023, "Zoology: measuring and improving recall in efficient language models" (multi-query
associative recall), in the form of its code.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from annotated_types import Ge, Gt, Le
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks._without_replacement import distinct, weighted
from seqbench.tasks.base import Batch, Task, certain, full_mask, one_of, quarters


class Layout(NamedTuple):
    """How many steps, pairs and symbols there are. Symbol 0 is neither key nor value; keys follow, then values."""

    steps: int
    pairs: int
    vocabulary: int

    @property
    def first_value(self) -> int:
        """The number of the first value: the keys are those from 1 up to it."""
        return self.vocabulary // 2

    @property
    def values(self) -> int:
        """How many values there are."""
        return self.vocabulary - self.first_value

    @property
    def first_place(self) -> int:
        """The first step at which a query can stand, so that the last one is the last step."""
        return 2 * self.pairs + (self.steps + 1) % 2

    @property
    def places(self) -> int:
        """How many places for a query there are, two steps apart."""
        return (self.steps - self.first_place + 1) // 2


def multi_query_recall(
    length: PositiveInt = 29,
    pairs: PositiveInt = 4,
    vocabulary: Annotated[int, Ge(4), Le(65_536)] = 64,
    power_a: Annotated[float, Gt(0), Le(1)] = 0.01,
    distractors: bool = True,
) -> Task:
    """Answer a query for each of `pairs` pairs, at most `length` steps after its value; without distractors, 0."""
    layout = Layout(length + 2, pairs, vocabulary)
    require_room(layout)
    return Task(
        **one_of(layout.values),
        sample=lambda key, batch_size: draw_batch(key, batch_size, layout, power_a, distractors),
        oracle=lambda batch: certain(look_up(batch.inputs, pairs) - layout.first_value, layout.values),
        inputs=vocabulary,
        length=length,
        steps=layout.steps,
        targets=layout.steps,
        readout="every",
        distances=quarters(length),
        symbols=tuple(map(str, range(vocabulary))),
    )


def require_room(layout: Layout) -> None:
    """Raise Incompatible unless there are keys for all pairs and places for all queries."""
    if not 1 <= layout.pairs < layout.first_value or layout.places < layout.pairs:
        pairs, most = layout.pairs, layout.first_value - 1
        raise Incompatible(
            f"multi_query_recall with {pairs} pairs needs an odd length of at least {4 * pairs - 3} or an even one of "
            f"at least {4 * pairs - 2}, and a vocabulary of at least {2 * pairs + 2}; length {layout.steps - 2} has "
            f"room for {max(layout.places, 0)} queries, and a vocabulary of {layout.vocabulary} has {most} keys."
        )


def draw_batch(key: Key[Array, ""], batch_size: int, layout: Layout, power_a: float, distractors: bool) -> Batch:
    """Pairs, then their queries at places that a power law draws."""
    key_key, value_key, place_key, noise_key = jax.random.split(key, 4)
    shape, pairs = (batch_size, layout.steps), layout.pairs
    keys = 1 + distinct(key_key, batch_size, pairs, layout.first_value - 1)
    values = distinct(value_key, batch_size, pairs, layout.values)
    nearness = jnp.arange(1, layout.places + 1) ** (power_a - 1)
    asked_at = layout.first_place + 2 * weighted(place_key, batch_size, pairs, nearness)
    between = jax.random.randint(noise_key, shape, 0, layout.vocabulary) if distractors else jnp.zeros(shape, int)
    together = jnp.stack([keys, layout.first_value + values], axis=-1).reshape(batch_size, 2 * pairs)
    row = jnp.arange(batch_size)[:, None]

    def at_the_queries(content: Array) -> Array:
        return jnp.zeros(shape, content.dtype).at[row, asked_at].set(content)

    return Batch(
        inputs=between.at[:, : 2 * pairs].set(together).at[row, asked_at].set(keys),
        targets=at_the_queries(values),
        mask=full_mask(batch_size, layout.steps),
        weights=at_the_queries(jnp.ones((batch_size, pairs))),
        distance=at_the_queries(asked_at - (2 * jnp.arange(pairs) + 1)),
    )


def look_up(inputs: Int[Array, "B T"], pairs: int) -> Int[Array, "B T"]:
    """The value symbol of each step's symbol in the pairs at the beginning; the first one's where it has none."""
    shown, stored = inputs[:, : 2 * pairs : 2], inputs[:, 1 : 2 * pairs : 2]
    found = jnp.argmax(inputs[:, :, None] == shown[:, None, :], axis=-1)
    return jnp.take_along_axis(stored, found, axis=1)
