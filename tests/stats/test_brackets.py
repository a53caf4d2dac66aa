"""Brackets from lists of lengths and from searches: by hand, and against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqbench.plan.search import bracket_text, length_grid, next_lengths
from seqbench.stats.area import seed_areas
from seqbench.stats.brackets import bracket_table, find_brackets
from seqbench.stats.horizon_differences import horizon_differences
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.outcomes import horizon_outcome, seed_outcome
from seqbench.stats.preregistration import Declared
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


def test_a_search_ends_on_the_lengths_at_which_its_method_can_be_trained():
    # A connection of 20 steps cannot be trained at 20 or fewer; all that can be solved are lengths up to 400.
    grid = length_grid(10, 2000, 1.1)
    possible, answers = tuple(length for length in grid if length > 20), {}
    while asked := next_lengths(possible, answers):
        answers |= {length: length <= 400 for length in asked}
    rows = complete(pd.DataFrame([trial("skip", "adding", at, 1000, solved=done) for at, done in answers.items()]))
    left_out = {"adding": {"skip": tuple(length for length in grid if length <= 20)}}
    declared = Declared(searched={"adding": grid}, impossible=left_out)
    found = find_brackets(task_arrays(rows, declared))
    assert (found.solved[0, 0], found.failed[0, 0]) == (374, 411)
    assert found.ended.all()
    np.testing.assert_allclose(horizon_outcome(found).values, np.log2(np.sqrt(374 * 411) / 10))
    everywhere = find_brackets(task_arrays(rows, replace(declared, impossible={})))
    assert not everywhere.ended.any(), "a method that can be trained everywhere has 1,067 steps still to try"


@pytest.mark.parametrize("impossible", [None, {"adding": {"skip": (10,)}}])
def test_seeds_that_fail_all_lengths_at_which_their_method_can_be_trained_have_solved_nothing(grid, impossible):
    lengths = (10, 30, 60)
    frame = grid({"plain": [0, 0, 1], "skip": [0, 2, 3]}, seeds=3, lengths=lengths)
    rows = complete(frame[(frame["method"] != "skip") | (frame["length"] > 10)])
    found = find_brackets(task_arrays(rows, Declared(impossible=impossible)))
    octaves = np.log2(np.array(lengths) / 10)
    assert found.ended.all()
    assert found.below[1].tolist() == [True, False, False]
    np.testing.assert_allclose(horizon_outcome(found).values[1], [0, octaves[1:].mean(), octaves[2]])
    np.testing.assert_allclose(found.ends(), [found.octaves()] * 2)
    [row] = horizon_differences(found, [("skip", "plain")]).to_dict("records")
    assert row["n"] == 3
    # The plan says that it is to be trained at 10 too, and has not been: the seed that failed may have solved 10.
    planned = find_brackets(task_arrays(rows, Declared(impossible={})))
    assert planned.ended[1].tolist() == [False, True, True]


def test_a_method_that_cannot_be_trained_at_the_longest_lengths_remembers_at_least_as_far_as_it_can(grid):
    lengths = (10, 20, 40, 80)
    frame = grid({"plain": [4], "short": [3]}, seeds=1, lengths=lengths)
    rows = complete(frame[(frame["method"] != "short") | (frame["length"] <= 40)])
    found = find_brackets(task_arrays(rows))
    assert found.at_least.all()
    assert found.octaves().tolist() == [[3], [2]]
    assert [end.tolist() for end in found.bounds()] == [[[3], [2]]] * 2
    assert horizon_means(found)["text"].tolist() == ["at least 80 steps", "at least 40 steps"]
