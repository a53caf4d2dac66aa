"""Choose the verb that agrees with a subject that stands before a long relative clause.

A sentence is an optional adverb phrase, a subject of either number, and a relative clause full of other nouns of either
number (attractors). After the clause the verb is asked for: was or were. The subject's number alone decides; every
attractor's number is an independent fair coin.

A worked example with length 12 (the subject is "cats"; the attractors are "dog" and "kings"):

    some days ago , the cats , which already ate the old big dog behind the kings ,   ->  were

`length` is the number of steps from the subject to the last word before the verb, the same in every sentence. The
adverb phrase has 0, 2, 3 or 4 words, so the sentences of a batch differ in length and are padded.

Both numbers are equally likely, and the attractors know nothing about the subject: chance, the majority class and
the number of the last noun are all right in exactly 1/2 of the sentences.

Test accuracy is also recorded by the number of nouns in the clause that would mislead, because their number is not the
subject's; the paper counts these alone as attractors. The clause has (length - 7) // 3 + 1 nouns, of which each
misleads in half of the sentences.

Source: our own grammar, after Linzen, Dupoux & Goldberg 2016, "Assessing the ability of LSTMs to learn syntax-sensitive
dependencies"; the sentence is the one with which the lectures of Ng 2018, "Sequence models", introduce gated units.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks._sentences import Words, draw_words, open_with
from seqbench.tasks.base import Batch, Groups, Task, certain, one_of, single_target

PADDING = "_"
PHRASES = ((), ("yesterday", ","), ("late", "yesterday", ","), ("some", "days", "ago", ","))
NOUNS = ("cat", "cats", "dog", "dogs", "king", "kings", "ship", "ships", "tree", "trees", "girl", "girls")
ADJECTIVES = ("old", "big", "red", "quiet")
JOINS = ("near", "behind", "with", "and")
VERBS = ("was", "were")
WORDS = (
    *(PADDING, ",", "the", "which", "already", "ate", "yesterday", "late", "some", "days", "ago"),
    *NOUNS,
    *ADJECTIVES,
    *JOINS,
)
SHORTEST = 7
ATTRACTORS = (0, 1, 2, 4, 8, 16, 64, 4096)
"""Upper edges of the groups in which sentences are counted by their number of attractors."""
OPENING_STEPS = max(map(len, PHRASES))


def agreement(length: PositiveInt = 20) -> Task:
    """Choose between "was" and "were" for a subject that stands `length` steps (at least 7) before the verb's place."""
    steps = OPENING_STEPS + len(word_choices(length))

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        sentences, mask = draw_sentences(key, batch_size, length)
        return single_target(sentences, subject_number(sentences), length, mask)

    return Task(
        **one_of(len(VERBS)),
        sample=sample,
        oracle=lambda batch: certain(subject_number(batch.inputs), len(VERBS)),
        inputs=len(WORDS),
        length=length,
        steps=steps,
        variable_length=True,
        symbols=WORDS,
        groups=Groups("attractors", attractor_groups(clause_nouns(length)), misleading_nouns),
    )


def word_choices(length: int) -> tuple[Words, ...]:
    """The words possible at each step from "the" before the subject to the comma after the clause: `length + 2` steps.

    The clause is a chain of noun phrases of three words each; one or two adjectives in the first make up the length.

    Raises:
        Incompatible: no clause is as short as that.
    """
    if length < SHORTEST:
        raise Incompatible(
            f"The agreement grammar needs a length of at least {SHORTEST} words, not {length}: "
            'its shortest clause is ", which already ate the dog ,".'
        )
    joined, adjectives = divmod(length - SHORTEST, 3)
    chain = (("the",), *[ADJECTIVES] * adjectives, NOUNS, *(JOINS, ("the",), NOUNS) * joined)
    return (("the",), NOUNS, (",",), ("which",), ("already",), ("ate",), *chain, (",",))


def clause_nouns(length: int) -> int:
    """How many nouns stand in the clause."""
    return (length - SHORTEST) // 3 + 1


def attractor_groups(largest: int) -> tuple[int, ...]:
    """Upper edges of the groups of sentences with 0 to `largest` attractors: the same ones at every length."""
    needed = sum(edge < largest for edge in ATTRACTORS) + 1
    return ATTRACTORS[:needed] if largest <= ATTRACTORS[-1] else (*ATTRACTORS[:-1], largest)


def misleading_nouns(sentences: np.ndarray) -> np.ndarray:
    """How many nouns [N, 1] of each sentence [N, T] differ in number from the first, the subject."""
    noun = sentences - WORDS.index(NOUNS[0])
    is_noun = (noun >= 0) & (noun < len(NOUNS))
    subject = np.take_along_axis(noun, np.argmax(is_noun, axis=1, keepdims=True), axis=1)
    return np.sum(is_noun & (noun % 2 != subject % 2), axis=1, keepdims=True)


def draw_sentences(key: Key[Array, ""], batch_size: int, length: int) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """Sentences up to the verb, and where they have words. T is `OPENING_STEPS + 2 + length`."""
    opening_key, words_key = jax.random.split(key)
    body = draw_words(words_key, batch_size, word_choices(length), WORDS)
    return open_with(opening_key, PHRASES, body, WORDS)


def subject_number(sentences: Int[Array, "B T"]) -> Int[Array, "B 1"]:
    """0 for a singular and 1 for a plural subject: the number of the first noun."""
    noun = sentences - WORDS.index(NOUNS[0])
    is_noun = (noun >= 0) & (noun < len(NOUNS))
    first = jnp.argmax(is_noun, axis=1, keepdims=True)
    return jnp.take_along_axis(noun, first, axis=1) % 2
