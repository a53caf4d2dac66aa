"""Tasks in the form of a paper's code, against the definition in NumPy or by counting."""

import math

import jax
import numpy as np
import pytest

from seqbench.contracts.tasks import QUICK
from seqbench.tasks.adding import adding
from seqbench.tasks.copy_memory import copy_memory
from seqbench.tasks.multi_query_recall import multi_query_recall
from seqbench.tasks.random_permutation import random_permutation

MANY = 8192


def drawn(task, sequences: int = MANY):
    key = jax.random.key(2)
    program = jax.jit(lambda key: task.sample(key, sequences)).lower(key).compile(compiler_options=QUICK)
    return jax.tree.map(np.asarray, program(key))


def require_even(counts: np.ndarray) -> None:
    """Demand that outcomes counted so often are equally likely, within five standard errors."""
    expected = counts.sum() / len(counts)
    assert np.abs(counts - expected).max() < 5 * math.sqrt(expected)


def test_marks_anywhere_are_every_pair_of_steps_equally_often() -> None:
    batch = drawn(adding(5, marks="anywhere"))
    marker = batch.inputs[..., 1]
    assert (marker.sum(1) == 2).all()
    pairs = np.nonzero(marker)[1].reshape(MANY, 2)
    names, counts = np.unique(pairs @ [5, 1], return_counts=True)
    assert len(names) == 10
    require_even(counts)
    assert (batch.distance[:, 0] == 4 - pairs[:, 0]).all()
    assert batch.distance.mean() == pytest.approx((2 * 5 - 1) / 3, abs=0.05)


def test_tcn_copy_memory_is_numbers_with_the_marker_on_the_last_eleven_steps() -> None:
    batch, delay = drawn(copy_memory(30, marker="repeated", inputs="scalar")), 20
    digits = batch.inputs[:, :10, 0]
    parts = digits, np.zeros((MANY, delay - 1)), np.full((MANY, 11), 9)
    np.testing.assert_array_equal(batch.inputs[..., 0], np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(batch.targets, np.concatenate([np.zeros((MANY, delay + 10)), digits], axis=1))
    require_even(np.unique(digits, return_counts=True)[1])
    assert batch.distance[batch.weights > 0].tolist() == [30] * 10 * MANY


def test_variable_copy_draws_every_gap_equally_often() -> None:
    batch, longest = drawn(copy_memory(10, block=3, gap="drawn")), 6
    gaps = batch.inputs.argmax(1) - 3
    assert (batch.inputs[np.arange(MANY), gaps + 3] == 9).all()
    names, counts = np.unique(gaps, return_counts=True)
    assert names.tolist() == list(range(1, longest + 1))
    require_even(counts)
    shown = [row[:3].tolist() for row in batch.inputs]
    answers = [row[weights > 0].tolist() for row, weights in zip(batch.targets, batch.weights, strict=True)]
    assert shown == answers
    at = batch.weights.argmax(1)
    assert (batch.distance[:, 0] == at).all()
    assert (at == gaps + 4).all()


def test_random_permutation_is_one_of_two_symbols_then_noise_from_the_other_98() -> None:
    batch = drawn(random_permutation(20))
    shown = batch.inputs
    assert shown.shape == (MANY, 21)
    first, noise = (np.unique(part, return_counts=True) for part in (shown[:, 0], shown[:, 1:]))
    assert first[0].tolist() == [0, 1]
    assert noise[0].tolist() == list(range(2, 100))
    require_even(first[1])
    require_even(noise[1])
    np.testing.assert_array_equal(batch.targets.ravel(), shown[:, 0])
    assert (batch.distance == 20).all()


@pytest.mark.parametrize("length", [13, 16])
def test_queries_stand_at_places_that_the_power_law_draws(length: int) -> None:
    """The places of the first pair's query by weight, of the second's by the weights that are then left."""
    pairs, power_a = 2, 0.25
    task = multi_query_recall(length, pairs=pairs, vocabulary=10, power_a=power_a)
    batch = drawn(task)
    queries = [np.nonzero(row)[0] for row in batch.weights]
    places = np.unique(np.concatenate(queries))
    assert places.tolist() == list(range(length + 1, 2 * pairs - 1, -2))[::-1]
    weights = np.arange(1, len(places) + 1) ** (power_a - 1)
    first = weights / weights.sum()
    second = np.array([sum(first[j] * weights[i] / (weights.sum() - weights[j])
                           for j in range(len(first)) if j != i) for i in range(len(first))])  # fmt: skip
    asked = batch.inputs[np.arange(MANY)[:, None], np.stack(queries)]
    for pair, expected in enumerate((first, second)):
        at = np.stack(queries)[asked == batch.inputs[:, 2 * pair, None]]
        found = np.bincount(np.searchsorted(places, at), minlength=len(places)) / MANY
        assert np.abs(found - expected).max() < 5 * math.sqrt(0.25 / MANY)
    assert batch.distance.max() == length


def test_keys_values_and_distractors_are_even_and_no_key_or_value_is_paired_twice() -> None:
    batch = drawn(multi_query_recall(29, pairs=4, vocabulary=18))
    keys, values = batch.inputs[:, 0:8:2], batch.inputs[:, 1:8:2]
    for shown, known in ((keys, range(1, 9)), (values, range(9, 18))):
        assert (np.diff(np.sort(shown, axis=1), axis=1) > 0).all()
        for column in shown.T:
            names, counts = np.unique(column, return_counts=True)
            assert names.tolist() == list(known)
            require_even(counts)
    noise = batch.inputs[:, 8:][batch.weights[:, 8:] == 0]
    names, counts = np.unique(noise, return_counts=True)
    assert names.tolist() == list(range(18))
    require_even(counts)


def test_multi_query_recall_of_the_published_size() -> None:
    task = multi_query_recall(61, pairs=4, vocabulary=8192)
    assert task.steps == 64 - 1
    assert task.trivial == 1 / 4096
    assert task.trivial_loss == pytest.approx(math.log(4096))
    batch = drawn(task, 2)
    assert batch.weights.sum(1).tolist() == [4, 4]
