"""Sentences of the agreement grammar with their verb, as a text to predict word by word or letter by letter."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.tasks.agreement import (
    OPENING_LENGTHS,
    PADDING,
    PHRASES,
    SHORTEST,
    VERBS,
    WORDS,
    draw_sentences,
    subject_number,
    word_choices,
)
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, quarters

GRAMMAR_WORDS = (*WORDS, *VERBS)
LETTERS = (PADDING, " ", *sorted(set("".join(GRAMMAR_WORDS)) - {PADDING}))
SPELLED = tuple(f"{word} " if word != PADDING else "" for word in GRAMMAR_WORDS)
WORD_LENGTHS = np.array([len(word) for word in SPELLED])
SPELLING = np.array(
    [[LETTERS.index(letter) for letter in word] + [0] * (WORD_LENGTHS.max() - len(word)) for word in SPELLED]
)


class Sentences(NamedTuple):
    """Whole sentences [B, T], where they have words [B, T], and the place of the verb [B, 1]."""

    words: Int[Array, "B T"]
    mask: Bool[Array, "B T"]
    verb_at: Int[Array, "B 1"]


def draw_whole_sentences(key: Key[Array, ""], batch_size: int, length: int) -> Sentences:
    """Sentences of the grammar with the right verb at the end."""
    beginnings, mask = draw_sentences(key, batch_size, length)
    verb_at = jnp.sum(mask, axis=1, keepdims=True)
    step = jnp.arange(beginnings.shape[1] + 1)
    verb = len(WORDS) + subject_number(beginnings)
    words = jnp.where(step == verb_at, verb, jnp.pad(beginnings, ((0, 0), (0, 1))))
    return Sentences(words, step <= verb_at, verb_at)


def following(inputs: Int[Array, "B T"]) -> Int[Array, "B T"]:
    """What comes after each symbol; 0 after the last."""
    return jnp.pad(inputs[:, 1:], ((0, 0), (0, 1)))


def grammar_in_words(length: int) -> Task:
    """Sentences of the agreement grammar, word by word."""
    choices = (*word_choices(length), VERBS)
    count, steps = len(GRAMMAR_WORDS), int(OPENING_LENGTHS.max()) + len(choices)
    step = jnp.arange(steps)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        sentences = draw_whole_sentences(key, batch_size, length)
        return Batch(
            inputs=sentences.words,
            targets=following(sentences.words),
            mask=sentences.mask,
            weights=(step == sentences.verb_at - 1).astype(jnp.float32),
            distance=jnp.full(sentences.words.shape, length),
            loss_weights=(step < sentences.verb_at).astype(jnp.float32),
        )

    def oracle(batch: Batch) -> Predictions:
        verb, coming = len(WORDS) + subject_number(batch.inputs), following(batch.inputs * batch.mask)
        return certain(jnp.where(coming >= len(WORDS), verb, coming), count)

    possible = np.array([[word in group for word in GRAMMAR_WORDS] for group in choices])

    def guess(batch: Batch) -> Predictions:
        place = step + 1 - (jnp.sum(batch.mask, axis=1, keepdims=True) - len(choices))
        allowed = jnp.asarray(possible)[jnp.clip(place, 0, len(choices) - 1)]
        # The rest of an opening follows from its first word.
        return jnp.where((place < 0)[..., None], certain(following(batch.inputs), count), 20.0 * allowed)

    surprise = sum(math.log(len(group)) for group in choices)
    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=guess,
        inputs=count,
        outputs=count,
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / count,
        trivial=1 / 2,
        trivial_loss=surprise / float(OPENING_LENGTHS.mean() + len(choices) - 1),
        variable_length=True,
        symbols=GRAMMAR_WORDS,
    )


def grammar_in_characters(length: int) -> Task:
    """Sentences of the agreement grammar, letter by letter, the subject at most `length` letters back."""
    words = most_words(length)
    choices = (*word_choices(words), VERBS)
    letters = sum(longest(group) for group in choices) + max(len(" ".join(phrase)) + 1 for phrase in PHRASES)
    step, count = jnp.arange(letters), len(LETTERS)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        sentences = draw_whole_sentences(key, batch_size, words)
        inputs, mask, starts = spell(sentences, letters)
        verb_start = jnp.take_along_axis(starts, sentences.verb_at, axis=1)
        # The verb shows its number at its second letter, after the first has been read.
        return Batch(
            inputs=inputs,
            targets=following(inputs),
            mask=mask,
            weights=(step == verb_start).astype(jnp.float32),
            distance=jnp.broadcast_to(verb_start - number_place(inputs), inputs.shape),
            loss_weights=(mask & following(mask)).astype(jnp.float32),
        )

    def oracle(batch: Batch) -> Predictions:
        plural = jnp.take_along_axis(batch.inputs, number_place(batch.inputs), axis=1) == LETTERS.index("s")
        verb_start = jnp.max(step * (batch.mask & (batch.inputs == LETTERS.index("w"))), axis=1, keepdims=True)
        decided = jnp.where(plural, LETTERS.index("e"), LETTERS.index("a"))
        return certain(jnp.where(step == verb_start, decided, following(batch.inputs * batch.mask)), count)

    surprise = sum(math.log(len(group)) for group in choices)
    opening = sum(len(" ".join(phrase)) + bool(phrase) for phrase in PHRASES) / len(PHRASES)
    spelled = opening + sum(sum(len(word) + 1 for word in group) / len(group) for group in choices)
    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        inputs=count,
        outputs=count,
        length=length,
        steps=letters,
        targets=letters,
        readout="every",
        chance=1 / count,
        trivial=1 / 2,
        trivial_loss=surprise / (spelled - 1),
        distances=quarters(length),
        variable_length=True,
        symbols=LETTERS,
    )


def longest(group: tuple[str, ...]) -> int:
    """Letters of the longest word of a group, with the space after it."""
    return max(map(len, group)) + 1


def largest_distance(words: int) -> int:
    """Letters from the end of the subject to the first of the verb, at most."""
    return 2 + sum(longest(group) for group in word_choices(words)[2:])


def most_words(length: int) -> int:
    """The longest clause that keeps the subject within `length` letters of the verb.

    Raises:
        Incompatible: not even the shortest clause does.
    """
    words = SHORTEST
    if largest_distance(words) > length:
        raise Incompatible(
            f"The agreement grammar in characters needs a length of at least {largest_distance(words)}, not {length}."
        )
    while largest_distance(words + 1) <= length:
        words += 1
    return words


def spell(sentences: Sentences, letters: int) -> tuple[Int[Array, "B C"], Bool[Array, "B C"], Int[Array, "B T"]]:
    """Sentences in `letters` letters, where they have letters, and the place of the first letter of every word."""
    widths = jnp.asarray(WORD_LENGTHS)[sentences.words] * sentences.mask
    ends = jnp.cumsum(widths, axis=1)
    place = jnp.arange(letters)
    word_at = jax.vmap(lambda row: jnp.searchsorted(row, place, side="right"))(ends)
    word_at = jnp.minimum(word_at, sentences.words.shape[1] - 1)
    starts = ends - widths
    offset = place - jnp.take_along_axis(starts, word_at, axis=1)
    mask = place < ends[:, -1:]
    word = jnp.take_along_axis(sentences.words, word_at, axis=1)
    return jnp.where(mask, jnp.asarray(SPELLING)[word, jnp.clip(offset, 0, SPELLING.shape[1] - 1)], 0), mask, starts


def number_place(inputs: Int[Array, "B C"]) -> Int[Array, "B 1"]:
    """Where the subject's number shows: the last letter of a plural, the space after a singular."""
    which = (inputs == LETTERS.index("w")) & (following(inputs) == LETTERS.index("h"))
    comma_before = jnp.argmax(which, axis=1, keepdims=True) - len(", ")
    last = comma_before - len("s ")
    plural = jnp.take_along_axis(inputs, last, axis=1) == LETTERS.index("s")
    return jnp.where(plural, last, last + 1)
