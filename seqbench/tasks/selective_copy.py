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


def selective_copy(length: int = 64, remember: int = 8, symbols: int = 8) -> Task:
    """Repeat `remember` symbols out of `symbols` kinds that are scattered over `length` steps."""
    if not 1 <= remember <= length or not 2 <= symbols <= 26:
        raise Incompatible(
            "selective_copy needs 2 to 26 symbols and between 1 and `length` to remember, "
            f"not length {length}, {remember} to remember and {symbols} symbols."
        )
    blank, marker, steps = symbols, symbols + 1, length + remember
    rank = jnp.arange(remember)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        place_key, symbol_key = jax.random.split(key)
        # Sorted draws plus their rank are distinct places, without a permutation of all steps.
        draws = jax.random.randint(place_key, (batch_size, remember), 0, length - remember + 1)
        places = jnp.sort(draws, axis=1) + rank
        kept = jax.random.randint(symbol_key, (batch_size, remember), 0, symbols)
        scattered = jnp.full((batch_size, length), blank).at[jnp.arange(batch_size)[:, None], places].set(kept)
        ahead = ((0, 0), (length, 0))
        return Batch(
            inputs=jnp.pad(scattered, ((0, 0), (0, remember)), constant_values=marker),
            targets=jnp.pad(kept, ahead),
            mask=full_mask(batch_size, steps),
            weights=jnp.pad(jnp.ones((batch_size, remember)), ahead),
            distance=jnp.pad(length + rank - places, ahead),
        )

    def oracle(batch: Batch) -> Predictions:
        seen = batch.inputs[:, :length]
        order = jnp.argsort(seen == blank, axis=1, stable=True)[:, :remember]
        kept = jnp.take_along_axis(seen, order, axis=1)
        return certain(jnp.pad(kept, ((0, 0), (length, 0))), symbols)

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=lambda batch: undecided(batch, symbols),
        inputs=symbols + 2,
        outputs=symbols,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / symbols,
        trivial=1 / symbols,
        trivial_loss=math.log(symbols),
        distances=quarters(length),
        symbols=(*string.ascii_uppercase[:symbols], ".", "?"),
    )
