"""Label every word, where one distant word decides whether a name means a person or a place.

A sentence holds one ambiguous name and one cue. The cue is a title before the name ("doctor", "city") or a verb after
it ("spoke", "flooded"). Every word is labelled: a person's name, a place's name, or neither.

A worked example with length 7 and the cue after the name (- is the label "neither"):

    the  dog  near  Jordan  with  the  ships  and  the  dogs  spoke  near  the
     -    -    -    PERSON   -     -     -     -    -    -     -      -     -

With a cue before the name one direction of reading is enough. With a cue after it the label is due before the cue has
been read: only a network that reads in both directions can know it. `either` mixes both.

`length` is the number of steps between the name and its cue. Up to six words stand before and after the two, so the
sequences of a batch differ in length and are padded. All words count in the loss, the name alone in the accuracy. The
names say nothing about their meaning: without the cue the label is right in 1/2 of the sentences, the trivial score;
guessing one of three labels is right in 1/3.

Source: our own grammar, after the example with which the lectures of Ng 2018, "Sequence models", introduce
bidirectional networks ("Teddy bears are on sale" against "Teddy Roosevelt was a great president").
"""

from __future__ import annotations

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy

NAMES = ("Jordan", "Paris", "Georgia", "Sydney", "Lincoln", "Austin")
TITLES = ("doctor", "singer", "city", "harbour")
VERBS = ("spoke", "smiled", "flooded", "froze")
CHAIN = (("near", "behind", "with", "and"), ("the",), ("dog", "dogs", "ship", "ships"))
WORDS = ("_", *CHAIN[0], *CHAIN[1], *CHAIN[2], *NAMES, *TITLES, *VERBS)
LABELS = ("-", "PERSON", "PLACE")
CUES = 4
"""Cues of either kind: the first half speaks of a person, the second of a place."""
MARGIN = 6

Cue = Literal["before", "after", "either"]

CHAIN_STARTS = np.array([WORDS.index(words[0]) for words in CHAIN])
CHAIN_COUNTS = np.array([len(words) for words in CHAIN])


def entity_tagging(length: PositiveInt = 10, cue: Cue = "after") -> Task:
    """Label every word; the cue that distinguishes persons from places is `length` steps before or after the name."""
    if length < 1 or cue not in ("before", "after", "either"):
        raise Incompatible(
            f"entity_tagging needs length >= 1 and the cue before, after or either, not length {length}, cue {cue!r}."
        )
    steps = 2 * MARGIN + 1 + length

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, mask = draw_sentences(key, batch_size, length, cue)
        return Batch(
            inputs=inputs,
            targets=labels(inputs),
            mask=mask,
            weights=is_name(inputs).astype(jnp.float32),
            distance=jnp.full((batch_size, steps), length),
            loss_weights=mask.astype(jnp.float32),
        )

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(labels(batch.inputs * batch.mask), len(LABELS)),
        guess=without_the_cue,
        inputs=len(WORDS),
        outputs=len(LABELS),
        length=length,
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / len(LABELS),
        trivial=1 / 2,
        trivial_loss=math.log(2) / (length + 1 + MARGIN),
        variable_length=True,
        symbols=WORDS,
    )


def draw_sentences(
    key: Key[Array, ""], batch_size: int, length: int, cue: Cue
) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """Sentences with a name and a cue `length` steps apart, and where they have words."""
    place_key, side_key, word_key, name_key = jax.random.split(key, 4)
    before, after = jax.random.randint(place_key, (2, batch_size, 1), 0, MARGIN + 1)
    coin = jax.random.bernoulli(side_key, 0.5, (batch_size, 1))
    cue_first = coin if cue == "either" else jnp.full_like(coin, cue == "before")
    name_at, cue_at = before + length * cue_first, before + length * (1 - cue_first)
    names, cues = jax.random.randint(name_key, (2, batch_size, 1), 0, math.lcm(len(NAMES), CUES))
    name = WORDS.index(NAMES[0]) + names % len(NAMES)
    cue_word = jnp.where(cue_first, WORDS.index(TITLES[0]), WORDS.index(VERBS[0])) + cues % CUES
    step = jnp.arange(2 * MARGIN + 1 + length)
    filler = draw_chain(word_key, step - name_at)
    sentences = jnp.where(step == name_at, name, jnp.where(step == cue_at, cue_word, filler))
    mask = step <= before + length + after
    return jnp.where(mask, sentences, 0), mask


def draw_chain(key: Key[Array, ""], from_name: Int[Array, "B T"]) -> Int[Array, "B T"]:
    """Words for all other places, given how many steps after the name each of them is."""
    # The chain is laid out from the name, so that a word like "near" stands on both sides of it and never "the".
    phase = (from_name + jnp.where(from_name < 0, 1, -1)) % len(CHAIN)
    draws = jax.random.randint(key, from_name.shape, 0, math.lcm(*CHAIN_COUNTS))
    return jnp.asarray(CHAIN_STARTS)[phase] + draws % jnp.asarray(CHAIN_COUNTS)[phase]


def is_name(inputs: Int[Array, "B T"]) -> Bool[Array, "B T"]:
    """Where the ambiguous name stands."""
    name = inputs - WORDS.index(NAMES[0])
    return (name >= 0) & (name < len(NAMES))


def labels(inputs: Int[Array, "B T"]) -> Int[Array, "B T"]:
    """The label of every word, from the name and the cue of its sentence."""
    cue = inputs - WORDS.index(TITLES[0])
    speaks_of_place = jnp.any((cue >= 0) & (cue % CUES >= CUES // 2), axis=1, keepdims=True)
    return is_name(inputs) * jnp.where(speaks_of_place, LABELS.index("PLACE"), LABELS.index("PERSON"))


def without_the_cue(batch: Batch) -> Predictions:
    """Either label for the name, "neither" for all other words."""
    name = is_name(batch.inputs)
    person, place = (certain(name * LABELS.index(label), len(LABELS)) for label in ("PERSON", "PLACE"))
    return person + place
