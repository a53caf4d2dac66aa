"""Sentences of the agreement grammar with their verb, as a text to predict word by word or letter by letter."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.tasks._next_symbol import following, next_symbol
from seqbench.tasks._sentences import Words
from seqbench.tasks.agreement import (
    OPENING_STEPS,
    PADDING,
    PHRASES,
    SHORTEST,
    VERBS,
    WORDS,
    draw_sentences,
    subject_number,
    word_choices,
)
from seqbench.tasks.base import Batch, Predictions, Task, certain, quarters

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


def surprise(choices: tuple[Words, ...]) -> float:
    """Entropy in nats of a sentence whose words are drawn evenly from the choices of each step."""
    return sum(math.log(len(words)) for words in choices)


def grammar_in_words(length: int) -> Task:
    """Sentences of the agreement grammar, word by word."""
    choices = (*word_choices(length), VERBS)
    steps = OPENING_STEPS + len(choices)
    opening = sum(map(len, PHRASES)) / len(PHRASES)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        words, mask, verb_at = draw_whole_sentences(key, batch_size, length)
        step = jnp.arange(steps)
        return Batch(
            inputs=words,
            targets=following(words),
            mask=mask,
            weights=(step == verb_at - 1).astype(jnp.float32),
            distance=jnp.full(words.shape, length),
            loss_weights=(step < verb_at).astype(jnp.float32),
        )

    return Task(
        **next_symbol(GRAMMAR_WORDS, steps),
        sample=sample,
        oracle=knowing_the_subject,
        guess=lambda batch: knowing_all_but_the_subject(batch, choices),
        length=length,
        trivial=1 / 2,
        trivial_loss=surprise(choices) / (opening + len(choices) - 1),
        variable_length=True,
    )


def knowing_the_subject(batch: Batch) -> Predictions:
    """Every word as it comes, and the verb from the subject."""
    verb, coming = len(WORDS) + subject_number(batch.inputs), following(batch.inputs * batch.mask)
    return certain(jnp.where(coming >= len(WORDS), verb, coming), len(GRAMMAR_WORDS))


def knowing_all_but_the_subject(batch: Batch, choices: tuple[Words, ...]) -> Predictions:
    """The grammar's choices for every step, the verb among them; the rest of an opening follows from its first word."""
    possible = np.array([[word in words for word in GRAMMAR_WORDS] for words in choices])
    place = jnp.arange(batch.inputs.shape[1]) + 1 - (jnp.sum(batch.mask, axis=1, keepdims=True) - len(choices))
    allowed = jnp.asarray(possible)[jnp.clip(place, 0, len(choices) - 1)]
    opening = certain(following(batch.inputs), len(GRAMMAR_WORDS))
    return jnp.where((place < 0)[..., None], opening, 20.0 * allowed)


def grammar_in_characters(length: int) -> Task:
    """Sentences of the agreement grammar, letter by letter, the subject at most `length` letters back."""
    words = most_words(length)
    choices = (*word_choices(words), VERBS)
    letters = most_letters(choices)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        sentences = draw_whole_sentences(key, batch_size, words)
        inputs, mask, starts = spell(sentences, letters)
        verb_start = jnp.take_along_axis(starts, sentences.verb_at, axis=1)
        # The verb shows its number at its second letter, after the first has been read.
        return Batch(
            inputs=inputs,
            targets=following(inputs),
            mask=mask,
            weights=(jnp.arange(letters) == verb_start).astype(jnp.float32),
            distance=jnp.broadcast_to(verb_start - number_place(inputs), inputs.shape),
            loss_weights=(mask & following(mask)).astype(jnp.float32),
        )

    return Task(
        **next_symbol(LETTERS, letters),
        sample=sample,
        oracle=spelling_the_right_verb,
        length=length,
        trivial=1 / 2,
        trivial_loss=surprise(choices) / (mean_letters(choices) - 1),
        distances=quarters(length),
        variable_length=True,
    )


def spelling_the_right_verb(batch: Batch) -> Predictions:
    """Every letter as it comes, and the second of the verb from the subject."""
    plural = jnp.take_along_axis(batch.inputs, number_place(batch.inputs), axis=1) == LETTERS.index("s")
    begins_verb = batch.mask & (batch.inputs == LETTERS.index("w"))
    step = jnp.arange(batch.inputs.shape[1])
    verb_start = jnp.max(step * begins_verb, axis=1, keepdims=True)
    decided = jnp.where(plural, LETTERS.index("e"), LETTERS.index("a"))
    return certain(jnp.where(step == verb_start, decided, following(batch.inputs * batch.mask)), len(LETTERS))


def most_letters(choices: tuple[Words, ...]) -> int:
    """Letters of the longest sentence with its longest opening, spaces among them."""
    return sum(longest(words) for words in choices) + max(len(" ".join(phrase)) + 1 for phrase in PHRASES)


def mean_letters(choices: tuple[Words, ...]) -> float:
    """Letters of a sentence with its opening, spaces among them, on average."""
    opening = sum(len(" ".join(phrase)) + bool(phrase) for phrase in PHRASES) / len(PHRASES)
    return opening + sum(sum(len(word) + 1 for word in words) / len(words) for words in choices)


def longest(words: Words) -> int:
    """Letters of the longest of some words, with the space after it."""
    return max(map(len, words)) + 1


def largest_distance(words: int) -> int:
    """Letters from the end of the subject to the first of the verb, at most."""
    return 2 + sum(longest(choice) for choice in word_choices(words)[2:])


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
