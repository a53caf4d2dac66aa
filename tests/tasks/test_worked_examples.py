"""The worked examples of the docstrings, and figures that papers state, against the oracles and the tasks' fields."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.tasks.adding import adding
from seqbench.tasks.associative_recall import associative_recall
from seqbench.tasks.base import Batch, Criterion, Task, quarters
from seqbench.tasks.copy_memory import copy_memory
from seqbench.tasks.count_out import count_out
from seqbench.tasks.entity_tagging import LABELS, WORDS, entity_tagging
from seqbench.tasks.fact_recall import FACTS, fact_recall, word_choices
from seqbench.tasks.flip_flop import SYMBOLS, flip_flop
from seqbench.tasks.latch import latch
from seqbench.tasks.multi_query_recall import multi_query_recall
from seqbench.tasks.multiplication import multiplication
from seqbench.tasks.parity import parity
from seqbench.tasks.random_permutation import random_permutation
from seqbench.tasks.reverse import reverse
from seqbench.tasks.selective_copy import selective_copy
from seqbench.tasks.temporal_order import temporal_order


def ask(task: Task, inputs: np.ndarray) -> np.ndarray:
    """The oracle's answer to one sequence; it sees nothing but inputs and mask."""
    batch = jnp.asarray(inputs)[None]
    nothing = jnp.zeros((1, task.targets))
    mask = jnp.ones(batch.shape[:2], bool)
    return np.asarray(task.oracle(Batch(batch, nothing, mask, nothing, nothing)))[0]


def classes(task: Task, text: str) -> list[int]:
    """The oracle's classes for a sequence written in the task's symbols."""
    return ask(task, np.array([task.symbols.index(word) for word in text.split()])).argmax(-1).tolist()


MARKED = np.stack([[0.3, 0.8, 0.5, 0.9, 0.1, 0.7], [0, 1, 0, 0, 1, 0]], axis=-1)


def test_adding_and_multiplication() -> None:
    assert ask(adding(6), MARKED).item() == pytest.approx(0.9)
    assert ask(multiplication(6), MARKED).item() == pytest.approx(0.08)
    assert adding().chance == pytest.approx(0.1536)
    right = adding(6).correct(jnp.array([[[0.979]], [[0.981]]]), jnp.full((2, 1, 1), 0.9))
    assert right.ravel().tolist() == [1, 0]


def test_multiplication_without_the_first_number() -> None:
    """No answer to the second number alone is right more often than `trivial`, or nearer than `trivial_loss`."""
    middles = (np.arange(2000) + 0.5) / 2000
    first, second = np.meshgrid(middles, middles, indexing="ij")
    task, product = multiplication(), first * second
    for answer in (second / 2, second / 3, 0.04, 0.25, second**2 / 2):
        missed = np.abs(product - answer)
        assert np.mean(missed < 0.04) < task.trivial + 1e-3
        assert np.mean(missed**2) > task.trivial_loss - 1e-6
    assert np.mean(np.abs(product - second / 2) < 0.04) == pytest.approx(task.trivial, abs=1e-3)
    assert np.mean((product - second / 2) ** 2) == pytest.approx(task.trivial_loss, abs=1e-6)
    marked = jnp.asarray(MARKED)[None]
    nothing = jnp.zeros((1, 1))
    guess = task.guess(Batch(marked, nothing, jnp.ones((1, 6), bool), nothing, nothing))
    np.testing.assert_allclose(guess, [[[0.1 / 2]]], rtol=1e-6)


def test_symbols() -> None:
    assert classes(temporal_order(10), "c B f f d A e c e d") == [1]
    assert classes(temporal_order(12, relevant=3), "c B f f A d d d A e c e") == [1]
    assert classes(copy_memory(7, block=3), "5 2 7 . . . ! . . .") == [0] * 7 + [5, 2, 7]
    assert classes(copy_memory(7, block=3, gap="drawn"), "5 2 7 . ! . . . . .") == [0] * 5 + [5, 2, 7, 0, 0]
    assert classes(selective_copy(8, remember=3), ". C . . A A . . ? ? ?")[8:] == [2, 0, 0]
    assert classes(associative_recall(7, pairs=2), "c 4 a 1 . . . a c")[7:] == [1, 4]
    recalled = classes(multi_query_recall(9, pairs=2, vocabulary=10), "4 7 2 9 2 8 3 6 0 1 4")
    assert (recalled[4], recalled[10]) == (9 - 5, 7 - 5)
    assert classes(random_permutation(6, symbols=5), "B 3 1 1 2 3 1") == [1]
    assert classes(parity(5), "1 0 1 1 0") == [1]
    assert classes(parity(5, running=True), "1 0 1 1 0") == [1, 1, 0, 1, 1]
    assert classes(flip_flop(4, rewrites=3), "i1 w1 w1 w0 i1 i1 i0 r") == [0]
    assert SYMBOLS[-1] == "r"
    assert classes(reverse(7), "C A A D") == [4, 1, 1, 3]
    assert classes(count_out(6, choices=3), "4") == [1, 2, 3, 4, 0, 0]


def test_sentences() -> None:
    told = "they say that Clara was born in Paris , France . today Tom moved to Spain in May . Clara's mother tongue is"
    (answer,) = classes(fact_recall(13), told)
    assert FACTS[answer][2] == "French"
    tags = classes(entity_tagging(7), "the dog near Jordan with the ships and the dogs spoke near the")
    assert [LABELS[tag] for tag in tags] == ["-"] * 3 + ["PERSON"] + ["-"] * 9
    (tag,) = {*classes(entity_tagging(2, cue="before"), "city the Jordan")} - {0}
    assert LABELS[tag] == "PLACE"
    assert len(set(WORDS)) == len(WORDS)


def test_latch() -> None:
    task = latch(4, signal=2)
    inputs = np.stack([[-1, -1, 0, 0, 0, 0], [0, 0, 0.1, -0.3, 0.2, 0.0]], axis=-1)
    answer = ask(task, inputs)
    assert answer.item() == pytest.approx(-0.8)
    assert task.loss(jnp.zeros((1, 1, 1)), answer[None]).item() == pytest.approx(0.32)


@pytest.mark.parametrize(("delay", "loss"), [(100, 0.17329), (200, 0.09452), (500, 0.03999), (1000, 0.02039)])
def test_copy_memory_baseline_as_published(delay: int, loss: float) -> None:
    task = copy_memory(delay + 10)
    assert task.steps == delay + 20
    assert task.trivial_loss == pytest.approx(loss, abs=5e-6)
    assert task.trivial_loss == pytest.approx(10 * math.log(8) / (delay + 20))
    assert task.trivial == 1 / 8


@pytest.mark.parametrize("length", [5, 6, 11, 12, 19, 80, 500])
def test_facts_at_every_distance(length: int) -> None:
    task = fact_recall(length)
    choices = word_choices(length, 16)
    countries = [place for place, words in enumerate(choices) if "France" in words]
    assert len(choices) - 1 - countries[0] == length
    assert task.steps == len(choices) + len(["they", "say", "that"])


def test_criteria_and_bins() -> None:
    assert Criterion().met(accuracy=0.95, sequence_accuracy=0, loss=9)
    assert not Criterion().met(accuracy=math.nan, sequence_accuracy=1, loss=0)
    assert Criterion("loss", 0.01).met(accuracy=0, sequence_accuracy=0, loss=0.01)
    assert not Criterion("loss", 0.01).met(accuracy=1, sequence_accuracy=1, loss=math.nan)
    assert Criterion("sequence_accuracy", 0.99).met(accuracy=0.999, sequence_accuracy=0.99, loss=9)
    assert not Criterion("sequence_accuracy", 0.99).met(accuracy=0.999, sequence_accuracy=0.98, loss=0)
    assert quarters(10) == (3, 5, 8, 10)
    assert quarters(1) == (1,)


def test_impossible_settings_say_what_is_possible() -> None:
    with pytest.raises(Incompatible, match="2 or 3 relevant symbols, not 4"):
        temporal_order(50, relevant=4)
    with pytest.raises(Incompatible, match="length > block"):
        copy_memory(10)
    with pytest.raises(Incompatible, match=r"length > block \+ 1 .* not length 11"):
        copy_memory(11, gap="drawn")
    with pytest.raises(Incompatible, match=r"odd length of at least 13 .* length 11 has room for 3 queries"):
        multi_query_recall(11, pairs=4)
    with pytest.raises(Incompatible, match="before, after or either"):
        entity_tagging(5, cue="sideways")
