"""Sentences drawn from lists of the words that may stand at each step, behind openings of different lengths."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

Words = tuple[str, ...]


def draw_words(
    key: Key[Array, ""], batch_size: int, choices: tuple[Words, ...], vocabulary: Words
) -> Int[Array, "B N"]:
    """A word for each of N steps, drawn evenly from the choices of the step.

    The choices of a step must stand side by side in the vocabulary, so that one draw serves the whole sentence.
    """
    starts = np.array([vocabulary.index(words[0]) for words in choices])
    counts = np.array([len(words) for words in choices])
    return jnp.asarray(starts) + jax.random.randint(key, (batch_size, len(choices)), 0, counts)


def open_with(
    key: Key[Array, ""], phrases: tuple[Words, ...], body: Int[Array, "B N"], vocabulary: Words
) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """Put one of several phrases before each body and pad with 0: the sentences, and where they have words.

    T is N and the length of the longest phrase.
    """
    longest, words = max(map(len, phrases)), body.shape[1]
    table = np.array([[*map(vocabulary.index, phrase), *[0] * (longest - len(phrase))] for phrase in phrases])
    opening = jax.random.randint(key, (len(body), 1), 0, len(phrases))
    place = jnp.arange(longest + words) - jnp.asarray([len(phrase) for phrase in phrases])[opening]
    before = jnp.pad(jnp.asarray(table)[opening[:, 0]], ((0, 0), (0, words)))
    after = jnp.take_along_axis(body, jnp.clip(place, 0, words - 1), axis=1)
    mask = place < words
    return jnp.where(mask, jnp.where(place < 0, before, after), 0), mask
