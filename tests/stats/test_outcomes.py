"""One number a seed."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.horizon_differences import difference_interval
from seqbench.stats.outcomes import paired_interval, seed_outcome
from seqbench.stats.task_arrays import complete, task_arrays


@pytest.fixture
def arrays(grid):
    results = grid({"gru": [2, 4, 4]}, seeds=3)
    lost = (results["seed"] == 1001) & (results["length"] == 100)
    results.loc[lost, ["outcome", "accuracy", "solved_at"]] = ["diverged", np.nan, np.nan]
    results.loc[(results["seed"] == 1002) & (results["length"] == 50), "outcome"] = None
    return task_arrays(complete(results))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("horizon", [np.log2(25 / 12) + 0.5, np.log2(50 / 12) + 0.5, np.log2(100 / 12)]),
        ("area", [np.log2(25 / 12) + 0.5, np.log2(50 / 12) + 0.5, np.nan]),
        ("solved", [0.5, 0.75, np.nan]),
        ("accuracy", [0.5, 0.0, 0.99]),
        ("steps", [(0.4 + 0.4 + 1 + 1) / 4, (0.4 * 3 + 1) / 4, np.nan]),
    ],
)
def test_by_hand(arrays, name, values):
    found = seed_outcome(arrays, name)
    assert found.name == name
    np.testing.assert_allclose(found.values[0], values)
    finite = found.values[np.isfinite(found.values)]
    assert ((found.low <= finite) & (finite <= found.high)).all()
    assert found.better == (-1 if name == "steps" else 1)


def test_a_single_length_has_no_octaves(grid):
    arrays = task_arrays(complete(grid({"gru": [1, 0]}, seeds=2, lengths=(50,))))
    assert seed_outcome(arrays, "horizon").name == "solved"
    assert seed_outcome(arrays, "horizon").values.tolist() == [[1.0, 0.0]]


def test_intervals_hold_all_results_that_contradict_each_other(grid):
    # `gru` solves 12 and 50 and fails 25 and 100: the furthest horizon lies in [50, 100), and in [12, 100) without
    # dispute. The difference from `plain`, which solves nothing, has the interval of these ends.
    frame = grid({"plain": 0, "gru": 3})
    frame.loc[(frame["method"] == "gru") & (frame["length"] == 25), "outcome"] = "chance"
    outcome = seed_outcome(task_arrays(complete(frame)), "horizon")
    middle, top = (np.log2(50 / 12) + np.log2(100 / 12)) / 2, np.log2(100 / 12)
    assert [each[0].tolist() for each in outcome[2:5]] == [pytest.approx([at] * 10) for at in (middle, 0.0, top)]
    one, other = ((outcome.least[at], outcome.most[at]) for at in (0, 1))
    zero = np.zeros(10)
    expected = difference_interval((zero, zero + top), (zero, zero), top)
    assert paired_interval(outcome, one, other, 0.05) == pytest.approx(expected)
    assert expected[0] <= 0 < middle < expected[1]


def test_outcomes_that_are_no_horizon_have_no_ends_of_their_own(arrays):
    outcome = seed_outcome(arrays, "solved")
    assert outcome.least is outcome.values is outcome.most


def test_what_is_never_solved_takes_the_whole_budget_of_its_own_method(grid):
    # Neither solves anything, one in 1,000 steps and the other in 2,000.
    frame = grid({"long": 0, "short": 0}, seeds=6)
    frame.loc[frame["method"] == "long", ["budget", "steps"]] = 2000
    arrays = task_arrays(complete(frame))
    assert arrays.budgets.tolist() == [[2000] * 4, [1000] * 4]
    assert seed_outcome(arrays, "steps").values.tolist() == [[1] * 6] * 2
