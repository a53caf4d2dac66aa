"""What the choice of learning rates saw, and how much it flattered itself."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete
from seqbench.stats.tuning import (
    expected_best,
    over_lengths,
    settings_of,
    tuning,
    tuning_budget,
    tuning_curves,
    tuning_reach,
)

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
    row = tuning(results, Declared()).iloc[0]
    assert (row["settings"], row["trials"], row["seeds"], row["seconds"]) == (3, 9, 3, 18.0)
    assert (row["chosen"], row["edges"]) == ("0.01", "")
    assert row["optimism"] == pytest.approx(0.9 - 0.85)
    assert row["score_name"] == "validation accuracy"
    assert row[["solved_tuning", "n_tuning", "solved_reporting", "n_reporting"]].tolist() == [3, 3, 5, 5]


def test_test_data_is_not_seen(results):
    results["outcome"] = "chance"  # what test data says; on validation data all trials at 0.01 solved
    assert tuning(results, Declared()).iloc[0]["solved_tuning"] == 3
    curves = tuning_curves(results, Declared(tau=0.5)).set_index("learning_rate")
    assert curves["solved"].tolist() == [0, 3, 0]
    assert curves["steps"].tolist() == [1000, 400, 1000]


def test_choice_at_the_end_of_the_range_is_flagged(results):
    results.loc[results["purpose"] == "reporting", "learning_rate"] = 0.1
    assert tuning(results, Declared()).iloc[0]["edges"] == "learning_rate at the highest tried"
    results.loc[results["purpose"] == "reporting", "learning_rate"] = 0.001
    assert tuning(results, Declared()).iloc[0]["edges"] == "learning_rate at the lowest tried"


def test_how_far_each_setting_got_is_the_mean_over_its_seeds_of_what_validation_data_says(grid):
    """Worked by hand: seeds solve up to 40 and up to 10 steps: 20 in the mean; none and 20 steps: sqrt(20 / 2)."""
    reach = {0.001: (40, 10), 0.01: (0, 20)}
    own = grid({"gru": 1}, seeds=2, lengths=(10, 20, 40)).assign(purpose="tuning", outcome="chance")
    rows = pd.concat([own.assign(learning_rate=rate) for rate in reach], ignore_index=True)
    limits = [
        reach[rate][place] for rate, place in zip(rows["learning_rate"], rows["seed"] - rows["seed"].min(), strict=True)
    ]
    rows["solved_at"] = np.where(rows["length"] <= limits, 400.0, np.nan)
    rows["trial"] = [str(number) for number in range(len(rows))]
    task = rows["task"].iloc[0]
    found = tuning_reach(complete(rows), Declared(searched={task: (10, 20, 40)}))
    assert found["reach"].tolist() == pytest.approx([20.0, 10.0**0.5])
    assert found[["n", "solved", "at_least"]].to_numpy().tolist() == [[2, 4, 1], [2, 2, 0]]
    assert tuning_reach(complete(rows), Declared()).empty


@pytest.fixture
def with_knob(results):
    """The same settings with a threshold each: 1 for 0.001, 5 for 0.01, none (infinity) for 0.1."""
    knobs = {0.001: 1.0, 0.01: 5.0, 0.1: float("inf")}
    results["tuned"] = [json.dumps({"clip_value.threshold": knobs[rate]}) for rate in results["learning_rate"]]
    return results


def test_a_knob_is_named_with_the_rate_and_flagged_by_itself(with_knob):
    row = tuning(with_knob, Declared()).iloc[0]
    assert row["chosen"] == "0.01, clip_value.threshold 5"
    assert row["edges"] == "clip_value.threshold at the highest tried"
    assert row["settings"] == 3


def test_nothing_lies_beyond_infinity(with_knob):
    reported = with_knob["purpose"] == "reporting"
    with_knob.loc[reported, "tuned"] = '{"clip_value.threshold": Infinity}'
    assert tuning(with_knob, Declared()).iloc[0]["edges"] == ""


def test_one_rate_with_two_knobs_is_two_settings(results):
    own = results[results["learning_rate"] == 0.01].assign(tuned='{"clip_value.threshold": 1.0}')
    other = results[results["purpose"] == "tuning"].assign(tuned='{"clip_value.threshold": 2.0}', learning_rate=0.01)
    other["trial"] = [f"other {number}" for number in range(len(other))]
    both = pd.concat([own, other.drop_duplicates("seed")])
    assert tuning(both, Declared()).iloc[0][["settings", "chosen"]].tolist() == [2, "0.01, clip_value.threshold 1"]
    assert len(tuning_curves(both, Declared())) == 2


def test_divergence_scores_worst_and_is_counted(results):
    lost = (results["learning_rate"] == 0.1) & (results["purpose"] == "tuning")
    results.loc[lost, ["outcome", "validation_accuracy", "solved_at"]] = ["diverged", np.nan, 300.0]
    curves = tuning_curves(results, Declared()).set_index("learning_rate")
    assert curves.loc[0.1, ["n", "solved", "steps", "diverged", "score"]].tolist() == [3, 0, 1000, 3, 0.5], (
        "as guessing"
    )
    assert tuning(results, Declared()).iloc[0]["diverged"] == pytest.approx(1 / 3)


def test_tasks_judged_by_loss_score_by_loss(results):
    results["solved_metric"], results["validation_loss"] = "loss", 1 - results["validation_accuracy"]
    row = tuning(results, Declared()).iloc[0]
    assert row["score_name"] == "negative validation loss"
    assert row["score_tuning"] == pytest.approx(-0.1)


def test_a_diverged_trials_own_loss_is_no_score(results):
    losses = results["learning_rate"].map({0.001: 0.17, 0.01: 0.1, 0.1: 1e19})
    results = results.assign(solved_metric="loss", validation_loss=losses, trivial_loss=0.167)
    diverged = results["learning_rate"] == 0.1
    results.loc[diverged, ["outcome", "diverged_kind"]] = ["diverged", "large loss"]
    curves = tuning_curves(results, Declared()).set_index("learning_rate")
    assert curves["score"].tolist() == pytest.approx([-0.17, -0.1, -0.17])
    assert tuning_budget(tuning_curves(results, Declared()), Declared())["expected_best"].min() > -1


def test_divergence_scores_no_better_than_a_predictor_that_knows_nothing(results):
    diverged = results["learning_rate"] == 0.1
    results = results.assign(solved_metric="loss", validation_loss=0.01, trivial_loss=0.167)
    results.loc[diverged, ["outcome", "validation_loss"]] = ["diverged", 1e19]
    for tried in (results, results[diverged]):
        curves = tuning_curves(tried, Declared()).set_index("learning_rate")
        assert curves.loc[0.1, "score"] == pytest.approx(-0.167)


def test_expected_best_is_the_mean_over_all_choices():
    scores = np.array([0.3, 0.9, 0.1, 0.5, 0.5])
    expected = [np.mean([max(choice) for choice in combinations(scores, k)]) for k in range(1, 6)]
    np.testing.assert_allclose(expected_best(scores), expected)


def test_budget_ends_at_the_best(results):
    budget = tuning_budget(tuning_curves(results, Declared()), Declared())
    assert budget["settings"].tolist() == [1, 2, 3]
    assert budget["expected_best"].tolist() == pytest.approx([2.2 / 3, (0.7 + 0.9 + 0.9) / 3, 0.9])


def test_budget_is_over_all_lengths(results):
    longer = results.assign(length=100, validation_accuracy=results["validation_accuracy"] - 0.4)
    longer["trial"] = "long " + longer["trial"]
    whole = pd.concat([results, longer])
    budget = tuning_budget(tuning_curves(whole, Declared()), Declared())
    assert budget["expected_best"].tolist() == pytest.approx([1.6 / 3, (0.5 + 0.7 + 0.7) / 3, 0.7])
    unfinished = whole[(whole["length"] == 50) | (whole["learning_rate"] != 0.001)]
    budget = tuning_budget(tuning_curves(unfinished, Declared()), Declared())
    assert budget["expected_best"].tolist() == pytest.approx([0.6, 0.7])


def test_a_search_compares_no_scores_over_lengths_that_differ(results):
    # At 50 steps all three rates are tried, at 100 only 0.01, which got there: 0.9 there and 0.5 here.
    further = results[results["learning_rate"] == 0.01].assign(length=100, validation_accuracy=0.5)
    further["trial"] = "far " + further["trial"]
    whole, declared = pd.concat([results, further]), Declared(searched={"adding": (50, 100)})
    curves = tuning_curves(whole, declared)
    assert tuning_budget(curves, declared).empty
    assert tuning_budget(curves, Declared())["expected_best"].tolist() == pytest.approx([0.7]), "of K = 3 one is left"
    found, listed = tuning(whole, declared).iloc[0], tuning(whole, Declared()).iloc[0]
    assert np.isnan(found["optimism"])
    assert listed["optimism"] == pytest.approx((0.9 + 0.5) / 2 - (0.85 + 0.5) / 2)
    assert found["settings"] == listed["settings"] == 3


def test_nothing_tuned(results):
    reported = results[results["purpose"] == "reporting"]
    curves = tuning_curves(reported, Declared())
    assert curves.empty
    assert tuning(reported, Declared()).empty
    assert tuning_budget(curves, Declared()).empty


def test_a_setting_scores_the_mean_over_lengths(results):
    curves = tuning_curves(results, Declared())
    both = pd.concat([curves, curves.assign(length=curves["length"] * 2, score=curves["score"] + 0.2)])
    both = both.assign(setting=settings_of(both), knobs=[{}] * len(both))
    table, single = over_lengths(both).set_index("setting"), curves.set_index("learning_rate")
    assert table.loc["0.1", ["n", "solved"]].tolist() == (2 * single.loc[0.1, ["n", "solved"]]).tolist()
    assert table.loc["0.1", "score"] == pytest.approx(single.loc[0.1, "score"] + 0.1)
