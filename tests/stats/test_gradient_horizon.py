"""How far gradients reach, whether that predicts learning, and which remedies acted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqbench.stats.compare import compare
from seqbench.stats.gradient_horizon import (
    gradient_horizon_correlation,
    gradient_horizons,
    learned_by_gradient,
    rank_interval,
    shared_lengths,
)


def probes_for(results: pd.DataFrame, reach: dict[str, float], farthest: int = 100) -> pd.DataFrame:
    """What probes would have recorded at initialisation; seeds differ by one step."""
    rows = []
    for trial, method, seed in results[["trial", "method", "seed"]].itertuples(index=False):
        at = min(reach[method] + seed % 3, farthest)
        rows += [
            (trial, 0, "gradient_horizon", None, at),
            (trial, 0, "gradient_growth", None, 0.5 if seed % 2 else 2.0),
            (trial, 0, "gradient_norm", farthest, 1e-3),
            (trial, 500, "gradient_horizon", None, 1.0),
        ]
    frame = pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "value"])
    return frame.astype({"distance": "Int64", "value": float})


def learned(results: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """What methods learned by how far their gradient reaches, with the horizons that a comparison has."""
    return learned_by_gradient(results, probes, compare(results).horizons, shared=shared_lengths(results))


def test_horizons_are_means_over_seeds_of_the_longest_length_with_those_that_may_be_longer(grid):
    results = grid({"plain": 0, "irnn": 4}, seeds=6)
    found = gradient_horizons(results, probes_for(results, {"plain": 10, "irnn": 99})).set_index("method")
    assert found.loc["plain", ["length", "n", "at_least"]].tolist() == [100, 6, 0]
    assert found.loc["plain", "horizon"] == 11
    assert 0 < found.loc["plain", "low"] < 11 < found.loc["plain", "high"] < 100
    assert found.loc["plain", "growth"] == pytest.approx(1)
    seeds = results.loc[results["method"] == "irnn", "seed"].unique()
    assert found.loc["irnn", "at_least"] == np.sum(seeds % 3 > 0)


def test_few_seeds_have_no_interval(grid):
    results = grid({"plain": 0}, seeds=3)
    found = gradient_horizons(results, probes_for(results, {"plain": 10}))
    assert np.isnan(found.loc[0, ["low", "high"]].astype(float)).all()


def test_the_correlation_is_spearmans_and_only_order_counts(grid):
    places = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 1}
    reach = {"a": 3, "b": 20, "c": 11, "d": 60, "e": 80, "f": 7}
    results = grid(places, seeds=5)
    both = learned(results, probes_for(results, reach))
    found = gradient_horizon_correlation(both).iloc[0]
    expected = stats.spearmanr(both["horizon"], both["octaves"])
    assert found["correlation"] == pytest.approx(expected.statistic)
    assert -1 < found["low"] < found["correlation"] < found["high"] < 1
    longer = {name: np.exp(both[name] / 10) for name in ("horizon", "measured")}
    stretched = gradient_horizon_correlation(both.assign(**longer)).iloc[0]
    pd.testing.assert_series_equal(stretched, found)


def test_over_tasks_the_ranks_are_taken_within_each(grid):
    one = grid({"a": 0, "b": 2, "c": 4}, seeds=5)
    two = grid({"a": 0, "b": 2, "c": 4}, seeds=5, task="agreement")
    results = pd.concat([one, two], ignore_index=True)
    probes = pd.concat([probes_for(one, {"a": 1, "b": 5, "c": 9}), probes_for(two, {"a": 81, "b": 85, "c": 89})])
    found = gradient_horizon_correlation(learned(results, probes)).set_index("task")
    assert found["correlation"].tolist() == pytest.approx([1, 1, 1])
    assert np.isnan(found.loc["agreement", "low"])  # three methods are too few for an interval


def test_over_tasks_a_method_is_one_method(grid):
    # The same five methods in the same order on two tasks: of the 120 orders of five methods only this one and its
    # opposite agree as well, on one task and on both.
    places = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}
    reach = {"a": 1, "b": 5, "c": 9, "d": 13, "e": 17}
    one, two = (grid(places, seeds=5, task=task) for task in ("adding", "agreement"))
    alone = grid({"f": 2}, seeds=5)  # on one task only
    probes = pd.concat([probes_for(rows, {**reach, "f": 50}) for rows in (one, two, alone)])
    found = gradient_horizon_correlation(learned(pd.concat([one, two, alone], ignore_index=True), probes))
    assert found["task"].tolist() == ["adding", "agreement", ""]
    assert found["methods"].tolist() == [6, 5, 5]
    assert found["p_value"].iloc[1:].tolist() == pytest.approx([2 / 120, 2 / 120]), "a second task is no evidence"
    assert np.isfinite(found["low"].iloc[:2]).all()
    assert found[["low", "high"]].iloc[2].isna().all()


def test_horizons_are_those_of_the_comparison(grid):
    # Length 100 is planned and not finished: from the finished trials alone all would end at 50 at the latest.
    results = grid({"plain": 2, "irnn": 4}, seeds=5)
    results.loc[results["length"] == 100, "outcome"] = None
    horizons = compare(results).horizons.set_index("method")
    assert horizons.loc["irnn", "horizon"] > 50
    finished = results[results["outcome"].notna()]
    found = learned_by_gradient(
        finished, probes_for(finished, {"plain": 5, "irnn": 9}), horizons.reset_index(), shared=shared_lengths(finished)
    ).set_index("method")
    assert found["learned"].to_dict() == pytest.approx(horizons["horizon"].to_dict())


def test_the_reach_is_compared_at_a_length_that_all_methods_share(grid):
    # A gradient that reaches everything, and methods that a search has trained to lengths of their own.
    results = grid({"a": 0, "b": 1, "c": 2, "d": 4}, seeds=5)
    seen = {"a": 12, "b": 25, "c": 50, "d": 100}
    searched = results[results["length"] <= results["method"].map(seen)].reset_index(drop=True)
    assert shared_lengths(searched) == {results["task"].iloc[0]: 12}
    parts = [
        probes_for(own, dict.fromkeys(seen, 1000), farthest=int(length)) for length, own in searched.groupby("length")
    ]
    both = learned_by_gradient(searched, pd.concat(parts), compare(results).horizons, shared=shared_lengths(searched))
    assert both["horizon"].tolist() == both["measured"].tolist() == [12] * 4
    assert both["octaves"].nunique() == 4
    found = gradient_horizon_correlation(both).iloc[0]
    assert (found["methods"], found["tied"]) == (4, 4)
    assert np.isnan(found[["correlation", "low", "high", "p_value"]].astype(float)).all()


def test_a_length_is_shared_where_each_method_has_three_seeds_or_all_there_are(grid):
    results = grid({"a": 0, "b": 1}, seeds=4)
    task = results["task"].iloc[0]
    seeds = results["seed"].unique()
    few = (results["method"] == "b") & (results["length"] == 100) & (results["seed"].isin(seeds[1:]))
    assert shared_lengths(results[~few]) == {task: 50}
    assert shared_lengths(results[results["seed"].isin(seeds[:2])]) == {task: 100}
    assert shared_lengths(results[(results["method"] == "a") | (results["length"] < 0)]) == {task: 100}
    apart = (results["method"] == "a") == (results["length"] == 100)
    assert shared_lengths(results[apart]) == {}
    begun = (results["method"] == "a") | ((results["length"] == 50) & results["seed"].isin(seeds[:1]))
    assert shared_lengths(results[begun]) == {task: 100}, "a method that has hardly begun takes no length from others"


def test_with_half_of_the_methods_at_the_end_there_is_no_interval(grid):
    places = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 4}
    results = grid(places, seeds=5)
    half = learned(results, probes_for(results, {"a": 3, "b": 20, "c": 40, "d": 200, "e": 200, "f": 200}))
    found = gradient_horizon_correlation(half).iloc[0]
    assert found["tied"] == 3
    assert found["correlation"] > 0
    assert np.isnan(found["low"])
    assert found["p_value"] < 1


def test_a_single_length_says_nothing_of_horizons(grid):
    results = grid({"plain": 0, "irnn": 1}, seeds=5, lengths=(50,))
    assert learned(results, probes_for(results, {"plain": 5, "irnn": 9})).empty


def test_the_interval_covers_the_truth():
    """Ranks of correlated normals, whose Spearman correlation is known: 6 / pi arcsin(r / 2)."""
    generator = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    covered = 0
    for _ in range(1000):
        x = generator.standard_normal(12)
        y = 0.6 * x + 0.8 * generator.standard_normal(12)
        low, high = rank_interval(stats.spearmanr(x, y).statistic, 12)
        covered += low <= truth <= high
    assert covered >= 930
