"""Repeat a few symbols that stood scattered among blanks, in their order.

A stretch of `length` steps holds `remember` symbols at random places, blanks elsewhere. Then the marker appears
`remember` times, and at the i-th marker the i-th symbol must be named. How long each symbol must be kept varies, so
that what to keep has to be chosen by what it is and not by when it came.

A worked example with length 8 and 3 symbols to remember:

    input    .  C  .  .  A  A  .  .  ?  ?  ?
    target                           C  A  A

`length` is the largest possible distance between a symbol and its repetition; the smallest is `remember`, and
`Batch.distance` holds each one. Without memory nothing is known: chance and the trivial score are 1 / symbols.

Source: Jing et al. 2019, "Gated orthogonal recurrent units: on learning to forget" (denoise task), and Gu & Dao 2023,
"Mamba: linear-time sequence modeling with selective state spaces" (selective copying).
"""

from __future__ import annotations

import string

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AlphabetSize, PositiveInt
from seqbench.tasks._late_answers import ask_at_the_end, at_the_end
from seqbench.tasks.base import Batch, Predictions, Task, certain, one_of, quarters


def selective_copy(length: PositiveInt = 64, remember: PositiveInt = 8, symbols: AlphabetSize = 8) -> Task:
    """Repeat `remember` symbols out of `symbols` kinds that are scattered over `length` steps."""
    if not 1 <= remember <= length or not 2 <= symbols <= 26:
        raise Incompatible(
            "selective_copy needs 2 to 26 symbols and between 1 and `length` to remember, "
            f"not length {length}, {remember} to remember and {symbols} symbols."
        )
    blank, marker, steps = symbols, symbols + 1, length + remember

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        place_key, symbol_key = jax.random.split(key)
        places = distinct_places(place_key, batch_size, remember, length)
        kept = jax.random.randint(symbol_key, (batch_size, remember), 0, symbols)
        scattered = jnp.full((batch_size, length), blank).at[jnp.arange(batch_size)[:, None], places].set(kept)
        inputs = jnp.pad(scattered, ((0, 0), (0, remember)), constant_values=marker)
        return ask_at_the_end(inputs, kept, length + jnp.arange(remember) - places)

    def oracle(batch: Batch) -> Predictions:
        kept = first_symbols(batch.inputs[:, :length], remember, blank)
        return certain(at_the_end(kept, steps), symbols)

    return Task(
        **one_of(symbols),
        sample=sample,
        oracle=oracle,
        inputs=symbols + 2,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        distances=quarters(length),
        symbols=(*string.ascii_uppercase[:symbols], ".", "?"),
    )


def distinct_places(key: Key[Array, ""], rows: int, count: int, steps: int) -> Int[Array, "B N"]:
    """`count` different steps out of `steps` for each row, in increasing order."""
    # Sorted draws plus their rank are distinct places, without a permutation of all steps.
    draws = jax.random.randint(key, (rows, count), 0, steps - count + 1)
    return jnp.sort(draws, axis=1) + jnp.arange(count)


def first_symbols(inputs: Int[Array, "B T"], count: int, blank: int) -> Int[Array, "B N"]:
    """The first `count` symbols of each row that are not blank."""
    order = jnp.argsort(inputs == blank, axis=1, stable=True)[:, :count]
    return jnp.take_along_axis(inputs, order, axis=1)
