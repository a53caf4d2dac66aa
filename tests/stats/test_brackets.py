"""Brackets from lists of lengths and from searches: by hand, and against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.plan.search import bracket_text
from seqbench.stats.area import seed_areas
from seqbench.stats.brackets import bracket_table, find_brackets
from seqbench.stats.outcomes import horizon_outcome, seed_outcome
from seqbench.stats.task_arrays import complete, task_arrays
from tests.stats.conftest import LENGTHS as LISTED
from tests.stats.conftest import trial
from tests.stats.learners import LENGTHS, Learner, arrays, horizons, middles, results, searched, solves

INF = np.inf


def table(grid, reach, **cut):
    """Bracket table of a list of lengths, some of whose trials `(seed, length)` have not finished."""
    frame = grid(reach)
    for seed, length in cut.get("missing", ()):
        frame.loc[(frame["seed"] == seed) & (frame["length"] == length), "outcome"] = None
    return bracket_table(find_brackets(task_arrays(complete(frame)))).set_index("seed")


def test_a_list_of_lengths_by_hand(grid):
    found = table(grid, {"gru": [0, 1, 2, 3, 4]})
    assert found["solved"].tolist()[:5] == [0, 12, 25, 50, 100]
    assert found["failed"].tolist()[:5] == [12, 25, 50, 100, INF]
    assert (found["below"].sum(), found["at_least"].sum()) == (1, 1)
    assert found["ended"].all()
    octaves = np.log2(np.array(LISTED) / 12)
    np.testing.assert_allclose(found["octaves"], [0, *(octaves[:-1] + octaves[1:]) / 2, octaves[-1]])


def test_the_horizon_of_a_seed_on_a_complete_list_is_the_area_under_its_solved_curve(grid):
    own = task_arrays(complete(grid({"plain": [0, 0, 1, 2, 1], "gru": [0, 1, 2, 3, 4]}, seeds=5)))
    np.testing.assert_allclose(find_brackets(own).octaves(), seed_areas(own), atol=1e-12)
    np.testing.assert_allclose(horizon_outcome(find_brackets(own)).values, seed_outcome(own, "horizon").values)


def test_a_missing_trial_leaves_the_bracket_open_unless_others_decide(grid):
    found = table(grid, {"gru": [2, 2, 2, 2, 4]}, missing=[(1000, 50), (1001, 25), (1002, 12)])
    assert (found["solved"][1000], found["failed"][1000]) == (25, 100), "50 is between and unknown"
    assert (found["solved"][1001], found["failed"][1001]) == (12, 50)
    assert (found["solved"][1002], found["failed"][1002]) == (25, 50), "that 12 is missing says nothing"
    assert found["ended"].tolist() == [False, False, True, True, True]
    # The open one may lie in [25, 50) with three others, or in [50, 100) with none: the likeliest is with the others.
    assert found["octaves"][1000] == found["octaves"][1003]
    assert found["low"][1000] < found["octaves"][1000] < found["high"][1000]


def test_a_seed_that_has_not_started_has_no_bracket(grid):
    frame = grid({"gru": [2] * 5}, seeds=5)
    frame.loc[frame["seed"] == 1004, "outcome"] = None
    found = find_brackets(task_arrays(complete(frame)))
    assert np.isnan(found.octaves()[0, 4])
    assert np.isnan(horizon_outcome(found).values[0, 4])
    assert len(bracket_table(found)) == 4


def test_an_estimate_contradicts_the_fewest_results_and_the_interval_spans_all_contradictions():
    rows = [
        trial("gru", "adding", length, seed, solved=solved)
        for seed, answers in ((1000, (1, 0, 1, 0)), (1001, (1, 1, 0, 0)), (1002, (0, 1, 1, 1)))
        for length, solved in zip(LISTED, answers, strict=True)
    ]
    found = find_brackets(task_arrays(complete(pd.DataFrame(rows))))
    own = bracket_table(found)
    assert own["violations"].tolist() == [1, 0, 1]
    assert own["solved"].tolist() == [50, 25, 100]
    assert own["failed"].tolist() == [100, 50, INF]
    assert own["least"].tolist() == [12, 25, 0]
    assert own["most"].tolist() == [100, 50, INF]
    assert own["text"].tolist() == [
        "solved 50, failed 100 (1 contradiction: between 12 and 100)",
        "solved 25, failed 50",
        "solved 100 (1 contradiction: anywhere)",
    ]
    assert own["ended"].all()
    octaves = np.log2(np.array(LISTED) / 12)
    np.testing.assert_allclose(own["octaves"], [octaves[2:].mean(), octaves[1:3].mean(), octaves[3]])
    least, most = found.ends()
    np.testing.assert_allclose(least[0], [0, own["octaves"][1], 0])
    np.testing.assert_allclose(most[0], [octaves[3], own["octaves"][1], octaves[3]])


def test_searches_of_different_lengths_are_brackets_on_one_grid():
    rng = np.random.default_rng(0)
    [true] = horizons((Learner(0, 6, 0.7, 1.0, 1.5),), (200,), 0.0, rng)
    solved = solves(Learner(0, 6, 0.7), true, rng)
    visited, low, high = searched(solved)
    found = find_brackets(arrays({"gru": results(solved, visited)}))
    assert found.ended.all(), "the rule written in arrays and the rule of the plan stop at the same results"
    assert not found.wide.any()
    np.testing.assert_array_equal(found.solved[0], np.append(0, LENGTHS)[low + 1])
    np.testing.assert_array_equal(found.failed[0], np.append(LENGTHS, INF)[high])
    np.testing.assert_allclose(found.octaves()[0], middles(low, high))
    inside = ~found.below[0] & ~found.at_least[0]
    assert ((found.low[0] <= true) & (true < found.high[0]))[inside].all()


def test_a_search_under_way_is_open_and_left_out_of_outcomes():
    cube = np.full((2, len(LENGTHS)), np.nan)
    cube[0, :1] = 1  # the first doubling only
    cube[1, [0, LENGTHS.index(19)]] = 0  # two doublings
    found = find_brackets(arrays({"gru": cube}))
    assert found.ended[0].tolist() == [False, True]
    assert bracket_table(found)["text"].tolist() == ["solved 10", "failed 10"]
    assert np.isnan(horizon_outcome(found).values[0]).tolist() == [True, False]


def test_brackets_in_words():
    assert bracket_text(160, 226) == "solved 160, failed 226"
    assert bracket_text(0, 10) == "failed 10"
    assert bracket_text(2000, INF) == "solved 2000"
    assert bracket_text(0, INF) == "not started"
