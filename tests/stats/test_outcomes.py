"""One number a seed."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.outcomes import seed_outcome
from seqbench.stats.task_arrays import complete, task_arrays


@pytest.fixture
def arrays(grid):
    results = grid({"gru": [2, 4, 4]}, seeds=3)
    lost = (results["seed"] == 1001) & (results["length"] == 100)
    results.loc[lost, ["outcome", "accuracy", "solved_at"]] = ["diverged", np.nan, np.nan]
    results.loc[(results["seed"] == 1002) & (results["length"] == 50), "outcome"] = None
    return task_arrays(complete(results))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("horizon", [np.log2(25 / 12) + 0.5, np.log2(50 / 12) + 0.5, np.log2(100 / 12)]),
        ("area", [np.log2(25 / 12) + 0.5, np.log2(50 / 12) + 0.5, np.nan]),
        ("solved", [0.5, 0.75, np.nan]),
        ("accuracy", [0.5, 0.0, 0.99]),
        ("steps", [(0.4 + 0.4 + 1 + 1) / 4, (0.4 * 3 + 1) / 4, np.nan]),
    ],
)
def test_by_hand(arrays, name, values):
    found = seed_outcome(arrays, name)
    assert found.name == name
    np.testing.assert_allclose(found.values[0], values)
    finite = found.values[np.isfinite(found.values)]
    assert ((found.low <= finite) & (finite <= found.high)).all()
    assert found.better == (-1 if name == "steps" else 1)


def test_a_single_length_has_no_octaves(grid):
    arrays = task_arrays(complete(grid({"gru": [1, 0]}, seeds=2, lengths=(50,))))
    assert seed_outcome(arrays, "horizon").name == "solved"
    assert seed_outcome(arrays, "horizon").values.tolist() == [[1.0, 0.0]]
