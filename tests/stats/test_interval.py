"""Intervals: published numbers, exact relations, and the coverage that the reports rest on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from seqbench.stats.interval import (
    bootstrap_interval,
    clopper_pearson,
    jeffreys_mean_interval,
    mean_interval,
    t_interval,
)

OCTAVES = np.log2(np.array([12, 25, 50, 100]) / 12)
HORIZONS = np.concatenate([[0.0], (OCTAVES[:-1] + OCTAVES[1:]) / 2, OCTAVES[-1:]])


def test_clopper_pearson_agrees_with_published_limits():
    # R 4: binom.test(9, 10)$conf.int and binom.test(0, 10)$conf.int
    low, high = clopper_pearson([9, 0], [10, 10])
    np.testing.assert_allclose(low, [0.5549839, 0.0], atol=1e-7)
    np.testing.assert_allclose(high, [0.9974714, 0.3084971], atol=1e-7)


def test_clopper_pearson_agrees_with_scipy_everywhere():
    for n in (1, 7, 30):
        for k in range(n + 1):
            expected = stats.binomtest(k, n).proportion_ci(0.9, "exact")
            low, high = clopper_pearson(k, n, 0.1)
            np.testing.assert_allclose([low, high], expected, atol=1e-12)


def test_clopper_pearson_of_nothing_is_everything():
    assert [float(end) for end in clopper_pearson(0, 0)] == [0.0, 1.0]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (9, 10), (10, 10), (15, 30)])
def test_mean_interval_of_yes_and_no_is_clopper_pearson(k, n):
    found = mean_interval([1.0] * k + [0.0] * (n - k), 0.0, 1.0)
    np.testing.assert_allclose(found, np.array(clopper_pearson(k, n)), atol=0.01)


def test_mean_interval_does_not_collapse_when_all_seeds_agree():
    low, high = mean_interval([3.0] * 10, -4.0, 4.0)
    # Ten of ten: at most 30.8 % of seeds can be at the worst end, so the mean is at least 3 - 0.308 * 7.
    assert low == pytest.approx(3 - 0.3085 * 7, abs=0.07)
    assert high == pytest.approx(3 + 0.3085 * 1, abs=0.01)


def test_mean_interval_mirrors_and_forgets_order():
    values = np.array([0.5, 1.5, 3.0, 3.0, -1.0, 0.0])
    low, high = mean_interval(values, -4.0, 4.0)
    assert mean_interval(-values, -4.0, 4.0) == (-high, -low)
    assert mean_interval(values[::-1], -4.0, 4.0) == (low, high)


def test_mean_interval_spans_numbers_known_only_between_bounds():
    known = mean_interval([1.0] * 6, 0.0, 3.0)
    open_ended = mean_interval([1.0] * 5 + [0.0], 0.0, 3.0, highest=[1.0] * 5 + [3.0])
    assert open_ended[0] < known[0] < known[1] < open_ended[1]


@pytest.mark.parametrize(("k", "n"), [(3, 10), (9, 10), (15, 30), (2, 5)])
def test_jeffreys_mean_interval_of_yes_and_no_is_a_beta_posterior(k, n):
    # Dirichlet weights gather: k seeds of weight (n - 2) / n and half an imaginary one.
    weight = (n - 2) / n
    found = jeffreys_mean_interval([1.0] * k + [0.0] * (n - k), 0.0, 1.0)
    expected = stats.beta.ppf([0.025, 0.975], weight * k + 0.5, weight * (n - k) + 0.5)
    np.testing.assert_allclose(found, expected, atol=0.012)


def test_jeffreys_mean_interval_spreads_as_students_standard_error():
    values = np.random.default_rng(0).normal(size=40)
    # Imaginary seeds at the mean add no spread of their own, only two halves of weight: 38 + 1.
    low, high = jeffreys_mean_interval(values, values.mean(), values.mean(), alpha=2 * stats.norm.sf(1))
    expected = values.std() * np.sqrt(38 / 39 / (38 + 1 + 1))
    assert (high - low) / 2 == pytest.approx(expected, rel=0.03)


def test_jeffreys_mean_interval_mirrors_forgets_order_and_spans_open_ends():
    values = np.array([0.5, 1.5, 3.0, 3.0, -1.0, 0.0])
    low, high = jeffreys_mean_interval(values, -4.0, 3.5)
    np.testing.assert_allclose(jeffreys_mean_interval(-values, -3.5, 4.0), (-high, -low), atol=1e-12)
    assert jeffreys_mean_interval(values[::-1], -4.0, 3.5) == (low, high)
    wider = jeffreys_mean_interval(values - 0.1, -4.0, 3.5, highest=values + 0.2)
    assert wider[0] < low < high < wider[1]


def test_jeffreys_mean_interval_holds_the_end_where_all_seeds_stand():
    low, high = jeffreys_mean_interval([3.0] * 10, 0.0, 3.0)
    assert low < high == 3.0
    assert jeffreys_mean_interval([0.0] * 10, 0.0, 3.0)[0] == 0.0


@pytest.mark.parametrize("interval", [mean_interval, t_interval, bootstrap_interval, jeffreys_mean_interval])
def test_no_interval_below_five_seeds(interval):
    assert np.isnan(interval([1.0, 2.0, 3.0, 4.0], 0.0, 5.0)).all()
    assert np.isfinite(interval([1.0, 2.0, 3.0, 4.0, 4.0], 0.0, 5.0)).all()


def test_t_interval_agrees_with_students_own_data():
    # Student (1908), R's `sleep`: t.test(extra ~ group, paired = TRUE) gives 0.7001142 to 2.4598858 in size.
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    np.testing.assert_allclose(t_interval(gained, -99, 99), [0.7001142, 2.4598858], atol=1e-7)


def test_t_interval_without_spread_gives_way_to_the_exact_one():
    assert t_interval([2.0] * 10, -3.0, 3.0) == mean_interval([2.0] * 10, -3.0, 3.0)


def test_bootstrap_interval_is_about_students_and_mirrors():
    sample = np.random.default_rng(0).normal(0.3, 0.1, 10)
    low, high = bootstrap_interval(sample, -1.0, 1.0)
    np.testing.assert_allclose((low, high), t_interval(sample, -1.0, 1.0), atol=0.01)
    np.testing.assert_allclose(bootstrap_interval(-sample[::-1], -1.0, 1.0), (-high, -low), atol=1e-12)
    assert bootstrap_interval([2.0] * 10, -3.0, 3.0) == mean_interval([2.0] * 10, -3.0, 3.0)
    assert bootstrap_interval([0.9] * 9 + [1.0], -1.0, 1.0)[1] <= 1.0


@pytest.mark.parametrize("rate", [0.5, 0.7, 0.9, 0.97])
def test_solve_rate_interval_covers_at_ten_seeds(rate):
    k = np.arange(11)
    low, high = clopper_pearson(k, 10)
    coverage = stats.binom.pmf(k, 10, rate)[(low <= rate) & (rate <= high)].sum()
    assert coverage >= 0.93


@pytest.mark.parametrize(
    ("rates", "against"),
    [
        ([1, 1, 1, 0.9], [0.9, 0, 0, 0]),
        ([1, 1, 0.9, 0.5], [0.95, 0.5, 0.1, 0]),
        ([1, 1, 1, 0.97], [0, 0, 0, 0]),
        ([0.9, 1, 1, 0.5], [1, 0.5, 0, 0]),
        ([0.7, 0.9, 0.7, 0.7], [0.5, 0.5, 0.5, 0.5]),
    ],
)
def test_difference_of_horizons_covers_at_ten_seeds(rates, against):
    """The headline interval: octaves gained over the baseline, for outcomes that are nearly all or nothing."""
    rng, repetitions = np.random.default_rng(7), 600

    def draw(solving):
        reached = np.cumprod(rng.random((repetitions, 10, 4)) < np.array(solving), axis=-1).sum(axis=-1)
        at_least = np.append(1.0, np.cumprod(solving))
        return HORIZONS[reached], (at_least - np.append(at_least[1:], 0.0)) @ HORIZONS

    (one, mean), (other, mean_against) = draw(rates), draw(against)
    truth, whole = mean - mean_against, OCTAVES[-1]
    ends = np.array([mean_interval(differences, -whole, whole) for differences in one - other])
    coverage = np.mean((ends[:, 0] <= truth + 1e-12) & (truth - 1e-12 <= ends[:, 1]))
    assert coverage >= 0.93
