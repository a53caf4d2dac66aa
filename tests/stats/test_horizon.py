"""Memory horizons: censoring by hand, Kaplan-Meier against lifelines."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.stats import compare
from seqbench.stats.area import seed_areas
from seqbench.stats.horizon import Horizons, find_horizons, horizons, place_shares, restricted_mean, seed_horizons
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, task_arrays

NAN = np.nan
HALF = np.log2(25 / 12) / 2


def test_places_by_hand():
    solved = np.array([
        [1, 1, 0, 0],       # reached the second length, failed the third
        [1, 1, 1, 1],       # at least the longest
        [0, 0, 0, 0],       # below the shortest
        [1, 0, 1, 0],       # solved a longer length after failing a shorter one
        [1, NAN, 0, 0],     # between the first and the third: open
        [1, 1, NAN, NAN],   # at least the second: open
        [NAN, NAN, NAN, NAN],
    ])  # fmt: skip
    found = find_horizons(solved)
    assert found.reached.tolist() == [2, 4, 0, 1, 1, 2, 0]
    assert found.failed.tolist() == [2, 4, 0, 1, 2, 4, 4]
    assert found.non_monotone.tolist() == [False, False, False, True, False, False, False]
    assert found.known.tolist() == [True, True, True, True, False, False, False]


def test_restricted_mean_agrees_with_lifelines():
    # Freireich et al. (1963), 6-MP arm; lifelines 0.30.3: restricted_mean_survival_time(KaplanMeierFitter, t)
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    censored = np.array([False] * 9 + [True] * 12)
    times = np.array(weeks, float)
    assert restricted_mean(times, censored, 30.0) == pytest.approx(21.04649859943977, rel=1e-12)
    assert restricted_mean(times, censored, 20.0) == pytest.approx(16.116526610644254, rel=1e-12)
    # Eight horizons in octaves with censoring inside the grid, same source.
    octaves = np.array([0.5, 1, 1.5, 2, 2, 2, 0.0, 1.0])
    unsure = np.array([False, False, False, True, True, True, True, True])
    assert restricted_mean(octaves, unsure, 2.0) == pytest.approx(1.5535714285714288, rel=1e-12)


def test_one_row_a_method(grid):
    arrays = task_arrays(complete(grid({"plain": 0, "gru": [4] * 6 + [1] * 4})))
    table = horizons(arrays, Declared()).set_index("method")
    plain, gru = table.loc["plain"], table.loc["gru"]
    assert (plain["text"], plain["below"], plain["octaves"]) == ("< 12", 10, 0.0)
    assert (gru["text"], gru["at_least"], gru["median"]) == (">= 100", 6, 100.0)
    assert gru["octaves"] == pytest.approx(0.6 * np.log2(100 / 12) + 0.4 * HALF)
    assert gru["low"] < gru["octaves"] < gru["high"]


def test_median_interval_is_the_exact_binomial_one(grid):
    # 8 of 10 reach 50: the share is not beyond doubt above one half (44 to 97 %), so the median may lie below;
    # 10 of 10 reach 25 (69 % at least): it lies not below 25. None reach 100, so it lies below 100.
    arrays = task_arrays(complete(grid({"gru": [3] * 8 + [2] * 2})))
    row = horizons(arrays, Declared()).iloc[0]
    assert (row["median"], row["median_low"], row["median_high"]) == (50.0, 25.0, 50.0)
    assert row["text"] == "50 to 100"


def test_missing_trials_widen_the_interval_and_are_not_imputed(grid):
    results = grid({"gru": [2] * 10})
    whole = horizons(task_arrays(complete(results)), Declared()).iloc[0]
    lost = (results["seed"] == 1000) & (results["length"] == 50)
    results.loc[lost, "outcome"] = None
    part = horizons(task_arrays(complete(results)), Declared()).iloc[0]
    assert (part["n"], part["incomplete"]) == (10, 1)
    # Without the trial at 50, the failure at 100 still bounds the horizon from above.
    assert part["low"] == whole["low"]
    assert part["high"] > whole["high"]
    results.loc[results["seed"] == 1000, "outcome"] = None
    assert horizons(task_arrays(complete(results)), Declared()).iloc[0]["n"] == 9


def test_turnbull_is_the_likeliest_of_all_shares_and_kaplan_meier_without_gaps():
    # Two seeds known at place 1, one at 3; one open between 1 and 3: it splits as the known ones do, 2 to 1.
    found = Horizons(*map(np.array, ([1, 1, 3, 1], [1, 1, 3, 3], [False] * 4, [True] * 4)))
    np.testing.assert_allclose(place_shares(found, 4), [0, 2 / 3, 0, 1 / 3, 0], atol=1e-7)
    known = Horizons(*map(np.array, ([0, 2, 4, 4], [0, 2, 4, 4], [False] * 4, [True] * 4)))
    np.testing.assert_allclose(place_shares(known, 4), [0.25, 0, 0.25, 0, 0.5])


def test_open_horizons_are_called_open_and_not_ranked(grid):
    results = complete(grid({"plain": 0, "gru": 4}))
    own = results["method"] == "gru"
    results.loc[own & (results["length"] != 25), "outcome"] = None
    table = horizons(task_arrays(results), Declared()).set_index("method")
    assert (table["text"]["gru"], table["incomplete"]["gru"], table["below"]["gru"]) == ("open", 10, 0)
    assert np.isnan(table["median"]["gru"])
    assert np.isnan(table["octaves"]["gru"])
    assert table["high"]["gru"] == table["range"]["gru"], "it may have reached every length"
    results.loc[own & (results["length"] == 12), "outcome"] = "solved"
    table = horizons(task_arrays(results), Declared()).set_index("method")
    assert table["text"]["gru"] == ">= 25, open"
    ranks = compare(results).methods.set_index("method")["rank"]
    assert ranks["plain"] == 1
    assert np.isnan(ranks["gru"])


def test_restricted_horizon_is_the_area_of_monotone_seeds(grid):
    arrays = task_arrays(complete(grid({"gru": [0, 1, 2, 3, 4, 4, 2, 1, 0, 3]})))
    seeds = seed_horizons(arrays)
    np.testing.assert_allclose(seeds["octaves"], seed_areas(arrays)[0], atol=1e-12)
    assert horizons(arrays, Declared())["octaves"].iloc[0] == pytest.approx(seeds["octaves"].mean())


def test_one_row_a_seed(grid):
    seeds = seed_horizons(task_arrays(complete(grid({"gru": [0, 2, 4]}, seeds=3))))
    assert seeds["reached"].tolist() == [0, 25, 100]
    assert seeds["failed"].tolist() == [12, 50, np.inf]
    assert seeds["below"].tolist() == [True, False, False]
    assert seeds["at_least"].tolist() == [False, False, True]


def test_single_length_has_no_octaves(grid):
    row = horizons(task_arrays(complete(grid({"gru": 1}, lengths=(50,)))), Declared()).iloc[0]
    assert (row["octaves"], row["text"], row["range"]) == (0.0, ">= 50", 0.0)
