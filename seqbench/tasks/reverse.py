"""Say a sequence backwards after the whole of it has been read.

An encoder reads n symbols; then a decoder writes them in reverse order. n is drawn evenly from half the largest to the
largest number, so the sequences of a batch differ in length.

A worked example with n = 4 ("|" starts the decoder, which then sees its previous target):

    input    C  A  A  D
    prompt               |  D  A  A
    target               D  A  A  C

`length` is the largest possible distance: the last target, at step n + n - 1, is the first input. So the longest
sequences hold (length + 1) / 2 symbols, and the k-th target (from 0) stands 2 k + 1 steps after its symbol. Symbols are
independent: the trivial score is 1 / symbols. Guessing also "|" is right in 1 / (symbols + 1): chance.

The distance must be bridged where the decoder reads the encoder's summary once (`encoder_decoder: {summary: first}`);
where it reads it at every step, as by default, the symbol of target k need be kept for the k + 1 last steps of reading.

Source: Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks", for the encoder and decoder;
Grefenstette et al. 2015, "Learning to transduce with unbounded memory", for the task.
"""

from __future__ import annotations

import math
import string

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AlphabetSize, PositiveInt
from seqbench.tasks.base import Batch, Task, all_but, certain, classified, cross_entropy, quarters

START = 0


def reverse(length: PositiveInt = 19, symbols: AlphabetSize = 8) -> Task:
    """Reverse sequences of `symbols` kinds of symbol; the first comes back at most `length` steps later."""
    if length < 1 or not 2 <= symbols <= 26:
        raise Incompatible(f"reverse needs length >= 1 and 2 to 26 symbols, not length {length}, {symbols} symbols.")
    longest = (length + 1) // 2
    shortest = (longest + 1) // 2

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, mask = draw_symbols(key, (batch_size, longest), shortest, symbols)
        targets = backwards(inputs, mask)
        return Batch(
            inputs=inputs,
            targets=targets,
            mask=mask,
            weights=mask.astype(jnp.float32),
            distance=jnp.where(mask, 2 * jnp.arange(longest) + 1, 0),
            prompt=jnp.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=START),
        )

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(backwards(batch.inputs, batch.mask), symbols + 1),
        guess=lambda batch: all_but(jnp.full_like(batch.targets, START), symbols + 1),
        inputs=symbols + 1,
        outputs=symbols + 1,
        length=length,
        steps=longest,
        targets=longest,
        readout="decode",
        chance=1 / (symbols + 1),
        trivial=1 / symbols,
        trivial_loss=math.log(symbols),
        distances=quarters(length),
        variable_length=shortest < longest,
        symbols=("|", *string.ascii_uppercase[:symbols]),
    )


def draw_symbols(
    key: Key[Array, ""], shape: tuple[int, int], shortest: int, symbols: int
) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """Sequences of `shortest` to T symbols, padded, and where they have symbols."""
    count_key, symbol_key = jax.random.split(key)
    batch_size, longest = shape
    mask = jnp.arange(longest) < jax.random.randint(count_key, (batch_size, 1), shortest, longest + 1)
    return jnp.where(mask, jax.random.randint(symbol_key, shape, 1, symbols + 1), 0), mask


def backwards(inputs: Int[Array, "B T"], mask: Bool[Array, "B T"]) -> Int[Array, "B T"]:
    """Each sequence in reverse, padding still at the end."""
    count = jnp.sum(mask, axis=1, keepdims=True)
    place = count - 1 - jnp.arange(inputs.shape[1])
    return jnp.where(mask, jnp.take_along_axis(inputs, jnp.maximum(place, 0), axis=1), START)
