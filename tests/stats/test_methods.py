"""The first table of the report."""

from __future__ import annotations

import numpy as np

from seqbench.stats import compare


def test_order_ranks_and_ties(grid):
    table = compare(grid({"plain": 0, "gru": 4, "lstm": 4, "indrnn": [4] * 9 + [3]})).methods
    assert table["method"].tolist() == ["gru", "lstm", "indrnn", "plain"]
    assert table["rank"].tolist() == [1, 1, 3, 4]
    assert [text.split(" (")[0] for text in table["text"]] == [
        "at least 100 steps", "at least 100 steps", "at least 97 steps", "at most 12 steps",
    ]  # fmt: skip
    assert table["solved_longest"].tolist() == [10, 10, 9, 0]
    assert table["accuracy_worst"].tolist() == [0.99, 0.99, 0.5, 0.5]


def test_the_loss_is_told_of_tasks_that_are_judged_by_it(grid):
    results = grid({"plain": 0, "gru": 4}, seeds=3)
    assert compare(results).methods["loss_longest"].isna().all()
    results = results.assign(solved_metric="loss", trivial_loss=0.7)
    gru = (results["method"] == "gru") & (results["length"] == 100)
    results.loc[gru, "loss"] = [0.01, 0.03, 0.2]
    plain = (results["method"] == "plain") & (results["length"] == 100)
    results.loc[plain, "outcome"] = ["diverged", "diverged", "chance"]
    table = compare(results).methods.set_index("method")
    assert table["loss_longest"].to_dict() == {"gru": 0.03, "plain": np.inf}
    assert table["trivial_loss"].tolist() == [0.7, 0.7]


def test_a_method_below_three_seeds_is_not_ranked(grid):
    results = grid({"plain": 0, "gru": 4})
    results.loc[(results["method"] == "gru") & (results["seed"] >= 1002), "outcome"] = None
    table = compare(results).methods.set_index("method")
    assert np.isnan(table.loc["gru", "rank"])
    assert (table.loc["gru", "seeds"], table.loc["gru", "finished"], table.loc["gru", "planned"]) == (2, 8, 40)
    assert table.loc["plain", "rank"] == 1


def test_every_learning_rate_is_told(grid):
    results = grid({"gru": 4})
    results.loc[results["length"] == 100, "learning_rate"] = 0.1
    assert compare(results).methods["learning_rate"].tolist() == ["0.01, 0.1"]
