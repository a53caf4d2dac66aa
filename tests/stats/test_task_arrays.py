"""Rows into blocks: identities, baselines, learning rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import (
    complete,
    find_baseline,
    method_levels,
    reporting_rows,
    task_arrays,
    with_rates_apart,
)


def test_arrays_hold_each_trial_where_it_belongs(grid):
    results = grid({"gru": [1, 3], "lstm": 2}, seeds=2).sample(frac=1, random_state=1)
    results.loc[(results["method"] == "lstm") & (results["seed"] == 1001), "outcome"] = None
    arrays = task_arrays(complete(results))
    assert (arrays.methods, arrays.seeds, arrays.lengths.tolist()) == (("gru", "lstm"), (1000, 1001), [12, 25, 50, 100])
    assert arrays.solved[0].tolist() == [[1, 0, 0, 0], [1, 1, 1, 0]]
    assert np.isnan(arrays.solved[1, 1]).all()
    assert arrays.solve_step[0, 0].tolist() == [400, 1000, 1000, 1000]


def test_minimal_frame_of_a_notebook():
    rows = complete(pd.DataFrame({"method": ["a"], "task": "t", "length": 5, "seed": 0, "outcome": "solved"}))
    assert reporting_rows(rows)["purpose"].tolist() == ["reporting"]


def test_lacking_columns_are_named():
    with pytest.raises(UsageError, match="seed, outcome"):
        complete(pd.DataFrame({"method": ["a"], "task": "t", "length": 5}))


def test_several_learning_rates_are_several_methods(grid):
    results = pd.concat([grid({"gru": 4}), grid({"gru": 1}).assign(learning_rate=0.1)])
    results["trial"] = [str(number) for number in range(len(results))]
    rows = reporting_rows(complete(results))
    assert sorted(rows["method"].unique()) == ["gru at learning rate 0.01", "gru at learning rate 0.1"]


def test_tuned_rates_that_differ_by_length_are_one_method(grid):
    results = grid({"gru": 4})
    results.loc[results["length"] == 100, "learning_rate"] = 0.1
    assert reporting_rows(complete(results))["method"].unique().tolist() == ["gru"]


def test_repeated_trials_are_refused_with_their_place(grid):
    results = pd.concat([grid({"gru": 4}), grid({"gru": 4})])
    results["trial"] = [str(number) for number in range(len(results))]
    with pytest.raises(UsageError, match="'gru' on 'adding' at length 12, seed 1000"):
        reporting_rows(complete(results))


def test_tuning_rows_are_not_compared(grid):
    results = grid({"gru": 4})
    results.loc[results["seed"] < 1003, "purpose"] = "tuning"
    assert reporting_rows(complete(results))["seed"].min() == 1003


def test_baseline_by_factors_by_name_and_declared(grid, crossed):
    crossing = crossed({"clip": ("none", "norm"), "initialisation": ("default", "identity")}, lambda *_: 1)
    crossing["method"] = crossing["method"].replace({"default": "bare network"})
    assert find_baseline(crossing, Declared()) == "bare network"
    other = Declared(references={"clip": "norm", "initialisation": "identity"})
    assert find_baseline(crossing, other) == "norm+identity"
    named = complete(grid({"Vanilla": 0, "gru": 4}))
    assert find_baseline(named, Declared()) == "Vanilla"
    assert find_baseline(named, Declared(baseline="gru")) == "gru"
    assert find_baseline(named, Declared(baseline="absent")) is None
    assert find_baseline(complete(grid({"lstm": 0, "gru": 4})), Declared()) is None


def test_levels_are_text_and_only_factors_that_vary(grid):
    rows = complete(grid({"plain": 0, "gru": 4, "lstm": 4}).assign(clip=25.0, skip=None, gating="on"))
    rows.loc[rows["method"] == "plain", "clip"] = 1.0
    levels = method_levels(rows)
    assert levels.to_dict() == {"clip": {"plain": "1.0", "gru": "25.0", "lstm": "25.0"}}


def test_method_without_a_level_is_outside_of_the_factorial(crossed, grid):
    """A level that is missing is not the level `none`: the listed method takes no part in finding the baseline."""
    crossing = crossed({"clip": ("none", "norm"), "skip": ("none", "residual")}, lambda *_: 1)
    listed = complete(grid({"LSTM": 4}))
    rows = pd.concat([listed, crossing], ignore_index=True)
    assert sorted(method_levels(rows).index) == ["norm", "norm+residual", "plain", "residual"]
    assert find_baseline(rows, Declared()) == "plain"
    assert find_baseline(rows[rows["method"] != "plain"], Declared()) is None
    half = rows.assign(skip=rows["skip"].where(rows["method"] != "norm"))
    assert "norm" not in method_levels(half).index


def test_tuning_rows_keep_their_method_and_single_rates_their_name(grid):
    results = pd.concat([grid({"gru": 4, "lstm": 2}), grid({"gru": 1}).assign(learning_rate=0.1)])
    tried = grid({"gru": 4}, seeds=2).assign(purpose="tuning")
    found = with_rates_apart(pd.concat([results, tried], ignore_index=True))
    assert set(found["method"]) == {"gru at learning rate 0.01", "gru at learning rate 0.1", "lstm", "gru"}
    assert set(found.loc[found["method"] == "gru", "purpose"]) == {"tuning"}


def test_a_trial_of_two_methods_counts_for_both_and_twice_in_one_counts_once(grid):
    results = grid({"gru": 4}, seeds=2)
    alike = results.assign(method="also gru")
    rows = complete(pd.concat([results, alike, results], ignore_index=True))
    assert rows["method"].value_counts().to_dict() == {"gru": 8, "also gru": 8}
