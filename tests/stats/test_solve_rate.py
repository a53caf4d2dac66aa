"""Solve rates with their exact intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.interval import clopper_pearson
from seqbench.stats.preregistration import Declared
from seqbench.stats.solve_rate import interquartile_mean, solve_rates
from seqbench.stats.task_arrays import complete, solved_column


def test_counts_interval_and_band(grid):
    table = solve_rates(complete(grid({"gru": [4] * 9 + [2]})), Declared()).set_index("length")
    row = table.loc[100]
    assert (row["planned"], row["n"], row["solved"], row["rate"]) == (10, 10, 9, 0.9)
    assert (row["low"], row["high"]) == pytest.approx(tuple(map(float, clopper_pearson(9, 10))))
    # Four lengths: the band is the interval of level 1 - 0.05 / 4 at each.
    assert (row["band_low"], row["band_high"]) == pytest.approx(tuple(map(float, clopper_pearson(9, 10, 0.0125))))


def test_missing_is_counted_and_divergence_is_a_failure(grid):
    results = grid({"gru": 4}, seeds=6)
    at = results["length"] == 100
    results.loc[at & (results["seed"] == 1000), "outcome"] = None
    results.loc[at & (results["seed"] == 1001), ["outcome", "accuracy"]] = ["diverged", np.nan]
    row = solve_rates(complete(results), Declared()).set_index("length").loc[100]
    assert (row["planned"], row["n"], row["solved"]) == (6, 5, 4)
    assert row["rate"] == 0.8


def test_no_interval_below_five_seeds(grid):
    table = solve_rates(complete(grid({"gru": 4}, seeds=4)), Declared())
    assert table[["low", "high", "band_low", "band_high"]].isna().all(axis=None)


def test_interquartile_mean_agrees_with_rliable():
    # rliable 1.2.0: metrics.aggregate_iqm of these ten scores
    scores = pd.Series([0.5, 0.52, 0.99, 0.98, 0.97, 0.51, 1.0, 0.49, 0.96, 0.995])
    assert interquartile_mean(scores) == pytest.approx(0.8216666666666667)
    assert np.isnan(interquartile_mean(pd.Series([np.nan])))


def test_tau_judges_again_only_where_accuracy_is_the_criterion(grid):
    results = complete(grid({"gru": 4}, seeds=1))
    results["accuracy"] = [0.96, 0.93, 0.97, np.nan]
    results["outcome"] = ["solved", "partial", "solved", "diverged"]
    assert solved_column(results, 0.9).tolist() == [1, 1, 1, 0]
    assert solved_column(results, 0.965).tolist() == [0, 0, 1, 0]
    for metric in ("loss", "sequence_accuracy"):
        results["solved_metric"] = metric
        assert solved_column(results, 0.965).tolist() == [1, 0, 1, 0]
