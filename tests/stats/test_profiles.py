"""Performance profiles by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.profiles import profile, profiles

INF = np.inf


def test_shares_by_hand():
    speeds = np.array([[100.0, 200.0, INF, INF], [200.0, 200.0, 50.0, INF]])
    shares = profile(speeds, np.array([1.0, 1.5, 2.0]))
    # Each is best on two of four units (they tie on one); the second is within 2 on three. None solves the last.
    assert shares.tolist() == [[0.5, 0.5, 0.5], [0.5, 0.5, 0.75]]


def test_units_not_finished_by_all_are_left_out():
    steps = pd.DataFrame({
        "method": ["a", "b", "a", "b"],
        "task": "adding",
        "length": [10, 10, 20, 20],
        "n": [5, 5, 5, 0],
        "median": [100.0, 300.0, 100.0, np.nan],
    })  # fmt: skip
    table = profiles(steps)
    assert table["units"].unique().tolist() == [1]
    slow = table[table["method"] == "b"].set_index("factor")["share"]
    assert slow[slow.index < 2.99].eq(0).all()
    assert slow[slow.index > 2.99].eq(1).all()
    assert table.groupby("method")["score"].first()["a"] == pytest.approx(1.0)


def test_nothing_finished():
    assert profiles(pd.DataFrame({"method": [], "n": []})).empty
