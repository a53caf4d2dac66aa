"""Divergence: counts, kinds, Newcombe's own example, McNemar by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from seqbench.stats.divergence import (
    across_lengths,
    boschloo_exact,
    divergence,
    divergence_pairs,
    mcnemar_exact,
    newcombe_interval,
)
from seqbench.stats.task_arrays import complete


@pytest.fixture
def results(grid):
    """`plain` diverges at length 100 in six of ten seeds, `clip` never."""
    rows = grid({"plain": 2, "clip": 4})
    lost = (rows["method"] == "plain") & (rows["length"] == 100) & (rows["seed"] < 1006)
    rows.loc[lost, ["outcome", "accuracy", "diverged_kind"]] = ["diverged", np.nan, "gradient"]
    rows.loc[lost, "diverged_at"] = [10.0, 20.0, 30.0, 40.0, 50.0, 900.0]
    return complete(rows)


def test_rates_kinds_and_first_step(results):
    table = divergence(results, 0.05).set_index(["method", "length"])
    row = table.loc[("plain", 100)]
    assert (row["n"], row["diverged"], row["in_gradient"], row["in_loss"]) == (10, 6, 6, 0)
    assert (row["first_step"], row["median_step"]) == (10.0, 35.0)
    never = table.loc[("clip", 100)]
    assert (never["diverged"], never["low"]) == (0, 0.0)
    assert never["high"] == pytest.approx(0.3084971, abs=1e-7)


def test_every_kind_is_counted_by_itself(results):
    lost = results.index[(results["method"] == "plain") & (results["length"] == 100) & (results["seed"] < 1004)]
    kinds = ["loss", "gradient", "parameters", "large loss"]
    results.loc[lost, "diverged_kind"] = kinds
    row = divergence(results, 0.05).set_index(["method", "length"]).loc[("plain", 100)]
    assert [row[f"in_{kind.replace(' ', '_')}"] for kind in kinds] == [1, 3, 1, 1]
    assert row["diverged"] == 6


def test_newcombes_own_example():
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II: 56/70 against 48/80, method 10
    low, high = newcombe_interval(56, 70, 48, 80)
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_mcnemar_by_hand():
    one = np.array([True] * 6 + [False] * 4)
    assert mcnemar_exact(one, np.zeros(10, bool)) == pytest.approx(2 * 0.5**6)
    assert mcnemar_exact(one, one) == 1.0
    swapped = np.array([False, True] * 5)
    discordant = [np.sum(one & ~swapped), np.sum(~one & swapped)]
    assert mcnemar_exact(one, swapped) == pytest.approx(stats.binomtest(discordant[0], sum(discordant)).pvalue)


def test_lengths_as_strata_by_formula():
    rng = np.random.default_rng(0)
    one, other = rng.random((10, 3)) < [0.2, 0.5, 0.8], rng.random((10, 3)) < [0.1, 0.2, 0.5]
    a, total = one.sum(axis=0), one.sum(axis=0) + other.sum(axis=0)
    expected, variance = total / 2, 10 * 10 * total * (20 - total) / (20**2 * 19)
    statistic = (abs((a - expected).sum()) - 0.5) ** 2 / variance.sum()
    assert across_lengths(one, other) == pytest.approx(stats.chi2.sf(statistic, 1))
    assert np.isnan(across_lengths(one & False, other & False))


def test_against_the_baseline(results):
    row = divergence_pairs(results, "plain", 0.05).iloc[0]
    assert (row["method"], row["n"], row["diverged"], row["diverged_against"]) == ("clip", 10, 0, 6)
    assert row["difference"] == -0.6
    assert row["p"] == row["p_holm"] == pytest.approx(2 * 0.5**6)
    assert row["low"] < -0.6 < row["high"] < 0
    assert row["test"] == "McNemar"


def test_boschloo_by_enumeration():
    # 7 of 7 against 2 of 8: the largest chance, over the common share, of a one-sided Fisher p as small; both sides.
    k, n, k_against, n_against = 7, 7, 2, 8

    def fisher(a, b):
        return stats.fisher_exact([[a, b], [n - a, n_against - b]], alternative="greater")[1]

    seen = fisher(k, k_against)
    extreme = [(a, b) for a in range(n + 1) for b in range(n_against + 1) if fisher(a, b) <= seen * (1 + 1e-9)]
    shares = np.linspace(0.001, 0.999, 999)
    chances = sum(stats.binom.pmf(a, n, shares) * stats.binom.pmf(b, n_against, shares) for a, b in extreme)
    assert boschloo_exact(k, n, k_against, n_against) == pytest.approx(2 * np.max(chances), rel=1e-3)
    assert boschloo_exact(0, 5, 0, 7) == boschloo_exact(5, 5, 7, 7) == 1.0


def test_methods_without_a_common_seed_are_compared_unpaired(results):
    own = results["method"] == "clip"
    results.loc[own, "seed"] += 500
    results = results.drop(index=results[own & (results["seed"] == 1509)].index)
    row = divergence_pairs(results, "plain", 0.05).iloc[0]
    assert (row["test"], row["n"], row["n_against"]) == ("Boschloo", 9, 10)
    assert (row["diverged"], row["diverged_against"]) == (0, 6)
    assert row["p"] == pytest.approx(boschloo_exact(0, 9, 6, 10))
    assert row["p"] < stats.fisher_exact([[0, 6], [9, 4]])[1], "sharper than Fisher's"


def test_nothing_to_compare(results):
    assert divergence_pairs(results, None, 0.05).empty
    assert divergence_pairs(results.assign(outcome=None), "plain", 0.05).empty
    assert divergence(results.assign(outcome=None), 0.05).empty
