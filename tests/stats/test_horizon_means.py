"""Mean horizons of methods: by hand, with censoring in words."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.area import seed_areas
from seqbench.stats.brackets import find_brackets
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.interval import jeffreys_mean_interval
from seqbench.stats.task_arrays import complete, task_arrays

LONGEST = np.log2(100 / 12)


def means(grid, reach, seeds=10, missing=()):
    frame = grid(reach, seeds=seeds)
    for seed, length in missing:
        frame.loc[(frame["seed"] == seed) & (frame["length"] == length), "outcome"] = None
    arrays = task_arrays(complete(frame))
    return horizon_means(find_brackets(arrays)).set_index("method"), arrays


def test_one_row_a_method_by_hand(grid):
    table, arrays = means(grid, {"plain": 0, "gru": [4] * 6 + [1] * 4})
    gru = table.loc["gru"]
    assert (gru["n"], gru["open"], gru["at_least"], gru["below"], gru["trials"]) == (10, 0, 6, 0, 40)
    assert gru["octaves"] == pytest.approx(0.6 * LONGEST + 0.4 * np.log2(25 / 12) / 2)
    assert gru["horizon"] == pytest.approx(12 * 2 ** gru["octaves"])
    values = [LONGEST] * 6 + [np.log2(25 / 12) / 2] * 4
    assert (gru["low"], gru["high"]) == jeffreys_mean_interval(values, 0.0, LONGEST)
    assert table["octaves"].tolist() == pytest.approx(seed_areas(arrays).mean(axis=1).tolist())


def test_censoring_stands_in_the_words(grid):
    table, _ = means(grid, {"all": 4, "none": 0, "both": [0] * 5 + [4] * 5, "inside": 2})
    assert table["text"]["all"].startswith("at least 100 steps (95 %: ")
    assert table["text"]["none"].startswith("at most 12 steps (95 %: 21 or less")
    # Half at the shortest, half at the longest: the mean is 12 times the root of 100 / 12, and may lie on either side.
    assert table["text"]["both"].startswith("35 steps within the range of lengths (95 %: ")
    assert table["text"]["inside"].startswith("35 steps (95 %: ")
    assert table["bound"].to_dict() == {"all": "at least", "none": "at most", "both": "within the range", "inside": ""}


def test_a_wide_bracket_widens_the_interval(grid):
    whole, _ = means(grid, {"gru": [2] * 10})
    part, _ = means(grid, {"gru": [2] * 10}, missing=[(1000, 50)])
    assert (part["open"]["gru"], whole["open"]["gru"]) == (1, 0)
    assert part["octaves"]["gru"] == pytest.approx(whole["octaves"]["gru"], abs=1e-6)
    assert part["low"]["gru"] <= whole["low"]["gru"]
    assert part["high"]["gru"] > whole["high"]["gru"]


def test_no_interval_below_five_seeds(grid):
    table, _ = means(grid, {"gru": [2] * 4}, seeds=4)
    assert np.isnan(table["low"]["gru"])
    assert table["text"]["gru"] == "35 steps"
