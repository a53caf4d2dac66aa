"""Shapley values: known games, and what they must add up to."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from seqbench.stats.factorial import contrast, effects, find_design
from seqbench.stats.interval import bootstrap_interval
from seqbench.stats.pairwise import compare_pairs
from seqbench.stats.preregistration import Declared
from seqbench.stats.shapley import shapley, shapley_values
from seqbench.stats.task_arrays import task_arrays

TWO = {"clip": ("none", "norm"), "gating": ("none", "gru")}


def table_of(rows):
    plan = Declared(outcome="solved")
    arrays = task_arrays(rows, plan)
    return shapley(arrays, find_design(rows, arrays, plan), plan)


def test_glove_game():
    # Two left gloves and one right: only a pair is worth 1. Known values: 1/6, 1/6, 4/6.
    cells = np.zeros((2, 2, 2, 1))
    for left, other_left, right in np.ndindex(2, 2, 2):
        cells[left, other_left, right] = min(left + other_left, right)
    np.testing.assert_allclose(shapley_values(cells)[:, 0], [1 / 6, 1 / 6, 4 / 6])


def test_agrees_with_the_mean_over_all_orders():
    cells = np.random.default_rng(0).random((2, 2, 2, 2, 3))
    expected = np.zeros((4, 3))
    for order in permutations(range(4)):
        at = [0, 0, 0, 0]
        for player in order:
            before = cells[tuple(at)]
            at[player] = 1
            expected[player] += (cells[tuple(at)] - before) / 24
    np.testing.assert_allclose(shapley_values(cells), expected)
    np.testing.assert_allclose(shapley_values(cells).sum(axis=0), cells[1, 1, 1, 1] - cells[0, 0, 0, 0])


def test_equals_the_main_effect_when_nothing_is_higher_than_two_way():
    rng = np.random.default_rng(1)
    single, pair = rng.random(3), rng.random((3, 3))
    cells = np.zeros((2, 2, 2, 1))
    for at in np.ndindex(2, 2, 2):
        x = np.array(at)
        cells[at] = single @ x + sum(pair[i, j] * x[i] * x[j] for i in range(3) for j in range(i))
    for player, value in enumerate(shapley_values(cells)):
        np.testing.assert_allclose(value, contrast(cells, {player: 1}))
    three_way = np.zeros((2, 2, 2, 1))
    three_way[1, 1, 1] = 1.0
    np.testing.assert_allclose(shapley_values(three_way)[0], 1 / 3)
    np.testing.assert_allclose(contrast(three_way, {0: 1}), 1 / 4)


def test_alone_last_and_shapley_by_hand(crossed):
    place = {("none", "none"): 0, ("norm", "none"): 1, ("none", "gru"): 2, ("norm", "gru"): 4}
    table = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]])).set_index("factor")
    assert table.loc["clip", ["alone", "remove_one", "shapley", "main"]].tolist() == [0.25, 0.5, 0.375, 0.375]
    assert table["shapley"].sum() == pytest.approx(1.0)
    assert table["full"].unique().tolist() == ["clip=norm, gating=gru"]
    assert table["warning"].tolist() == ["", ""]


def test_warns_when_alone_and_average_disagree(crossed):
    place = {("none", "none"): 1, ("norm", "none"): 0, ("none", "gru"): 1, ("norm", "gru"): 4}
    table = table_of(crossed(TWO, lambda own, _: place[own["clip"], own["gating"]])).set_index("factor")
    assert "opposite" in table["warning"]["clip"]


def test_one_set_a_choice_of_levels(crossed):
    table = table_of(crossed({"clip": ("none", "norm", "value"), "gating": ("none", "gru")}, lambda *_: 1))
    assert table["full"].unique().tolist() == ["clip=norm, gating=gru", "clip=value, gating=gru"]


def test_none_where_a_combination_is_missing(crossed):
    rows = crossed(TWO, lambda *_: 1)
    assert table_of(rows[rows["method"] != "gru"]).empty


@pytest.mark.parametrize(("least", "most"), [(0.1, 0.95), (0.85, 0.99)])
def test_intervals_cover_at_ten_seeds(least, most):
    """A Shapley value of sixteen all-or-nothing trials a seed, also where hardly any of them fails."""
    rng = np.random.default_rng(3)
    rates = rng.uniform(least, most, (2, 2, 2, 2, 1))
    truth = shapley_values(rates)[0, 0]
    ends = [bootstrap_interval(shapley_values((rng.random((2, 2, 2, 2, 10)) < rates) * 1.0)[0], -1, 1)
            for _ in range(600)]  # fmt: skip
    assert np.mean([low <= truth <= high for low, high in ends]) >= 0.93


def test_one_quantity_has_one_interval(crossed):
    """What stands elsewhere in the report too has the interval it has there."""
    rng = np.random.default_rng(4)
    rows = crossed(TWO, lambda own, _: int(rng.integers(0, 3)) + 2 * (own["gating"] == "gru"))
    # Two seeds with clipping alone solve 50 and not 12 or 25: intervals hold every horizon that these leave open.
    contradicting = (rows["method"] == "norm") & rows["seed"].isin([1000, 1001])
    rows.loc[contradicting, "outcome"] = np.where(rows.loc[contradicting, "length"] == 50, "solved", "chance")
    plan = Declared(outcome="horizon")
    arrays = task_arrays(rows, plan)
    design = find_design(rows, arrays, plan)
    own = shapley(arrays, design, plan).set_index("factor").loc["clip"]
    pair = compare_pairs(arrays, [("norm", "plain")], plan, "declared").iloc[0]
    assert (own["alone_low"], own["alone_high"]) == (pair["low"], pair["high"])
    main = effects(arrays, design, plan).set_index(["outcome", "effect"]).loc[("horizon", "clip=norm")]
    assert (own["main_low"], own["main_high"]) == (main["low"], main["high"])
    assert own["shapley_low"] < own["shapley"] < own["shapley_high"]
