"""Translate a number between words and digits, with sequences of different lengths on the two sides.

An encoder reads the number in one form; then a decoder writes it in the other and stops. The number of digits is drawn
evenly from 1 to the largest, and so are the digits; the first is not 0.

A worked example towards digits ("|" starts the decoder and stops it), and the same towards words:

    input    seven hundred and two                    input    7  0  2
    prompt                          |  7  0  2        prompt            |      seven    hundred  and  two
    target                          7  0  2  |        target            seven  hundred  and      two  |

`length` is the largest distance between a target and the word or digit that decides it (the decoder's first step comes
right after the encoder's last), and sets how large the numbers are: towards digits 5 steps are enough for three digits,
as in "seven hundred and twenty two", 11 for six and 17 for nine; towards words one more. `Batch.distance` holds the
distance of every target. A decoder that reads the encoder's summary at every step (`encoder_decoder`, unless it says
`summary: first`) need keep nothing over its own steps.

The trivial predictor knows how far the answer has got and its last symbol, and nothing of the question. Its table, and
with it the trivial score, is counted over 65,536 numbers. Guessing any symbol is right in 1 / outputs: chance.

Source: Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks", for the encoder and decoder;
the translation is a standard exercise, here in British English.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, quarters

UNITS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ("thousand", "million", "billion", "trillion")
WORDS = ("|", *UNITS, *TENS, "hundred", "and", *SCALES)
DIGITS = ("|", *"0123456789")
BOUNDARY = 0
MOST_DIGITS = 3 * (len(SCALES) + 1)
HUNDRED, AND, TENS_START, SCALE_START = (WORDS.index(word) for word in ("hundred", "and", "twenty", "thousand"))
SLOTS = 6
"""Places for words in a group of three digits: unit, "hundred", "and", tens, unit, scale."""
SLOT_DIGIT = np.array([0, 0, 2, 1, 2, 2])
"""Which of the three digits decides each of these words."""
DRAWS_FOR_TABLE = 65536


AnyArray = Any
"""An array of JAX or of NumPy."""


class Wording(NamedTuple):
    """Sequences of words (or of what belongs to them) [B, W], aligned to the left, and how many there are [B, 1].

    Both are JAX arrays in a compiled program, NumPy arrays on the host.
    """

    values: AnyArray
    total: AnyArray


def number_words(length: PositiveInt = 11, to: Literal["digits", "words"] = "digits") -> Task:
    """Translate numbers to digits or to words, as large as the longest distance `length` allows."""
    if to not in ("digits", "words"):
        raise Incompatible(f"number_words translates to digits or to words, not to {to!r}.")
    fitting = [digits for digits in range(1, MOST_DIGITS + 1) if longest_distance(digits, to) <= length]
    if not fitting:
        raise Incompatible(f"number_words needs a length of at least {longest_distance(1, to)} to {to}, not {length}.")
    digits = fitting[-1]
    symbols, outputs = (WORDS, len(DIGITS)) if to == "digits" else (DIGITS, len(WORDS))
    longest = most_words(digits), digits
    steps, targets = longest if to == "digits" else longest[::-1]

    def oracle(batch: Batch) -> Predictions:
        numbers = (read_words if to == "digits" else read_digits)(batch.inputs, batch.mask, digits)
        return certain(jnp.pad(write(numbers, digits, to)[0].values, ((0, 0), (0, 1))), outputs)

    def guess(batch: Batch) -> Predictions:
        return jnp.log(jnp.asarray(answer_table(digits, to)))[jnp.arange(targets + 1), batch.prompt]

    accuracy, loss = trivial_scores(digits, to)
    return Task(
        sample=lambda key, batch_size: draw_batch(key, batch_size, digits, to),
        loss=cross_entropy,
        correct=classified,
        oracle=oracle,
        guess=guess,
        inputs=len(symbols),
        outputs=outputs,
        length=length,
        steps=steps,
        targets=targets + 1,
        readout="decode",
        chance=1 / outputs,
        trivial=accuracy,
        trivial_loss=loss,
        distances=quarters(length),
        variable_length=True,
        symbols=symbols,
    )


def most_words(digits: int) -> int:
    """Words in the longest wording of a number of so many digits."""
    groups, rest = divmod(digits, 3)
    return (0, 1, 2, 5)[rest] + 5 * groups + (groups - 1 if rest == 0 else groups)


def longest_distance(digits: int, to: str) -> int:
    """The largest distance between a target and what decides it, for numbers of at most so many digits."""
    return max(most_words(digits), digits + 1) if to == "digits" else most_words(digits) + 1


def draw_batch(key: Key[Array, ""], batch_size: int, digits: int, to: str) -> Batch:
    """Numbers of 1 to `digits` digits, in one form as inputs and in the other as targets."""
    numbers = draw_numbers(key, batch_size, digits)
    answer, source = write(numbers, digits, to)
    question, _ = write(numbers, digits, "words" if to == "digits" else "digits")
    targets = jnp.pad(answer.values, ((0, 0), (0, 1)))
    step = jnp.arange(targets.shape[1])
    # The stop is decided by the last symbol of the question.
    decided_at = jnp.where(step < answer.total, jnp.pad(source.values, ((0, 0), (0, 1))), question.total - 1)
    scored = step <= answer.total
    return Batch(
        inputs=question.values,
        targets=targets,
        mask=jnp.arange(question.values.shape[1]) < question.total,
        weights=scored.astype(jnp.float32),
        distance=jnp.where(scored, question.total + step - decided_at, 0),
        prompt=jnp.pad(answer.values, ((0, 0), (1, 0))),
    )


def draw_numbers(key: Key[Array, ""], batch_size: int, digits: int) -> Int[Array, "B D"]:
    """Digits of numbers from the left, with leading zeros up to a multiple of three places."""
    count_key, first_key, digit_key = jax.random.split(key, 3)
    count = jax.random.randint(count_key, (batch_size, 1), 1, digits + 1)
    first = jax.random.randint(first_key, (batch_size, 1), 1, 10)
    return arrange(count, first, jax.random.randint(digit_key, (batch_size, round_up(digits)), 0, 10))


def round_up(digits: int) -> int:
    """Places of whole groups of three that hold so many digits."""
    return -(-digits // 3) * 3


# The functions from here to `compact` serve JAX arrays in a compiled program and NumPy arrays on the host alike,
# through the array API's namespace `xp`: counting `answer_table` must not compile anything.


def arrange(count: AnyArray, first: AnyArray, drawn: AnyArray) -> AnyArray:
    """Numbers of `count` digits: zeros, the first digit, then the drawn ones."""
    xp = drawn.__array_namespace__()
    place = xp.arange(drawn.shape[1]) - (drawn.shape[1] - count)
    return xp.where(place < 0, 0, xp.where(place == 0, first, drawn))


def write(numbers: AnyArray, digits: int, form: str) -> tuple[Wording, Wording]:
    """Numbers in words or digits (symbols), and for each symbol the place of what decides it in the other form."""
    xp = numbers.__array_namespace__()
    places = numbers.shape[1]
    slots = word_slots(numbers)
    spoken = slots > 0
    leading = xp.argmax(numbers > 0, axis=1)[:, None]
    if form == "words":
        deciding = xp.asarray((np.arange(places // 3)[:, None] * 3 + SLOT_DIGIT).ravel()) - leading
        return compact(slots, spoken, most_words(digits)), compact(deciding, spoken, most_words(digits))
    word_at = (xp.cumsum(spoken, axis=1) - 1).reshape(-1, places // 3, SLOTS)
    teen = numbers.reshape(-1, places // 3, 3)[..., 1] == 1
    deciding = xp.stack([word_at[..., 0], xp.where(teen, word_at[..., 4], word_at[..., 3]), word_at[..., 4]], axis=-1)
    stated = xp.arange(places) >= leading
    return compact(numbers + 1, stated, digits), compact(deciding.reshape(numbers.shape), stated, digits)


def word_slots(numbers: AnyArray) -> AnyArray:
    """The words of numbers, `SLOTS` places for each group of three digits; 0 where a word is missing."""
    xp = numbers.__array_namespace__()
    groups = numbers.reshape(len(numbers), -1, 3)
    count = groups.shape[1]
    hundreds, tens, units = groups[..., 0], groups[..., 1], groups[..., 2]
    spoken = xp.any(groups > 0, axis=-1)
    after_others = (xp.cumsum(spoken, axis=1) > 1) & (xp.arange(count) == count - 1)
    scale = xp.asarray([SCALE_START + index for index in range(count - 2, -1, -1)] + [0])
    joined = ((hundreds > 0) | after_others) & (tens + units > 0)
    slots = (
        hundreds,
        xp.where(hundreds > 0, HUNDRED, 0),
        xp.where(joined, AND, 0),
        xp.where(tens > 1, TENS_START + tens - 2, 0),
        xp.where(tens == 1, 10 + units, units),
        xp.where(spoken, scale, 0),
    )
    return xp.stack(slots, axis=-1).reshape(len(numbers), -1)


def compact(values: AnyArray, present: AnyArray, width: int) -> Wording:
    """Move what is present to the left, in its order, and cut to `width`."""
    xp = values.__array_namespace__()
    order = xp.argsort(~present, axis=1, stable=True)[:, :width]
    total = xp.sum(present, axis=1)[:, None]
    moved = xp.where(xp.arange(order.shape[1]) < total, xp.take_along_axis(values, order, axis=1), BOUNDARY)
    return Wording(moved, total)


def read_digits(inputs: Int[Array, "B T"], mask: Bool[Array, "B T"], digits: int) -> Int[Array, "B D"]:
    """Numbers as `draw_numbers` gives them, from their digits."""
    places = round_up(digits)
    place = jnp.arange(places) - (places - jnp.sum(mask, axis=1, keepdims=True))
    return jnp.where(place < 0, 0, jnp.take_along_axis(inputs, jnp.maximum(place, 0), axis=1) - 1)


def read_words(inputs: Int[Array, "B T"], mask: Bool[Array, "B T"], digits: int) -> Int[Array, "B D"]:
    """Numbers as `draw_numbers` gives them, from their words: independent of how the words were written."""
    words = jnp.where(mask, inputs, BOUNDARY)
    groups = round_up(digits) // 3
    unit = jnp.where(words <= len(UNITS), words, 0)
    tens = jnp.where((words >= TENS_START) & (words < HUNDRED), words - TENS_START + 2, 0)
    scale = jnp.where(words >= SCALE_START, words - SCALE_START + 1, 0)
    before_hundred = jnp.roll(words, -1, axis=1) == HUNDRED
    # Scales fall along a number, so the largest one still to come is the next one.
    group = groups - 1 - jax.lax.cummax(scale, axis=1, reverse=True)
    values = jnp.stack(
        [
            jnp.where(before_hundred, unit, 0),
            jnp.where(before_hundred, 0, unit // 10) + tens,
            jnp.where(before_hundred, 0, unit % 10),
        ],
        axis=-1,
    )
    return jnp.einsum("btg,btd->bgd", jax.nn.one_hot(group, groups, dtype=jnp.int32), values).reshape(len(words), -1)


@cache
def answer_table(digits: int, to: str) -> np.ndarray:
    """Probability of each symbol of an answer, given its place and the symbol before it: [K, O, O]."""
    counts = _answer_counts(digits, to)
    # A decoder may reach a pair that never occurs in an answer: every symbol is then equally likely.
    smoothed = counts + 1e-6
    return smoothed / smoothed.sum(-1, keepdims=True)


@cache
def trivial_scores(digits: int, to: str) -> tuple[float, float]:
    """Expected accuracy and loss of the predictor that answers by `answer_table`."""
    counts = _answer_counts(digits, to)
    surprise = -np.log(answer_table(digits, to))
    return float(counts.max(-1).sum() / counts.sum()), float((counts * surprise).sum() / counts.sum())


@cache
def _answer_counts(digits: int, to: str) -> np.ndarray:
    generator, size = np.random.default_rng(0), DRAWS_FOR_TABLE
    count, first = generator.integers(1, digits + 1, (size, 1)), generator.integers(1, 10, (size, 1))
    answer, _ = write(arrange(count, first, generator.integers(0, 10, (size, round_up(digits)))), digits, to)
    targets, prompt = np.pad(answer.values, ((0, 0), (0, 1))), np.pad(answer.values, ((0, 0), (1, 0)))
    step = np.arange(targets.shape[1])
    counts = np.zeros((len(step), *[len(DIGITS) if to == "digits" else len(WORDS)] * 2))
    np.add.at(counts, (step, prompt, targets), step <= answer.total)
    return counts
