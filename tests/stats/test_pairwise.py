"""Paired comparisons: families, exact numbers, and how often nothing is called something."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.stats.pairwise import pairwise, sign_flip_family
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, task_arrays

OCTAVES = np.log2(np.array([12, 25, 50, 100]) / 12)
HORIZONS = np.concatenate([[0.0], (OCTAVES[:-1] + OCTAVES[1:]) / 2, OCTAVES[-1:]])


def table_of(results, declared=Declared()):  # noqa: B008 (frozen)
    rows = complete(results)
    return pairwise(rows, task_arrays(rows, declared), declared)


def test_every_method_against_the_baseline(grid):
    table = table_of(grid({"plain": 1, "gru": 4, "lstm": [1] * 5 + [2] * 5})).set_index("method")
    assert table["against"].unique().tolist() == ["plain"]
    assert table.loc["gru", "difference"] == pytest.approx(np.log2(100 / 12) - np.log2(25 / 12) / 2)
    assert table.loc["gru", "p_holm"] == pytest.approx(2 * 2 / 2**10)
    assert table.loc["lstm", "p"] == pytest.approx(2 / 2**5)  # five seeds tie and say nothing
    assert table["verdict"].to_dict() == {"gru": "better", "lstm": "no evidence"}
    assert table.loc["lstm", "improved"] == 0.75  # five better, five ties at one half
    assert (table["family"] == "declared").all()


def test_worse_is_worse(grid):
    row = table_of(grid({"plain": 3, "gru": 0})).iloc[0]
    assert row["verdict"] == "worse"
    assert row["difference"] < 0
    assert row["improved"] == 0.0


def test_less_is_better_for_steps(grid):
    row = table_of(grid({"plain": 0, "gru": 4}), Declared(outcome="steps")).iloc[0]
    assert row["verdict"] == "better"
    assert row["difference"] == pytest.approx(-0.6)
    assert row["improved"] == 1.0


@pytest.mark.parametrize("seeds", [1, 2, 3, 4, 5])
def test_five_seeds_find_nothing(grid, seeds):
    row = table_of(grid({"plain": 0, "gru": 4}, seeds=seeds)).iloc[0]
    assert row["verdict"] == "too few seeds to tell"
    assert np.isnan(row["low"]) == (seeds < 5)


def test_only_seeds_that_both_have(grid):
    results = grid({"plain": 0, "gru": 4})
    lost = (results["method"] == "gru") & (results["length"] == 100) & (results["seed"] < 1003)
    results.loc[lost, "outcome"] = None
    assert table_of(results)["n"].tolist() == [7]


def test_families(grid, crossed):
    three = grid({"plain": 0, "gru": 4, "lstm": 3})
    every = table_of(three, Declared(comparisons="all"))
    assert len(every) == 3
    one = table_of(three, Declared(comparisons=(("lstm", "gru"),)))
    assert one[["method", "against", "family"]].to_numpy().tolist() == [
        ["lstm", "gru", "declared"], ["gru", "plain", "exploratory"], ["lstm", "plain", "exploratory"],
    ]  # fmt: skip
    assert one["comparisons"].tolist() == [1, 3, 3]
    factors = {"clip": ("none", "norm"), "gating": ("none", "gru")}
    alone = table_of(crossed(factors, lambda *_: 2)).set_index("method")["family"].to_dict()
    assert alone == {"gru": "declared", "norm": "declared", "norm+gru": "exploratory"}


def test_methods_outside_of_the_factorial_are_compared_with_the_baseline(grid, crossed):
    factors = {"clip": ("none", "norm"), "gating": ("none", "gru")}
    rows = pd.concat([grid({"LSTM": 4}), crossed(factors, lambda *_: 2)], ignore_index=True)
    found = table_of(rows).set_index("method")
    assert found["family"].to_dict() == {
        "LSTM": "declared", "gru": "declared", "norm": "declared", "norm+gru": "exploratory",
    }  # fmt: skip
    assert set(found["against"]) == {"plain"}
    assert table_of(rows, Declared(comparisons="alone"))["family"].tolist() == ["declared"] * 2 + ["exploratory"] * 2
    against_listed = table_of(rows, Declared(baseline="LSTM"))
    assert set(against_listed["against"]) == {"LSTM"}
    assert set(against_listed["family"]) == {"declared"}


def test_without_a_baseline_all_pairs(grid):
    table = table_of(grid({"gru": 4, "lstm": 3, "indrnn": 2}))
    assert len(table) == 3
    assert set(table["family"]) == {"declared"}


def test_single_length_compares_what_was_solved(grid):
    row = table_of(grid({"plain": 0, "gru": 1}, lengths=(50,))).iloc[0]
    assert (row["outcome"], row["difference"], row["verdict"]) == ("solved", 1.0, "better")


def share_of_false_findings(reports: int, draw) -> float:
    """Share of reports, each 5 methods against a baseline over 10 seeds, that call any difference."""
    pairs = [(method, 0) for method in range(1, 6)]
    called = 0
    for _ in range(reports):
        family = sign_flip_family(draw(), pairs, 1, 0.05)
        called += family["verdict"].isin(["better", "worse"]).any()
    return called / reports


def test_family_error_of_2000_null_reports():
    """No method differs: at most 6 in 100 reports may say that one does."""
    rng = np.random.default_rng(3)
    places = np.array([0.3, 0.1, 0.1, 0.2, 0.3])
    bimodal = share_of_false_findings(2000, lambda: HORIZONS[rng.choice(5, (6, 10), p=places)])
    assert bimodal <= 0.06


def test_family_error_of_seeds_that_are_hard_for_all():
    rng = np.random.default_rng(4)

    def draw():
        return rng.normal(0, 2, 10) + rng.normal(0, 1, (6, 10))

    error = share_of_false_findings(300, draw)
    assert 0 < error <= 0.08  # 300 reports: two standard errors above 5 %


def test_family_finds_what_is_there():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (3, 12))
    values[1] += 5
    family = sign_flip_family(values, [(1, 0), (2, 0)], 1, 0.05)
    assert isinstance(family, pd.DataFrame)
    assert family["verdict"][0] == "better"
