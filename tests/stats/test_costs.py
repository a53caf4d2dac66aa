"""What training costs, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from seqbench.stats import compare
from seqbench.stats.costs import COLUMNS, costs, hours, parameters
from seqbench.stats.preregistration import Declared


def test_the_time_of_a_step_is_a_median_and_the_hours_are_of_all_trials(grid):
    rows = grid({"plain": 0, "gru": 4}, seeds=3, lengths=(12, 25))
    rows["seconds"] = [1.0, 2.0, 3.0, 4.0, 5.0, 60.0] * 2
    rows.loc[rows["method"] == "gru", ["steps", "parameters"]] = [500, 3000]
    table = costs(rows, compare(rows).methods, Declared())
    assert table.columns.tolist() == COLUMNS
    assert table["method"].tolist() == ["plain", "gru"]
    assert table["milliseconds"].tolist() == pytest.approx([3.5, 7.0])
    assert table["hours"].tolist() == pytest.approx([75 / 3600] * 2)
    assert table["trials"].tolist() == [6, 6]
    assert table["parameters"].tolist() == [1000, 3000]
    assert table["octaves"].iloc[1] > table["octaves"].iloc[0] == 0
    assert hours(rows) == pytest.approx(150 / 3600)


def test_a_trial_that_took_no_step_has_no_time_of_one(grid):
    rows = grid({"plain": 0}, seeds=2, lengths=(12,)).assign(steps=[0, 1000])
    assert costs(rows, compare(rows).methods, Declared())["milliseconds"].tolist() == [2.0]


def test_parameters_are_those_of_the_middle_trial(grid):
    rows = grid({"gru": 4}, seeds=1, lengths=(12, 25, 50)).assign(parameters=["90", "100", "400"])
    expected = pd.Series({("adding", "gru"): 100.0}, name="parameters").rename_axis(["task", "method"])
    pd.testing.assert_series_equal(parameters(rows), expected)
