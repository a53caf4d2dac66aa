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

The form of the TCN paper is `{marker: repeated, inputs: scalar}`: the marker stands on the last 11 steps, so that it
need not be remembered while the digits are repeated, and a step shows its symbol's number (0 for a blank, 9 for the
marker) as one real number instead of a one-hot vector. Baselines and distances are the same, the difficulty is not.

`gap: drawn` is variable copy: in every sequence 1 to T blanks, each number equally likely, stand between the block and
the marker, so that counting does not tell when to answer. With length 7 and a block of 3, T is 3:

    input    5  2  7  .  !  .  .  .  .  .
    target   .  .  .  .  .  5  2  7  .  .

`length` is then the largest distance, T + 11 for a block of ten; `Batch.distance` says how far back the digits of each
sequence stand, accuracy is recorded in four bins of it, and what follows the repetition is blank again and counts in
the loss. So every sequence has T + 21 steps, and the loss without memory is 10 ln 8 / (T + 21).

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory"; Arjovsky, Shah & Bengio 2016, "Unitary evolution
recurrent neural networks", whose form this is. Marker and inputs: the code of Bai, Kolter & Koltun 2018, "An empirical
evaluation of generic convolutional and recurrent networks for sequence modeling". Drawn gap: Henaff, Szlam & LeCun
2016, "Recurrent orthogonal networks and long-memory tasks", as Tallec & Ollivier 2018, "Can recurrent neural networks
warp time?", describe it; they do not say how sequences with different gaps are brought to one length.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Bool, Int, Key, Num

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import (
    Batch,
    Predictions,
    Task,
    all_but,
    certain,
    classified,
    cross_entropy,
    full_mask,
    quarters,
)

ADDED = {"marker": "once", "inputs": "symbols", "gap": "fixed"}

BLANK = 0


class Form(NamedTuple):
    """The settings of `copy_memory`: sizes, and whether the marker is repeated, inputs are scalar and gaps drawn."""

    length: int
    block: int
    symbols: int
    repeated: bool
    scalar: bool
    drawn: bool

    @property
    def steps(self) -> int:
        """Steps of a sequence."""
        return self.length + self.block

    @property
    def marker(self) -> int:
        """The symbol that asks for the block."""
        return self.symbols + 1


def copy_memory(
    length: PositiveInt = 110,
    block: PositiveInt = 10,
    symbols: Annotated[int, Ge(2), Le(9)] = 8,
    marker: Literal["once", "repeated"] = "once",
    inputs: Literal["symbols", "scalar"] = "symbols",
    gap: Literal["fixed", "drawn"] = "fixed",
) -> Task:
    """Repeat `block` digits out of `symbols`, each `length` steps after it was seen (T = length - block)."""
    form = Form(length, block, symbols, marker == "repeated", inputs == "scalar", gap == "drawn")
    require_possible(form)
    return Task(
        sample=lambda key, batch_size: draw_batch(key, batch_size, form),
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(repetition(numbers(batch.inputs), form), symbols + 1),
        guess=lambda batch: without_memory(numbers(batch.inputs), form),
        inputs=1 if form.scalar else symbols + 2,
        outputs=symbols + 1,
        length=length,
        steps=form.steps,
        targets=form.steps,
        readout="every",
        symbolic=not form.scalar,
        chance=1 / symbols,
        trivial=1 / symbols,
        trivial_loss=block * math.log(symbols) / form.steps,
        distances=quarters(length) if form.drawn else (),
        symbols=() if form.scalar else (".", *"123456789"[:symbols], "!"),
    )


def require_possible(form: Form) -> None:
    """Raise Incompatible unless the marker has room between the block and its repetition."""
    between = 2 if form.drawn else 1
    if form.block < 1 or form.length < form.block + between or not 2 <= form.symbols <= 9:
        shortest = (
            "length > block + 1 (a blank and the marker stand" if form.drawn else "length > block (the marker stands"
        )
        raise Incompatible(
            f"copy_memory needs block >= 1, {shortest} between the block and its repetition) and "
            f"2 to 9 symbols, not length {form.length}, block {form.block} and {form.symbols} symbols."
        )


def draw_batch(key: Key[Array, ""], batch_size: int, form: Form) -> Batch:
    """Blocks of digits, and when they are asked for."""
    digit_key, distance = key, jnp.full((batch_size, 1), form.length)
    if form.drawn:
        digit_key, gap_key = jax.random.split(key)
        distance = jax.random.randint(gap_key, (batch_size, 1), form.block + 2, form.length + 1)
    digits = jax.random.randint(digit_key, (batch_size, form.block), 1, form.symbols + 1)
    step = jnp.arange(form.steps)
    marked = step == distance - 1
    if form.repeated:
        marked |= asked(distance, form)
    inputs = jnp.where(marked, form.marker, jnp.pad(digits, ((0, 0), (0, form.length))))
    return Batch(
        inputs=inputs[..., None].astype(jnp.float32) if form.scalar else inputs,
        targets=repetition(inputs, form),
        mask=full_mask(batch_size, form.steps),
        weights=asked(distance, form).astype(jnp.float32),
        distance=jnp.broadcast_to(distance, (batch_size, form.steps)),
        loss_weights=jnp.ones((batch_size, form.steps)),
    )


def numbers(inputs: Num[Array, "B T *I"]) -> Int[Array, "B T"]:
    """The symbols that inputs show, as numbers."""
    return jnp.round(inputs[..., 0]).astype(jnp.int32) if inputs.ndim == 3 else inputs


def asked_after(shown: Int[Array, "B T"], form: Form) -> Int[Array, "B 1"]:
    """How many steps after it was seen each digit is asked for: the block is due behind the first marker."""
    return jnp.argmax(shown == form.marker, axis=1, keepdims=True) + 1


def asked(distance: Int[Array, "B 1"], form: Form) -> Bool[Array, "B T"]:
    """Where the digits are asked for."""
    place = jnp.arange(form.steps) - distance
    return (place >= 0) & (place < form.block)


def repetition(shown: Int[Array, "B T"], form: Form) -> Int[Array, "B T"]:
    """What must be answered: the digits of the block where they are asked for, blanks elsewhere."""
    distance = asked_after(shown, form)
    place = jnp.clip(jnp.arange(form.steps) - distance, 0, form.block - 1)
    return jnp.where(asked(distance, form), jnp.take_along_axis(shown, place, axis=1), BLANK)


def without_memory(shown: Int[Array, "B T"], form: Form) -> Predictions:
    """Blanks where no digit is asked for, and any of the digits where one is."""
    outputs, blanks = form.symbols + 1, jnp.full_like(shown, BLANK)
    asks = asked(asked_after(shown, form), form)
    return jnp.where(asks[..., None], all_but(blanks, outputs), certain(blanks, outputs))
