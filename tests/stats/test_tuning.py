"""What the choice of learning rates saw, and how much it flattered itself."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.blocks import complete
from seqbench.stats.declared import Declared
from seqbench.stats.tuning import expected_best, tuning, tuning_budget, tuning_curves

SCORES = {0.001: 0.6, 0.01: 0.9, 0.1: 0.7}


@pytest.fixture
def results(grid):
    """Three rates on three tuning seeds, 0.01 chosen; the reporting seeds do a little worse."""
    tried = []
    for rate, score in SCORES.items():
        own = grid({"gru": 1 if rate == 0.01 else 0}, seeds=3, lengths=(50,))
        own["seed"] -= 1000
        tried.append(own.assign(learning_rate=rate, validation_accuracy=score, purpose="tuning"))
    reported = grid({"gru": 1}, seeds=5, lengths=(50,)).assign(learning_rate=0.01, validation_accuracy=0.85)
    whole = pd.concat([*tried, reported], ignore_index=True)
    whole["trial"] = [str(number) for number in range(len(whole))]
    return complete(whole)


def test_choice_and_its_optimism(results):
    row = tuning(results, tuning_curves(results, Declared())).iloc[0]
    assert (row["candidates"], row["trials"], row["seeds"]) == (3, 9, 3)
    assert (row["chosen"], row["best"], row["lowest"], row["highest"]) == ("0.01", 0.01, 0.001, 0.1)
    assert not row["at_edge"]
    assert row["optimism"] == pytest.approx(0.9 - 0.85)
    assert row["score_name"] == "validation accuracy"


def test_choice_at_the_end_of_the_range_is_flagged(results):
    results.loc[results["purpose"] == "reporting", "learning_rate"] = 0.1
    assert tuning(results, tuning_curves(results, Declared())).iloc[0]["at_edge"]


def test_divergence_scores_worst_and_is_counted(results):
    lost = (results["learning_rate"] == 0.1) & (results["purpose"] == "tuning")
    results.loc[lost, ["outcome", "validation_accuracy"]] = ["diverged", np.nan]
    curves = tuning_curves(results, Declared()).set_index("learning_rate")
    assert curves.loc[0.1, ["n", "diverged", "score"]].tolist() == [3, 3, 0.6]
    assert tuning(results, curves.reset_index()).iloc[0]["diverged"] == pytest.approx(1 / 3)


def test_tasks_judged_by_loss_score_by_loss(results):
    results["solved_metric"], results["validation_loss"] = "loss", 1 - results["validation_accuracy"]
    row = tuning(results, tuning_curves(results, Declared())).iloc[0]
    assert row["score_name"] == "negative validation loss"
    assert row["score_tuning"] == pytest.approx(-0.1)


def test_expected_best_is_the_mean_over_all_choices():
    scores = np.array([0.3, 0.9, 0.1, 0.5, 0.5])
    expected = [np.mean([max(choice) for choice in combinations(scores, k)]) for k in range(1, 6)]
    np.testing.assert_allclose(expected_best(scores), expected)


def test_budget_ends_at_the_best(results):
    budget = tuning_budget(tuning_curves(results, Declared()))
    assert budget["candidates"].tolist() == [1, 2, 3]
    assert budget["expected_best"].tolist() == pytest.approx([2.2 / 3, (0.7 + 0.9 + 0.9) / 3, 0.9])


def test_nothing_tuned(results):
    reported = results[results["purpose"] == "reporting"]
    curves = tuning_curves(reported, Declared())
    assert curves.empty
    assert tuning(reported, curves).empty
    assert tuning_budget(curves).empty
