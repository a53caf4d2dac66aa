"""Predict the next word or character of a text.

Three kinds of text:

- `agreement`: sentences of the agreement grammar, the verb included. All words count in the loss; the accuracy counts
  the verb alone, whose number is decided `length` words earlier.
- `english`: English prose that every Python ships (the help on the language), or
- the path of any UTF-8 text file, beside the grid or in the current folder. Windows of `length` + 1 symbols are cut
  from it, and all predictions count.

A worked example with the agreement grammar and length 7 (one sentence and what is to be predicted from each word):

    inputs     the   dog    ,      which    already  ate  the  old  cat  ,    was
    targets    dog   ,      which  already  ate      the  old  cat  ,    was

and with characters of a text, length 8:

    inputs     T h e _ d o g _ b
    targets    h e _ d o g _ b

The last symbol of a window is only ever a target. In running text it is not known which earlier symbol decides the next
one; `Batch.distance` says how many symbols back the window reaches, so accuracy by distance shows what a longer memory
is worth. In the grammar the length is exact. With the grammar spelled in characters, the verb is decided at its second
letter ("was", "were") by the last letter of the subject, at most `length` characters earlier.

A text is cut once into 80 % for training, 10 % for validation and 10 % for test, and no window crosses a cut: what is
tested on was never trained on. The loss is in nats; divided by ln 2 it is bits per symbol. The trivial
predictor of a text knows the current symbol only: a bigram table of the training part, scored on the test part. That of
the grammar knows the whole grammar and everything but the subject's number, and is right about 1/2 of the verbs.
Guessing uniformly is right in 1 / symbols: chance. A trial on a text counts as solved at 70 % of the bigrams' loss.

Source: Elman 1990, "Finding structure in time", for the prediction task on a grammar; Sutskever, Martens & Hinton 2011,
"Generating text with recurrent neural networks", for characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AtLeastTwo, PositiveInt
from seqbench.tasks._corpus import Corpus, Units, raw_text, read_corpus
from seqbench.tasks._grammar_text import grammar_in_characters, grammar_in_words
from seqbench.tasks._next_symbol import following, next_symbol
from seqbench.tasks.base import Batch, Criterion, Task, certain, full_mask, quarters

GRAMMAR = "agreement"
SOLVED_SHARE = 0.7
SMOOTHING = 0.1
"""Added to each count of the bigram table, so that no pair is impossible."""


def language_model(
    length: PositiveInt = 20, text: str = GRAMMAR, units: Units = "words", vocabulary: AtLeastTwo = 256
) -> Task:
    """Next-symbol prediction over a grammar, a bundled English text or a file, with at most `vocabulary` symbols."""
    if units not in ("characters", "words"):
        raise Incompatible(f"language_model reads characters or words, not {units!r}.")
    if text == GRAMMAR:
        return grammar_in_words(length) if units == "words" else grammar_in_characters(length)
    if length < 1 or vocabulary < 2:
        raise Incompatible(
            f"language_model needs length >= 1 and vocabulary >= 2, not length {length} and vocabulary {vocabulary}."
        )
    corpus = read_corpus(text, units, vocabulary)
    shortest = min(len(corpus.training), len(corpus.validation), len(corpus.test))
    if shortest < length + 1:
        raise Incompatible(
            f"The text {text!r} is too short for length {length}: its smallest part has {shortest} {units}, "
            f"a window {length + 1}."
        )
    return running_text(length, corpus)


def content(*, text: str) -> str:
    """What a text says, as a hash: part of a trial's identity, so that a text that was edited is another task.

    Raises:
        Incompatible: see `read_corpus`.
    """
    return "" if text == GRAMMAR else hashlib.sha256(raw_text(text).encode()).hexdigest()[:16]


def running_text(length: int, corpus: Corpus) -> Task:
    """Windows of `length` + 1 symbols of a text."""
    count = len(corpus.symbols)
    bigrams = bigram_table(corpus.training, count)
    accuracy, loss = score_bigrams(bigrams, corpus.test, length)
    return Task(
        **next_symbol(corpus.symbols, length + 1),
        sample=windows(corpus.training, length),
        validation=windows(corpus.validation, length),
        test=windows(corpus.test, length),
        oracle=lambda batch: certain(following(batch.inputs), count),
        guess=lambda batch: jnp.log(jnp.asarray(bigrams))[batch.inputs],
        length=length,
        trivial=accuracy,
        trivial_loss=loss,
        criterion=Criterion("loss", SOLVED_SHARE * loss),
        distances=quarters(length),
        diffuse=True,
    )


def windows(part: np.ndarray, length: int) -> Callable[[Key[Array, ""], int], Batch]:
    """A sampler of windows that begin anywhere in a part of a text."""
    step = jnp.arange(length + 1)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        start = jax.random.randint(key, (batch_size, 1), 0, len(part) - length)
        inputs = jnp.asarray(part)[start + step]
        return Batch(
            inputs=inputs,
            targets=following(inputs),
            mask=full_mask(batch_size, length + 1),
            weights=jnp.broadcast_to(step < length, inputs.shape).astype(jnp.float32),
            distance=jnp.broadcast_to(step, inputs.shape),
        )

    return sample


def bigram_table(part: np.ndarray, count: int) -> np.ndarray:
    """Probability of each symbol after each symbol."""
    pairs = np.full((count, count), SMOOTHING)
    np.add.at(pairs, (part[:-1], part[1:]), 1)
    return pairs / pairs.sum(1, keepdims=True)


def score_bigrams(bigrams: np.ndarray, part: np.ndarray, length: int) -> tuple[float, float]:
    """Expected accuracy and loss of a bigram table on the windows of a part."""
    place = np.arange(1, len(part))
    # The windows in which the symbol at `place` is a target: fewer near the two ends.
    share = np.minimum(place - 1, len(part) - length - 1) - np.maximum(place - length, 0) + 1.0
    share /= share.sum()
    right = np.argmax(bigrams, 1)[part[:-1]] == part[1:]
    return float(share @ right), float(-share @ np.log(bigrams[part[:-1], part[1:]]))
