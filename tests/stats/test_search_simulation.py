"""Searches of simulated learners of known horizons: bias, coverage, cost and false findings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.stats.search_simulation import LEARNERS, everything, family_wise_error, simulate

PUBLISHED = Path(__file__).parents[2] / "results" / "simulations"
OFTEN = "non-monotone: fails 1 in 20 lengths within its horizon"
MOST_BIAS = dict.fromkeys(LEARNERS, 0.03) | {OFTEN: 0.06}
"""Of the geometric mean horizon. Failures of two doublings in a row, or in the bisection, are not found out."""


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(PUBLISHED / "searches.csv").set_index("learner")


@pytest.mark.parametrize(
    "name", ["monotone, two modes, censored at both ends", "noisy over 0.2 octaves, two modes", OFTEN]
)
def test_a_search_is_unbiased_covers_and_keeps_to_its_bound(name):
    row = simulate(name, repetitions=150)
    assert abs(row["bias"]) < MOST_BIAS[name]
    assert row["coverage"] >= 0.93
    assert row["most"] <= row["bound"]


def test_failures_within_the_horizon_are_counted_and_widen_the_interval():
    monotone, often = (simulate(name, repetitions=60) for name in ("monotone, one mode", OFTEN))
    assert monotone["violations"] == 0
    assert often["violations"] > 0.1
    assert often["width"] > 1.2 * monotone["width"]


def test_few_tables_without_differences_show_one():
    assert family_wise_error(tables=100) <= 0.11  # 5 % of 100, plus two and a half standard errors


def test_what_the_published_table_must_show(published):
    assert list(published.index) == list(LEARNERS)
    assert (published["most"] <= published["bound"]).all()
    assert (published["coverage"] >= 0.93).all()
    assert (published["bias"].abs() < pd.Series(MOST_BIAS)).all()
    assert published["threshold_coverage"].drop(index=OFTEN).dropna().between(0.93, 0.98).all()


def test_the_page_tells_the_published_numbers(published):
    page = (PUBLISHED / "README.md").read_text()
    for name, row in published.iterrows():
        fitted = "" if np.isnan(row["threshold_coverage"]) else f"{100 * row['threshold_coverage']:.1f}"
        spread = "" if np.isnan(row["threshold_width"]) else f"{row['threshold_width']:.2f}"
        line = [
            name, f"{100 * row['bias']:z.1f}", f"{100 * row['coverage']:.1f}", f"{row['width']:.2f}", fitted, spread,
            f"{row['trials']:.1f}", f"{row['most']:.0f}", f"{100 * row['violations']:.1f}",
        ]  # fmt: skip
        assert f"| {' | '.join(line)} |" in page


@pytest.mark.slow
def test_the_full_simulation_is_the_published_one(published):
    found = everything().set_index("learner")
    np.testing.assert_allclose(found.astype(float), published.astype(float), atol=0.003)


@pytest.mark.slow
def test_at_most_6_of_100_of_2000_tables_without_differences_show_one():
    assert family_wise_error() <= 0.06
