"""The grammar's sentences and the predictors that do not look at the subject."""

import jax
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.tasks.agreement import NOUNS, WORDS, agreement, attractor_groups, word_choices

SENTENCES = 4000


@pytest.fixture(scope="module")
def batch():
    return jax.tree.map(np.asarray, agreement(12).sample(jax.random.key(0), SENTENCES))


def noun_numbers(batch) -> tuple[np.ndarray, np.ndarray]:
    """The number of the noun at each step, and where nouns stand."""
    noun = batch.inputs - WORDS.index(NOUNS[0])
    return noun % 2, (noun >= 0) & (noun < len(NOUNS))


def test_sentences_are_english(batch) -> None:
    sentences = {
        " ".join(WORDS[word] for word in row[mask]) for row, mask in zip(batch.inputs, batch.mask, strict=True)
    }
    openings = {sentence.split("the ")[0].strip() for sentence in sentences}
    assert openings == {"", "yesterday ,", "late yesterday ,", "some days ago ,"}
    assert all(" , which already ate the " in sentence and sentence.endswith(",") for sentence in sentences)


def test_the_subject_is_the_first_noun_and_stands_at_the_length(batch) -> None:
    numbers, nouns = noun_numbers(batch)
    subject = nouns.argmax(1)
    assert (batch.mask.sum(1) - 1 - subject == 12).all()
    assert (numbers[np.arange(SENTENCES), subject] == batch.targets[:, 0]).all()


def test_the_last_noun_and_the_majority_are_right_in_half_of_the_sentences(batch) -> None:
    numbers, nouns = noun_numbers(batch)
    last = nouns.shape[1] - 1 - nouns[:, ::-1].argmax(1)
    four_errors = 4 * 0.5 / np.sqrt(SENTENCES)
    assert abs((numbers[np.arange(SENTENCES), last] == batch.targets[:, 0]).mean() - 0.5) < four_errors
    assert abs(batch.targets.mean() - 0.5) < four_errors


def test_attractors_are_the_nouns_of_the_other_number(batch) -> None:
    groups = agreement(12).groups
    assert (groups.name, groups.edges) == ("attractors", (0, 1, 2))
    numbers, nouns = noun_numbers(batch)
    mislead = [
        sum(number != own[0] for number in own[1:])
        for own in (row[where] for row, where in zip(numbers, nouns, strict=True))
    ]
    assert groups.number_of(batch.inputs)[:, 0].tolist() == mislead
    expected = np.array([1, 2, 1]) / 4
    assert np.abs(np.bincount(mislead) / SENTENCES - expected).max() < 4 * 0.5 / np.sqrt(SENTENCES)


@pytest.mark.parametrize(
    ("largest", "edges"), [(1, (0, 1)), (3, (0, 1, 2, 4)), (4, (0, 1, 2, 4)), (25, (0, 1, 2, 4, 8, 16, 64))]
)
def test_groups_of_attractors_are_the_same_at_every_length(largest: int, edges: tuple[int, ...]) -> None:
    assert attractor_groups(largest) == edges
    assert attractor_groups(5000)[-1] == 5000


@pytest.mark.parametrize("length", [7, 8, 9, 10, 40])
def test_every_length_has_a_clause(length: int) -> None:
    choices = word_choices(length)
    assert len(choices) == length + 2
    assert choices[-2] == NOUNS
    assert choices[-1] == (",",)


def test_says_what_is_too_short() -> None:
    with pytest.raises(Incompatible, match="at least 7 words, not 6"):
        agreement(6)
