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

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from seqbench.errors import Incompatible
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, full_mask

BLANK = 0


def copy_memory(length: int = 110, block: int = 10, symbols: int = 8) -> Task:
    """Repeat `block` digits out of `symbols`, each `length` steps after it was seen (T = length - block)."""
    if length <= block or block < 1 or not 2 <= symbols <= 9:
        raise Incompatible(
            "copy_memory needs block >= 1, length > block (the marker stands between the block and its repetition) and "
            f"2 to 9 symbols, not length {length}, block {block} and {symbols} symbols."
        )
    steps, marker = length + block, symbols + 1
    marker_at = length - 1

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        digits = jax.random.randint(key, (batch_size, block), 1, symbols + 1)
        blanks = jnp.full((batch_size, length), BLANK)
        return Batch(
            inputs=jnp.concatenate([digits, blanks], axis=1).at[:, marker_at].set(marker),
            targets=jnp.concatenate([blanks, digits], axis=1),
            mask=full_mask(batch_size, steps),
            weights=jnp.broadcast_to(jnp.arange(steps) >= length, (batch_size, steps)).astype(jnp.float32),
            distance=jnp.full((batch_size, steps), length),
            loss_weights=jnp.ones((batch_size, steps)),
        )

    def oracle(batch: Batch) -> Predictions:
        blanks = jnp.full((len(batch.inputs), length), BLANK)
        return certain(jnp.concatenate([blanks, batch.inputs[:, :block]], axis=1), symbols + 1)

    def guess(batch: Batch) -> Predictions:
        after_marker = jnp.cumsum(batch.inputs == marker, axis=1) * (batch.inputs != marker)
        blank = certain(jnp.zeros_like(batch.inputs), symbols + 1)
        return jnp.where(after_marker[..., None] > 0, -blank, blank)

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=guess,
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
