"""Planned, finished, missing and each outcome."""

from __future__ import annotations

import pandas as pd

from seqbench.stats.counts import COLUMNS, counts
from seqbench.stats.task_arrays import complete


def test_every_trial_is_counted_once(grid):
    results = grid({"plain": 2, "gru": 4})
    results.loc[:6, "outcome"] = None
    results.loc[7:9, "outcome"] = "diverged"
    table = counts(complete(results)).set_index("method")
    row = table.loc["plain"]
    assert (row["planned"], row["finished"], row["missing"], row["diverged"]) == (40, 33, 7, 3)
    assert (table[["solved", "partial", "chance", "diverged", "missing"]].sum(axis=1) == table["planned"]).all()


def test_tuning_is_counted_apart(grid):
    results = pd.concat([grid({"gru": 4}), grid({"gru": 4}, seeds=3).assign(purpose="tuning")])
    results["trial"] = [str(number) for number in range(len(results))]
    assert counts(complete(results)).set_index("purpose")["planned"].to_dict() == {"reporting": 40, "tuning": 12}


def test_no_trials():
    assert counts(complete(pd.DataFrame())).columns.tolist() == COLUMNS
