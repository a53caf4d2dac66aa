"""How many times as far: by hand, mirrored, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.brackets import find_brackets
from seqbench.stats.factorial import Design
from seqbench.stats.horizon_differences import (
    difference_interval,
    factor_in_words,
    factor_text,
    horizon_differences,
    turned_round,
)
from seqbench.stats.outcomes import horizon_outcome
from seqbench.stats.pairwise import compare_pairs
from seqbench.stats.preregistration import Declared
from seqbench.stats.shapley import shapley_values
from seqbench.stats.signflip import holm, sign_flip_test
from seqbench.stats.task_arrays import complete, task_arrays
from tests.stats.learners import LENGTHS, Learner, arrays, horizons, results, searched, solves

OCTAVES = np.log2(np.array([12, 25, 50, 100]) / 12)
MIDDLES = np.concatenate([[0.0], (OCTAVES[:-1] + OCTAVES[1:]) / 2, OCTAVES[-1:]])


def brackets(grid, reach):
    return find_brackets(task_arrays(complete(grid(reach))))


def test_a_pair_by_hand(grid):
    found = brackets(grid, {"plain": [1] * 10, "gru": [3] * 5 + [2] * 5})
    row = horizon_differences(found, [("gru", "plain")]).iloc[0]
    expected = (MIDDLES[3] + MIDDLES[2]) / 2 - MIDDLES[1]
    assert row["octaves"] == pytest.approx(expected)
    assert row["factor"] == pytest.approx(2**expected)
    assert (row["n"], row["improved"], row["bound"], row["verdict"]) == (10, 1.0, "", "better")
    assert row["p"] == 2 / 2**10
    assert row["factor_low"] < row["factor"] < row["factor_high"]


def test_swapping_the_methods_mirrors_everything(grid):
    found = brackets(grid, {"plain": [0, 1, 0, 2, 1, 0, 0, 3, 1, 0], "gru": [4, 3, 4, 1, 2, 4, 4, 0, 3, 4]})
    one, other = (horizon_differences(found, [pair]).iloc[0] for pair in (("gru", "plain"), ("plain", "gru")))
    np.testing.assert_allclose(
        [one["octaves"], one["low"], one["high"], one["p"]],
        [-other["octaves"], -other["high"], -other["low"], other["p"]],
    )
    assert one["factor"] == pytest.approx(1 / other["factor"])


def test_a_family_is_corrected_together(grid):
    rng = np.random.default_rng(0)
    found = brackets(grid, {name: rng.integers(0, 5, 10).tolist() for name in ("plain", "a", "b", "c")})
    table = horizon_differences(found, [(name, "plain") for name in "abc"])
    values = horizon_outcome(found).values
    p = [sign_flip_test(values[place] - values[3]) for place in range(3)]
    np.testing.assert_allclose(table["p"], p)
    np.testing.assert_allclose(table["p_holm"], holm(p))
    assert table["comparisons"].eq(3).all()


def test_what_censoring_says_of_the_factor(grid):
    found = brackets(grid, {"all": 4, "none": 0, "near": 1, "mixed": [0] * 5 + [4] * 5})
    pairs = [("all", "near"), ("near", "all"), ("near", "none"), ("mixed", "near"), ("near", "near")]
    assert horizon_differences(found, pairs)["bound"].tolist() == [
        "at least", "at most", "at least", "within the range", "",
    ]  # fmt: skip


def test_seeds_whose_search_is_under_way_are_left_out():
    cube = np.full((6, len(LENGTHS)), np.nan)
    cube[:, [0, LENGTHS.index(19)]] = 0  # the first two doublings
    under_way = cube.copy()
    under_way[0, 0] = 1
    found = find_brackets(arrays({"plain": cube, "gru": under_way}))
    assert horizon_differences(found, [("gru", "plain")])["n"].tolist() == [5]
    found = find_brackets(arrays({"plain": cube[:1], "gru": under_way[:1]}))
    row = horizon_differences(found, [("gru", "plain")]).iloc[0]
    assert (row["n"], row["verdict"]) == (0, "too few seeds to tell")


def test_the_interval_allows_for_one_unseen_failure_and_no_more():
    one, other = np.full(10, 4.0), np.full(10, 1.0)
    low, high = difference_interval((one, one), (other, other), 7.0)
    # The worst: the one method fails the shortest length (-1) or the other solves the longest (-3).
    # The best: the one method solves the longest (6) or the other fails the shortest (4).
    assert -3 < low < 3 < high < 6
    # Ten seeds alike weigh as one with weight 8.
    worst, _, best = np.random.default_rng(5).dirichlet([0.5, 8, 0.5], 200_000).T
    expected = np.quantile(3 - 6 * worst + 3 * best, [0.025, 0.975])
    np.testing.assert_allclose((low, high), expected, atol=0.05)


def test_factors_in_words():
    def words(factor, low, high, bound="", n=10, alpha=0.05):
        row = {"factor": factor, "factor_low": low, "factor_high": high, "bound": bound, "n": n, "against": "vanilla"}
        return factor_text(row, alpha)

    assert words(3.2, 2.1, 4.93) == "remembers 3.2 times as far as vanilla (95 %: 2.1 to 4.9, n = 10)"
    assert words(33.4, 12.1, 119.6, "at least", alpha=0.1) == (
        "remembers at least 33 times as far as vanilla (90 %: 12 or more, n = 10)"
    )
    assert words(1.0, np.nan, np.nan, "within the range", n=3) == (
        "remembers 1.0 times as far as vanilla within the range of lengths (n = 3)"
    )
    assert [factor_in_words(factor) for factor in (0.996, 9.94, 9.95001, 9.999, 10, 99.6, 0.0996)] == [
        "1.0", "9.9", "10", "10", "10", "100", "0.10",
    ]  # fmt: skip
    assert words(np.nan, np.nan, np.nan, n=0) == "cannot be compared with vanilla yet: no pair of searches has ended"


def test_shapley_values_of_searched_horizons_add_up():
    rng = np.random.default_rng(1)
    learners = tuple(Learner(1.5, 2 + place, 0.6) for place in range(4))
    cubes = {}
    for name, learner, true in zip(
        ("m00", "m01", "m10", "m11"), learners, horizons(learners, (6,), 0.3, rng), strict=True
    ):
        solved = solves(learner, true, rng)
        cubes[name] = results(solved, searched(solved)[0])
    outcome = horizon_outcome(find_brackets(arrays(cubes)))
    design = Design({"a": ("off", "on"), "b": ("off", "on")}, {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 3})
    values = shapley_values(design.spread(outcome.values))
    np.testing.assert_allclose(values.sum(axis=0), outcome.values[3] - outcome.values[0])


def test_a_comparison_seen_from_the_other_side_is_that_of_the_swapped_pair(grid):
    frame = complete(grid({"plain": [0, 1, 0, 2, 1, 0, 0, 3, 1, 0], "gru": [4, 3, 4, 1, 2, 4, 4, 0, 3, 4]}))
    arrays = task_arrays(frame)
    one, other = (
        compare_pairs(arrays, [pair], Declared(), "declared").iloc[0].to_dict()
        for pair in (("gru", "plain"), ("plain", "gru"))
    )
    turned = turned_round(other)
    assert turned.keys() == one.keys()
    for name, value in one.items():
        assert turned[name] == (value if isinstance(value, str) else pytest.approx(value)), name
