"""Area under the solve-rate curve."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats.area import areas, seed_areas
from seqbench.stats.blocks import block_of, complete
from seqbench.stats.declared import Declared


def test_trapezoid_by_hand(grid):
    # Lengths an octave apart: solved, solved, failed, failed is 1 + 1/2 octaves of 3.
    block = block_of(complete(grid({"gru": 2, "plain": 0, "lstm": 4}, seeds=5, lengths=(10, 20, 40, 80))))
    table = areas(block, Declared()).set_index("method")
    assert table["area"].to_dict() == pytest.approx({"gru": 1.5, "plain": 0.0, "lstm": 3.0})
    assert table["share"]["gru"] == pytest.approx(0.5)
    assert table["low"]["lstm"] < 3.0 == table["high"]["lstm"]


def test_a_gap_costs_area(grid):
    results = grid({"gru": 4}, seeds=1, lengths=(10, 20, 40, 80))
    results.loc[results["length"] == 20, "outcome"] = "chance"
    assert seed_areas(block_of(complete(results)))[0, 0] == pytest.approx(0.5 + 0.5 + 1.0)


def test_a_seed_with_a_missing_length_has_no_area(grid):
    results = grid({"gru": 4}, seeds=3)
    results.loc[(results["length"] == 25) & (results["seed"] == 1001), "outcome"] = None
    block = block_of(complete(results))
    assert np.isnan(seed_areas(block)[0]).tolist() == [False, True, False]
    assert areas(block, Declared())["n"].tolist() == [2]
