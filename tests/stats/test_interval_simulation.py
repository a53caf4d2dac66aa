"""The published simulation of intervals: a small one always, the full one against what is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.emplike.descriptive import DescStat

from seqbench.plan.search import find_bracket, next_lengths
from tests.stats.interval_candidates import (
    BEFORE,
    DIFFERENCES,
    IN_USE,
    _log_ratio,
    empirical_likelihood,
    johnson,
    student,
    student_corrected,
)
from tests.stats.interval_simulation import (
    SCENARIOS,
    attainable,
    everything,
    least_of_one_mode,
    page_rows,
    simulate,
    simulate_means,
    summary,
)
from tests.stats.learners import LENGTHS, Learner, horizons, searched, solves

PUBLISHED = Path(__file__).parents[2] / "results" / "simulations"
MODES = [name for name, scenario in SCENARIOS.items() if scenario.kind == "both modes"]


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(PUBLISHED / "intervals.csv")


@pytest.fixture(scope="module")
def published_means():
    return pd.read_csv(PUBLISHED / "mean_intervals.csv")


def test_the_search_in_arrays_is_the_search_of_the_plan():
    rng = np.random.default_rng(2)
    [true] = horizons((Learner(1, 6, 0.5, 1.5, 1.5),), (60,), 0.0, rng)
    answers = solves(Learner(1, 6, 0.5, slope=0.3), true, rng)
    visited, low, high = searched(answers)
    for own, seen, below, above in zip(answers, visited, low, high, strict=True):
        solved: dict[int, bool] = {}
        while asked := next_lengths(LENGTHS, solved):
            solved.update({length: bool(own[LENGTHS.index(length)]) for length in asked})
        assert sorted(solved) == [length for length, was in zip(LENGTHS, seen, strict=True) if was]
        found = find_bracket(solved)
        assert (found.solved, found.failed) == (([0, *LENGTHS])[below + 1], ([*LENGTHS, np.inf])[above])


@pytest.mark.parametrize("name", [MODES[0], MODES[5], "95 in 100 against none"])
def test_the_interval_covers_and_is_narrower_than_the_one_before(name):
    table = simulate([name], repetitions=300, intervals=(IN_USE, BEFORE)).set_index("interval")
    # 94 % of 300, less two and a half standard errors.
    assert table["coverage"][IN_USE] >= 0.905
    assert table["width"][IN_USE] <= 0.85 * table["width"][BEFORE]


def test_a_small_simulation_agrees_with_the_published_one(published, published_means):
    for small, whole in (
        (simulate([MODES[0]], repetitions=300), published),
        (simulate_means(["5 in 10 solve far"], repetitions=300), published_means),
    ):
        at = whole[(whole["pair"] == small["pair"][0]) & (whole["seeds"] == 10)].set_index("interval")
        own = small.set_index("interval")
        assert list(own.index) == list(at.index)
        np.testing.assert_allclose(own["coverage"], at["coverage"], atol=0.05)
        np.testing.assert_allclose(own["width"], at["width"], rtol=0.04)
    assert list(published.loc[published["seeds"] == 10, "interval"].unique()) == list(DIFFERENCES)


def test_what_the_published_tables_must_show(published, published_means):
    ten = published[(published["seeds"] == 10) & (published["interval"] == IN_USE)]
    assert ten["coverage"].min() >= 0.94
    modes = ten.loc[ten["kind"] == "both modes", "coverage"]
    assert 0.94 <= modes.mean() <= 0.98
    assert modes.between(0.94, 0.97).sum() >= 5
    assert modes.between(0.94, 0.98).sum() >= 7
    told = summary(published).set_index(["seeds", "interval"])
    assert told.loc[(10, IN_USE), "relative"] <= 0.85
    assert told.loc[(10, "Student's t"), "least"] < 0.80, "why it is not Student's interval"
    assert summary(published_means).set_index("interval").loc[IN_USE, "least"] >= 0.94


def test_no_interval_that_was_tried_covers_94_to_97_everywhere(published, published_means):
    for table in (published[published["seeds"] == 10], published_means):
        coverage = table.pivot_table(index="interval", columns="pair", values="coverage")
        assert not ((coverage >= 0.935) & (coverage <= 0.975)).all(axis=1).any()


def test_coverages_that_ten_seeds_allow_by_hand():
    # Of ten seeds 0 to 2 are of a mode with a share of 1 in 10 in 0.9298 of all samples, 0 to 3 in 0.9872.
    assert [round(each, 4) for each in attainable(0.1) if 0.9 < each < 0.99] == [0.9298, 0.9872]
    assert not [each for share in (0.1, 0.05, 0.9, 0.95) for each in attainable(share) if 0.935 < each < 0.975]
    assert [round(each, 4) for each in attainable(0.2) if 0.93 < each < 0.99] == [0.9672]
    assert attainable(0.6, seeds=2) == pytest.approx([0.64, 0.84, 1.0])


def test_what_rare_modes_cost_where_there_is_one_mode_by_hand():
    # 0.06 / 0.9^10 = 0.1721 of the samples, 0.946 standard errors; 0.4 octaves are 2.530: 3.476 in all.
    assert least_of_one_mode() == pytest.approx(1 - 2 * 0.000254, abs=5e-6)
    assert least_of_one_mode(0.0, least=0.975) == pytest.approx(0.95)


def test_the_empirical_likelihood_is_that_of_statsmodels():
    values = np.random.default_rng(0).gamma(1.0, size=(3, 10))
    means = values.mean(axis=1) + 0.2
    expected = [DescStat(own).test_mean(mean, result_object=False)[0] for own, mean in zip(values, means, strict=True)]
    np.testing.assert_allclose(_log_ratio(values, means), expected, rtol=1e-6)
    low, high = empirical_likelihood(values, 0.0, 10.0)
    limit = stats.f.ppf(0.95, 1, 9)
    np.testing.assert_allclose([_log_ratio(values, low), _log_ratio(values, high)], limit, rtol=1e-6)


def test_the_corrections_of_students_interval_by_hand():
    values = np.random.default_rng(0).normal(size=(2, 10))
    plain, skewless = student(values, -9, 9), np.concatenate([values, -values], axis=1)
    np.testing.assert_allclose(johnson(skewless, -9, 9), student(skewless, -9, 9), atol=1e-12)
    narrower = student_corrected(values, -9, 9)
    shrunk = (values.var(axis=1, ddof=1) - np.log2(1.1) ** 2 / 12) / values.var(axis=1, ddof=1)
    np.testing.assert_allclose(narrower[1] - narrower[0], (plain[1] - plain[0]) * np.sqrt(shrunk), rtol=1e-12)


def test_the_page_tells_the_published_numbers(published, published_means):
    page = (PUBLISHED / "README.md").read_text().splitlines()
    for row in (*page_rows(published), *page_rows(published_means)):
        assert row in page


@pytest.mark.slow
def test_the_full_simulation_is_the_published_one(published, published_means):
    words = ["kind", "pair", "seeds", "interval"]
    numbers = ["coverage", "too_high", "too_low", "width"]
    for found, expected in ((everything(), published), (simulate_means(), published_means)):
        pd.testing.assert_frame_equal(found[words], expected[words], check_dtype=False)
        np.testing.assert_allclose(found[numbers], expected[numbers], atol=0.002)
