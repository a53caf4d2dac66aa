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

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiments 6a and 6b, with the alphabet and positions
of the code of Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks".
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, full_mask

SYMBOLS = ("A", "B", "c", "d", "e", "f")
RELEVANT = 2


def temporal_order(length: int = 50, relevant: int = 2) -> Task:
    """Order of `relevant` (2 or 3) symbols in sequences of `length` steps."""
    if relevant not in (2, 3):
        raise Incompatible(f"temporal_order knows 2 or 3 relevant symbols, not {relevant}.")
    if length < 10:
        raise Incompatible(f"temporal_order places symbols by tenths of its length: at least 10 steps, not {length}.")
    starts = np.array([length // 10, length // 2] if relevant == 2 else [length // 10, length // 3, 2 * length // 3])
    place_values = 2 ** jnp.arange(relevant)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        place_key, symbol_key, distractor_key = jax.random.split(key, 3)
        places = jnp.asarray(starts) + jax.random.randint(place_key, (batch_size, relevant), 0, length // 10)
        symbols = jax.random.randint(symbol_key, (batch_size, relevant), 0, RELEVANT)
        inputs = jax.random.randint(distractor_key, (batch_size, length), RELEVANT, len(SYMBOLS))
        steps = jnp.arange(length)
        for index in range(relevant):
            inputs = jnp.where(steps == places[:, index, None], symbols[:, index, None], inputs)
        return Batch(
            inputs=inputs,
            targets=(symbols @ place_values)[:, None],
            mask=full_mask(batch_size, length),
            weights=jnp.ones((batch_size, 1)),
            distance=length - 1 - places[:, :1],
        )

    def oracle(batch: Batch) -> Predictions:
        return certain((relevant_symbols(batch.inputs, relevant) @ place_values)[:, None], 2**relevant)

    def guess(batch: Batch) -> Predictions:
        # The first symbol decides the lowest digit of the class; both of its values stay open.
        known = (relevant_symbols(batch.inputs, relevant) @ place_values)[:, None] // 2 * 2
        return certain(known, 2**relevant) + certain(known + 1, 2**relevant)

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=guess,
        inputs=len(SYMBOLS),
        outputs=2**relevant,
        length=length,
        steps=length,
        chance=1 / 2**relevant,
        trivial=1 / 2,
        trivial_loss=math.log(2),
        symbols=SYMBOLS,
    )


def relevant_symbols(inputs: Int[Array, "B T"], relevant: int) -> Int[Array, "B R"]:
    """The relevant symbols in their order: 0 for A, 1 for B."""
    is_relevant = inputs < RELEVANT
    rank = jnp.cumsum(is_relevant, axis=1)
    return jnp.stack(
        [jnp.sum(inputs * (is_relevant & (rank == index + 1)), axis=1) for index in range(relevant)], axis=1
    )
