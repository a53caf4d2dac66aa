"""Numbers worked by hand, without compiling: the writers serve NumPy too."""

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.tasks import number_words as module

WORDINGS = {
    7: "seven",
    10: "ten",
    17: "seventeen",
    40: "forty",
    86: "eighty six",
    100: "one hundred",
    702: "seven hundred and two",
    722: "seven hundred and twenty two",
    1000: "one thousand",
    1002: "one thousand and two",
    12_300: "twelve thousand three hundred",
    300_013: "three hundred thousand and thirteen",
    999_999: "nine hundred and ninety nine thousand nine hundred and ninety nine",
    1_000_000: "one million",
    20_000_005: "twenty million and five",
    101_001_010: "one hundred and one million one thousand and ten",
}


def as_digits(numbers: list[int], places: int) -> np.ndarray:
    return np.array([[int(digit) for digit in str(number).zfill(places)] for number in numbers])


def test_wordings_by_hand() -> None:
    written, _ = module.write(as_digits(list(WORDINGS), 9), 9, "words")
    said = [" ".join(module.WORDS[word] for word in row[:total]) for row, (total,) in zip(*written, strict=True)]
    assert said == list(WORDINGS.values())


def test_words_are_read_back() -> None:
    numbers = np.array([[int(digit) for digit in str(number).zfill(9)] for number in WORDINGS])
    inputs = np.zeros((len(WORDINGS), 17), int)
    for row, wording in zip(inputs, WORDINGS.values(), strict=True):
        row[: len(wording.split())] = [module.WORDS.index(word) for word in wording.split()]
    read = module.read_words(jnp.asarray(inputs), jnp.asarray(inputs > 0), 9)
    np.testing.assert_array_equal(read, numbers)


def test_digits_and_the_words_that_decide_them() -> None:
    written, deciding = module.write(as_digits([702, 17, 40], 3), 3, "digits")
    assert written.values.tolist() == [[8, 1, 3], [2, 8, 0], [5, 1, 0]]
    assert written.total.tolist() == [[3], [2], [2]]
    # 702: "seven", then "and" (the last word before the missing tens), then "two". 17 is one word. 40: "forty" twice.
    assert deciding.values[0].tolist() == [0, 2, 3]
    assert deciding.values[1, :2].tolist() == [0, 0]
    assert deciding.values[2, :2].tolist() == [0, 0]


@pytest.mark.parametrize(("digits", "words"), [(1, 1), (2, 2), (3, 5), (4, 7), (5, 8), (6, 11), (9, 17)])
def test_longest_wording(digits: int, words: int) -> None:
    assert module.most_words(digits) == words
    generator = np.random.default_rng(0)
    numbers = [*generator.integers(10 ** (digits - 1), 10**digits, 3000).tolist(), 10**digits - 1]
    slots = module.word_slots(as_digits(numbers, module.round_up(digits)))
    assert (slots > 0).sum(1).max() == words


def test_refuses_a_strange_direction() -> None:
    with pytest.raises(Incompatible, match="to digits or to words"):
        module.number_words(5, to="roman")
