"""Turnbull's estimate: by hand, against the likelihood's own maximum, and its convention at the ends."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from seqbench.stats.turnbull import expectations, turnbull

INF = np.inf


def ends(*brackets):
    low, high = np.array(brackets, float).T
    return low, high


def test_disjoint_brackets_are_shares():
    found = turnbull(*ends((1, 2), (1, 2), (3, 4), (-INF, 0)))
    np.testing.assert_array_equal(found.low, [-INF, 1, 3])
    np.testing.assert_allclose(found.share, [0.25, 0.5, 0.25])
    # Below the range stands at its lower end, 0.
    assert found.mean(5.0) == 0.25 * 0 + 0.5 * 1.5 + 0.25 * 3.5


def test_a_bracket_that_ends_where_another_begins_does_not_meet_it():
    found = turnbull(*ends((0, 1), (1, 2), (-INF, 0)))
    np.testing.assert_array_equal(found.high, [0, 1, 2])
    np.testing.assert_allclose(found.share, [1 / 3] * 3)


def test_a_wide_bracket_splits_as_the_closed_ones_inside_do():
    low, high = ends((1, 2), (1, 2), (3, 4), (0, INF))
    found = turnbull(low, high)
    np.testing.assert_allclose(found.share, [2 / 3, 1 / 3], atol=1e-8)
    each = expectations(found, low, high, 5.0)
    np.testing.assert_allclose(each, [1.5, 1.5, 3.5, 2 / 3 * 1.5 + 3.5 / 3], atol=1e-7)
    assert np.isclose(each.mean(), found.mean(5.0))


def test_a_lone_open_bracket_stands_at_the_middle_of_what_is_left():
    found = turnbull(*ends((2, INF)))
    assert found.mean(5.0) == 3.5
    assert found.mean(2.0) == 2.0, "right-censored at the end of the range"


def test_it_is_the_maximum_of_the_likelihood():
    rng = np.random.default_rng(3)
    low = rng.integers(0, 8, 25).astype(float)
    high = low + rng.integers(1, 5, 25)
    found = turnbull(low, high)
    inside = (low[:, None] <= found.low) & (found.high <= high[:, None])

    def loss(logits):
        share = np.exp(logits - logits.max())
        return -np.log(inside @ (share / share.sum())).sum()

    best = min(
        (optimize.minimize(loss, start) for start in rng.normal(size=(5, found.share.size))), key=lambda fit: fit.fun
    )
    assert -np.log(inside @ found.share).sum() <= best.fun + 1e-6


def test_survival_within_and_beyond_the_brackets():
    found = turnbull(*ends((-INF, 0), (1, 2), (3, INF), (3, INF)))
    np.testing.assert_allclose(found.beyond(np.array([0, 1, 1.5, 2, 3, 9])), [0.75, 0.75, 0.625, 0.5, 0.5, 0])
