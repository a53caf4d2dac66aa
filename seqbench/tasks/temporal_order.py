"""Say in which order two or three relevant symbols came, among many distractors.

Every step shows one of four distractors, except two (or three) steps that show A or B. After the last step their order
is asked for: one class for each of the 4 (or 8) combinations. With two relevant symbols the first stands at a random
step of [T/10, 2T/10) and the second in [5T/10, 6T/10); with three they stand in [T/10, 2T/10), [T/3, T/3 + T/10) and
[2T/3, 2T/3 + T/10).

A worked example with T = 10 and two relevant symbols (c to f are distractors; the class is first + 2 * second):

    c  B  f  f  d  A  e  c  e  d   ->  1 (B, then A)

`length` is T. The first relevant symbol stands 0.8 T to 0.9 T steps before the read-out; `Batch.distance` says how
many in each sequence. Chance is 1/4 (1/8). A predictor that knows every relevant symbol but the first is right in
1/2: the trivial score.

Two symbols stand where Pascanu's code puts them (its comment says [1, T/10] for the first); three stand where
Hochreiter & Schmidhuber have them, at 33 to 43 and 66 to 76 of 100 steps, and not at that code's 3T/10 and 6T/10. Their
sequences also begin with one symbol and end with another that mean nothing, and have 100 to 110 steps: both are left
out.

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiments 6a and 6b, with the alphabet and positions
of the code of Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks".
"""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, single_target

SYMBOLS = ("A", "B", "c", "d", "e", "f")
RELEVANT = 2


def temporal_order(length: PositiveInt = 50, relevant: Annotated[int, Ge(2), Le(3)] = 2) -> Task:
    """Order of `relevant` (2 or 3) symbols in sequences of `length` steps."""
    if relevant not in (2, 3):
        raise Incompatible(f"temporal_order knows 2 or 3 relevant symbols, not {relevant}.")
    if length < 10:
        raise Incompatible(f"temporal_order places symbols by tenths of its length: at least 10 steps, not {length}.")
    starts = earliest_places(length, relevant)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        place_key, symbol_key, distractor_key = jax.random.split(key, 3)
        places = jnp.asarray(starts) + jax.random.randint(place_key, (batch_size, relevant), 0, length // 10)
        symbols = jax.random.randint(symbol_key, (batch_size, relevant), 0, RELEVANT)
        distractors = jax.random.randint(distractor_key, (batch_size, length), RELEVANT, len(SYMBOLS))
        return single_target(put(symbols, places, distractors), order_class(symbols), length - 1 - places[:, :1])

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(order_class(relevant_symbols(batch.inputs, relevant)), 2**relevant),
        guess=lambda batch: all_but_the_first(batch.inputs, relevant),
        inputs=len(SYMBOLS),
        outputs=2**relevant,
        length=length,
        steps=length,
        chance=1 / 2**relevant,
        trivial=1 / 2,
        trivial_loss=math.log(2),
        symbols=SYMBOLS,
    )


def earliest_places(length: int, relevant: int) -> np.ndarray:
    """The first of the steps at which each relevant symbol can stand."""
    return np.array([length // 10, length // 2] if relevant == 2 else [length // 10, length // 3, 2 * length // 3])


def put(symbols: Int[Array, "B R"], places: Int[Array, "B R"], among: Int[Array, "B T"]) -> Int[Array, "B T"]:
    """Sequences with each of the symbols at its place."""
    steps = jnp.arange(among.shape[1])
    for index in range(symbols.shape[1]):
        among = jnp.where(steps == places[:, index, None], symbols[:, index, None], among)
    return among


def order_class(symbols: Int[Array, "B R"]) -> Int[Array, "B 1"]:
    """The class of an order of symbols: the first decides its lowest binary digit."""
    return (symbols @ 2 ** jnp.arange(symbols.shape[1]))[:, None]


def all_but_the_first(inputs: Int[Array, "B T"], relevant: int) -> Predictions:
    """Logits of a predictor that knows all relevant symbols but the first: equal for the two classes left."""
    known = order_class(relevant_symbols(inputs, relevant)) // 2 * 2
    return certain(known, 2**relevant) + certain(known + 1, 2**relevant)


def relevant_symbols(inputs: Int[Array, "B T"], relevant: int) -> Int[Array, "B R"]:
    """The relevant symbols in their order: 0 for A, 1 for B."""
    is_relevant = inputs < RELEVANT
    rank = jnp.cumsum(is_relevant, axis=1)
    return jnp.stack(
        [jnp.sum(inputs * (is_relevant & (rank == index + 1)), axis=1) for index in range(relevant)], axis=1
    )
