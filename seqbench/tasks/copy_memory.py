"""Repeat a block of symbols after a long blank stretch.

The first ten steps show digits 1 to 8. Blanks follow, then a marker, then ten more blanks, during which the ten digits
must be repeated in order. Until then a blank must be answered.

A worked example with a block of 3 and length 7 ("." is blank, "!" the marker):

    input    5  2  7  .  .  .  !  .  .  .
    target   .  .  .  .  .  .  .  5  2  7

`length` is the number of steps from each digit to its repetition, the same for all of them. In the papers' T (from the
end of the block to the marker) it is T + 10, and a sequence has T + 20 = length + 10 steps.

The loss counts every step, as in the papers; the accuracy counts the recalled digits alone, because blanks are easy
(98 % of all steps at T = 500). A predictor without memory answers blanks until the marker and guesses afterwards: its
loss is 10 ln 8 / (T + 20), its accuracy 1/8, the chance level and trivial score.

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory"; Arjovsky, Shah & Bengio 2016, "Unitary evolution
recurrent neural networks", whose form this is.
"""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks._late_answers import at_the_end
from seqbench.tasks.base import Batch, Predictions, Task, all_but, certain, classified, cross_entropy, full_mask

BLANK = 0


def copy_memory(length: PositiveInt = 110, block: PositiveInt = 10, symbols: Annotated[int, Ge(2), Le(9)] = 8) -> Task:
    """Repeat `block` digits out of `symbols`, each `length` steps after it was seen (T = length - block)."""
    if length <= block or block < 1 or not 2 <= symbols <= 9:
        raise Incompatible(
            "copy_memory needs block >= 1, length > block (the marker stands between the block and its repetition) and "
            f"2 to 9 symbols, not length {length}, block {block} and {symbols} symbols."
        )
    steps, marker = length + block, symbols + 1

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        digits = jax.random.randint(key, (batch_size, block), 1, symbols + 1)
        return Batch(
            inputs=jnp.pad(digits, ((0, 0), (0, length)), constant_values=BLANK).at[:, length - 1].set(marker),
            targets=at_the_end(digits, steps),
            mask=full_mask(batch_size, steps),
            weights=at_the_end(jnp.ones((batch_size, block)), steps),
            distance=jnp.full((batch_size, steps), length),
            loss_weights=jnp.ones((batch_size, steps)),
        )

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(at_the_end(batch.inputs[:, :block], steps), symbols + 1),
        guess=lambda batch: without_memory(batch.inputs, marker, symbols + 1),
        inputs=symbols + 2,
        outputs=symbols + 1,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / symbols,
        trivial=1 / symbols,
        trivial_loss=block * math.log(symbols) / steps,
        symbols=(".", *"123456789"[:symbols], "!"),
    )


def without_memory(inputs: Int[Array, "B T"], marker: int, outputs: int) -> Predictions:
    """Blanks up to the marker, and any of the digits after it."""
    after_marker = jnp.cumsum(inputs == marker, axis=1) * (inputs != marker)
    blanks = jnp.full_like(inputs, BLANK)
    return jnp.where(after_marker[..., None] > 0, all_but(blanks, outputs), certain(blanks, outputs))
