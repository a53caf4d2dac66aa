"""Name the first symbol of a sequence after many distractors.

The first step shows one of `symbols` symbols. Distractors from an alphabet of their own follow, and a cue. At the cue
the first symbol must be named.

A worked example with length 6 and 4 symbols (A to D; the distractors are w to z):

    C  x  w  w  z  x  ?   ->  C

`length` is the number of steps from the symbol to the cue. Without the symbol nothing is known about it: chance and the
trivial score are both 1 / symbols.

Source: our own minimal form of the latching problem of Bengio, Simard & Frasconi 1994, "Learning long-term
dependencies with gradient descent is difficult", with discrete distractors as in experiment 2 of Hochreiter &
Schmidhuber 1997, "Long short-term memory".
"""

from __future__ import annotations

import string
from typing import Annotated

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AlphabetSize, PositiveInt
from seqbench.tasks.base import Batch, Task, certain, one_of, single_target


def delayed_recall(
    length: PositiveInt = 50, symbols: AlphabetSize = 8, distractors: Annotated[int, Ge(1), Le(26)] = 4
) -> Task:
    """Recall one of `symbols` symbols `length` steps later, past `length - 1` of `distractors` kinds of distractor."""
    if length < 1 or not 2 <= symbols <= 26 or not 1 <= distractors <= 26:
        raise Incompatible(
            "delayed_recall needs length >= 1, 2 to 26 symbols and 1 to 26 distractors, "
            f"not length {length}, {symbols} symbols and {distractors} distractors."
        )
    cue = symbols + distractors

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        symbol_key, distractor_key = jax.random.split(key)
        symbol = jax.random.randint(symbol_key, (batch_size, 1), 0, symbols)
        between = jax.random.randint(distractor_key, (batch_size, length - 1), symbols, cue)
        return single_target(jnp.concatenate([symbol, between, jnp.full((batch_size, 1), cue)], axis=1), symbol, length)

    return Task(
        **one_of(symbols),
        sample=sample,
        oracle=lambda batch: certain(batch.inputs[:, :1], symbols),
        inputs=cue + 1,
        length=length,
        steps=length + 1,
        symbols=(*string.ascii_uppercase[:symbols], *string.ascii_lowercase[-distractors:], "?"),
    )
