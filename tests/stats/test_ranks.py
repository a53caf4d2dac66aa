"""Mean ranks with each task left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.ranks import rank_stability


def table_of(ranks):
    return pd.DataFrame([(task, method, rank) for task, own in ranks.items() for method, rank in own.items()],
                        columns=["task", "method", "rank"])  # fmt: skip


def test_order_that_rests_on_one_task():
    ranks = {"adding": {"a": 1, "b": 2}, "parity": {"a": 1, "b": 2}, "agreement": {"a": 2, "b": 1}}
    found = rank_stability(table_of(ranks)).set_index(["left_out", "method"])["place"]
    assert (found["", "a"], found["", "b"]) == (1, 2)
    assert (found["adding", "a"], found["adding", "b"]) == (1, 1)
    assert found["agreement", "a"] == 1


def test_needs_two_tasks_and_every_rank():
    assert rank_stability(table_of({"adding": {"a": 1, "b": 2}})).empty
    partly = table_of({"adding": {"a": 1, "b": 2}, "parity": {"a": 1, "b": np.nan}})
    assert rank_stability(partly)["method"].unique().tolist() == ["a"]
