"""Area under the solve-rate curve."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.area import areas, seed_areas
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, task_arrays


def test_trapezoid_by_hand(grid):
    # Lengths an octave apart: solved, solved, failed, failed is 1 + 1/2 octaves of 3.
    arrays = task_arrays(complete(grid({"gru": 2, "plain": 0, "lstm": 4}, seeds=5, lengths=(10, 20, 40, 80))))
    table = areas(arrays, Declared()).set_index("method")
    assert table["area"].to_dict() == pytest.approx({"gru": 1.5, "plain": 0.0, "lstm": 3.0})
    assert table["share"]["gru"] == pytest.approx(0.5)
    assert table["low"]["lstm"] < 3.0 == table["high"]["lstm"]


def test_a_gap_costs_area(grid):
    results = grid({"gru": 4}, seeds=1, lengths=(10, 20, 40, 80))
    results.loc[results["length"] == 20, "outcome"] = "chance"
    assert seed_areas(task_arrays(complete(results)))[0, 0] == pytest.approx(0.5 + 0.5 + 1.0)


def test_a_seed_with_a_missing_length_has_no_area(grid):
    results = grid({"gru": 4}, seeds=3)
    results.loc[(results["length"] == 25) & (results["seed"] == 1001), "outcome"] = None
    arrays = task_arrays(complete(results))
    assert np.isnan(seed_areas(arrays)[0]).tolist() == [False, True, False]
    assert areas(arrays, Declared())["n"].tolist() == [2]


def test_difference_from_the_baseline_pairs_whole_curves(grid):
    # Octaves apart: horizons 3 and 1 of four lengths are areas of 2.5 and 0.5.
    rows = complete(grid({"plain": 1, "gru": 3, "lstm": [1] * 5 + [3] * 5}, lengths=(10, 20, 40, 80)))
    table = areas(task_arrays(rows), Declared()).set_index("method")
    assert table["difference"]["gru"] == pytest.approx(2.0)
    assert table["difference_low"]["gru"] < 2.0 < table["difference_high"]["gru"] <= 3.0
    assert table["p"]["gru"] == pytest.approx(2 / 2**10)
    assert table["p"]["lstm"] == pytest.approx(2 / 2**5), "five seeds tie and say nothing"
    assert table["p_holm"].tolist()[:2] == pytest.approx([2 * 2 / 2**10, 2 / 2**5])
    assert table.loc["plain", ["pairs", "difference", "p"]].isna().all()
    assert (table["against"] == "plain").all()


def test_only_seeds_with_whole_curves_of_both_are_paired(grid):
    rows = complete(grid({"plain": 1, "gru": 3}))
    rows = rows[~((rows["method"] == "gru") & (rows["length"] == 25) & (rows["seed"] == 1001))]
    table = areas(task_arrays(rows), Declared()).set_index("method")
    assert table["pairs"]["gru"] == 9
    assert table["p"]["gru"] == pytest.approx(2 / 2**9)


def test_without_a_baseline_there_is_no_difference(grid):
    table = areas(task_arrays(complete(grid({"gru": 3, "lstm": 1}))), Declared())
    assert table[["against", "difference", "p"]].isna().all(axis=None)


def test_a_method_that_cannot_be_trained_everywhere_has_the_area_over_its_own_lengths(grid):
    # Octaves apart: `skip` solves 20 and 40 of 20, 40, 80, which is 1 + 1/2 octaves of 2; `plain` solves 10 and 20 of
    # all, and of these three 20 alone, half an octave.
    frame = grid({"plain": 2, "skip": 3}, lengths=(10, 20, 40, 80))
    rows = complete(frame[(frame["method"] != "skip") | (frame["length"] > 10)])
    table = areas(task_arrays(rows), Declared()).set_index("method")
    assert table["area"].to_dict() == {"plain": 1.5, "skip": 1.5}
    assert table["range"].to_dict() == {"plain": 3.0, "skip": 2.0}
    assert table.loc["skip", ["pairs", "difference"]].tolist() == [10, 1.0]
    alone = complete(frame[(frame["method"] != "skip") | (frame["length"] == 80)])
    table = areas(task_arrays(alone), Declared()).set_index("method")
    assert np.isnan(table["difference"]["skip"]), "a single length in common spans no octaves"
