"""Other thresholds of "solved"."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench import protocol, schema
from seqbench.stats import sensitivity as sensitivity_again
from seqbench.stats.preregistration import Declared
from seqbench.stats.sensitivity import budget_sensitivity, first_held, sensitivity
from seqbench.stats.task_arrays import complete
from seqbench.training import rows as training


@pytest.fixture
def rows(grid):
    """At the longest length the ten seeds end at accuracies 0.90, 0.91, ... 0.99."""
    results = grid({"gru": 4})
    last = results["length"] == 100
    results.loc[last, "accuracy"] = 0.90 + 0.01 * (results.loc[last, "seed"] - 1000)
    results.loc[last, "outcome"] = np.where(results.loc[last, "accuracy"] >= 0.95 - 1e-9, "solved", "partial")
    return complete(results)


def test_thresholds_around_the_declared_one(rows):
    table = sensitivity(rows, None, Declared(sensitivity=(0.925, 0.985))).set_index("tau")
    assert table["solved_longest"].to_dict() == {0.925: 7, 0.95: 5, 0.985: 1}
    assert table["declared"].to_dict() == {0.925: False, 0.95: True, 0.985: False}
    assert table["octaves"].is_monotonic_decreasing
    assert np.isnan(table.loc[0.925, "median_step"])


def test_no_threshold_above_the_criterion_is_judged_where_trials_stopped_once_solved(rows):
    # The criterion is 0.95. One trial of ten stopped at it after half of the budget.
    declared = Declared(sensitivity=(0.90, 0.99))
    assert sensitivity(rows, None, declared)["tau"].tolist() == [0.90, 0.95, 0.99]
    solved = rows.index[rows["solved_at"].notna()]
    rows.loc[solved[0], "steps"] = 500
    assert sensitivity(rows, None, declared)["tau"].tolist() == [0.90, 0.95]
    # Another task, on which all trials trained on, keeps its numbers; so does a declared threshold.
    other = rows.assign(task="recall", trial="recall-" + rows["trial"], steps=1000)
    both = sensitivity(pd.concat([rows, other], ignore_index=True), None, declared)
    assert both[both["tau"] == 0.99]["task"].tolist() == ["recall"]
    assert sensitivity(rows, None, Declared(tau=0.97, sensitivity=(0.99,)))["tau"].tolist() == [0.97]


def test_steps_from_curves(rows):
    accuracies = [0.5, 0.93, 0.5, 0.93, 0.93, 0.96, 0.99, 0.99, 0.99, 0.99]
    curves = pd.DataFrame({
        "trial": np.repeat(rows["trial"].to_numpy(), 10),
        "step": np.tile(np.arange(100, 1001, 100), len(rows)),
        "validation_accuracy": np.tile(accuracies, len(rows)),
    })  # fmt: skip
    table = sensitivity(rows, curves, Declared(sensitivity=(0.90, 0.985, 0.999))).set_index("tau")
    assert table["median_step"][[0.90, 0.985, 0.999]].tolist() == [400, 700, np.inf]
    even = curves["trial"].isin(rows.loc[rows["seed"] % 2 == 0, "trial"])
    curves.loc[even, "validation_accuracy"] = 0.5
    table = sensitivity(rows, curves, Declared(sensitivity=(0.90, 0.985))).set_index("tau")
    assert table["median_step"][[0.90, 0.985]].tolist() == [400, 700], "exactly half of the ten seeds solve"


def test_three_in_a_row_within_one_trial():
    curves = pd.DataFrame({
        "trial": ["a", "a", "a", "b", "b", "b"],
        "step": [1, 2, 3, 1, 2, 3],
        "validation_accuracy": [0.5, 1.0, 1.0, 1.0, 1.0, 1.0],
    })  # fmt: skip
    held = first_held(curves.sample(frac=1, random_state=0), 0.9)
    assert np.isnan(held["a"])
    assert held["b"] == 1


@pytest.mark.parametrize("held", [3, 4])
def test_training_and_statistics_wait_for_the_same_number_of_evaluations(held, monkeypatch):
    for module in (schema, protocol, training, sensitivity_again):
        if hasattr(module, "HELD"):
            monkeypatch.setattr(module, "HELD", held)
    met = np.random.default_rng(held).random(400) < 0.7
    curve = [{"step": step, "met": bool(own)} for step, own in enumerate(met)]
    curves = pd.DataFrame({"trial": "a", "step": range(400), "validation_accuracy": met.astype(float)})
    assert first_held(curves, 0.9)["a"] == training.solved_at(curve)


def test_tasks_judged_by_loss_are_left_out(rows):
    for metric in ("loss", "sequence_accuracy"):
        assert sensitivity(rows.assign(solved_metric=metric), None, Declared()).empty


def test_a_shorter_budget_by_hand(grid):
    # Length 100 is solved at step 100, 200, ... 1000 by the ten seeds, all shorter ones at 50; the budget is 1000.
    results = complete(grid({"gru": 4}))
    last = results["length"] == 100
    results["solved_at"] = np.where(last, 100.0 * (results["seed"] - 999), 50.0)
    table = budget_sensitivity(results, Declared()).set_index("budget_share")
    assert table["solved_longest"][[0.25, 0.5, 1.0]].tolist() == [2, 5, 10]
    assert table["steps"][[0.25, 0.5, 1.0]].tolist() == [250, 500, 1000]
    assert table["octaves"].is_monotonic_increasing
    assert table["octaves"][1 / 64] == 0
    octaves = np.log2(np.array([12, 25, 50, 100]) / 12)
    middle = (octaves[2] + octaves[3]) / 2
    assert table["octaves"][0.5] == pytest.approx((5 * octaves[3] + 5 * middle) / 10)


def test_unfinished_trials_stay_unfinished_at_every_budget(rows):
    rows["solved_at"] = 50.0
    rows.loc[rows["seed"] == 1000, "outcome"] = None
    assert budget_sensitivity(rows, Declared())["n"].eq(9).all()
    assert budget_sensitivity(rows.assign(outcome=None), Declared()).empty
