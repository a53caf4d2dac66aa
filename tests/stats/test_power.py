"""Power: exact sums against brute force and the published rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from seqbench.errors import UsageError
from seqbench.stats import power
from seqbench.stats.power import (
    fisher_power,
    paired_power,
    power_for_rates,
    power_from_pilot,
    rule_of_zero,
    smallest_designs,
)


def test_fisher_power_is_the_sum_over_all_outcomes():
    expected = 0.0
    for k in range(9):
        for other in range(9):
            weight = stats.binom.pmf(k, 8, 0.3) * stats.binom.pmf(other, 8, 0.9)
            expected += weight * (stats.fisher_exact([[k, 8 - k], [other, 8 - other]])[1] <= 0.05)
    assert fisher_power(0.3, 0.9, 8) == pytest.approx(expected, abs=1e-12)


def test_thirty_seeds_for_one_claim_and_fifty_for_ten():
    assert fisher_power(0.5, 0.9, 10) == pytest.approx(0.30, abs=0.005)
    assert fisher_power(0.5, 0.9, 20) == pytest.approx(0.74, abs=0.005)
    assert fisher_power(0.5, 0.9, 30) == pytest.approx(0.91, abs=0.005)
    table = power_for_rates(0.5, 0.9, comparisons=10).set_index("seeds")["power"]
    assert (table[30], table[50]) == pytest.approx((0.69, 0.95), abs=0.005)


def test_no_difference_is_found_no_more_often_than_alpha():
    assert max(fisher_power(rate, rate, 20) for rate in (0.1, 0.5, 0.9)) <= 0.05


def test_rate_must_be_a_share():
    with pytest.raises(UsageError, match="not a share"):
        fisher_power(0.5, 90, 10)


def test_rule_of_zero():
    assert rule_of_zero(10) == pytest.approx(0.3084971, abs=1e-7)
    assert [round(100 * rule_of_zero(n), 1) for n in (5, 20, 30, 100)] == [52.2, 16.8, 11.6, 3.6]


def test_paired_power_needs_six_seeds_whatever_the_pilot_says():
    certain = np.full(4, 2.0)
    assert paired_power(certain, 5) == 0.0
    assert paired_power(certain, 6) == 1.0
    assert paired_power(certain, 6, comparisons=3) == 0.0


def test_paired_power_grows():
    pilot = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    powers = [paired_power(pilot, n) for n in (6, 10, 20)]
    assert powers == sorted(powers)
    assert powers[0] < 0.2
    assert powers[2] > 0.9


def test_from_a_pilot(grid):
    table = power_from_pilot(grid({"plain": 0, "gru": [4, 3, 4], "lstm": 0}, seeds=3), seeds=(5, 10))
    power = table.set_index(["method", "seeds"])["power"]
    assert power[("gru", 5)] == 0.0
    assert power[("gru", 10)] == 1.0
    assert power[("lstm", 10)] == 0.0
    [pair] = power_from_pilot(grid({"gru": 4, "lstm": 3}), seeds=(10,)).itertuples()
    assert (pair.method, pair.against) == ("gru", "lstm"), "without a baseline every pair is compared"
    with pytest.raises(UsageError, match="no two methods"):
        power_from_pilot(grid({"gru": 4}))


def test_smallest_designs_name_the_least_seeds():
    table = smallest_designs()
    least = table[table["claim"].str.contains("any paired")].set_index("comparisons")["seeds"]
    assert least.to_dict() == {1: 6, 3: 7, 6: 8, 10: 9, 15: 10, 28: 11, 35: 11}


def test_the_least_seeds_of_a_ranking_and_an_interval_are_those_of_reports(monkeypatch):
    monkeypatch.setattr(power, "SEEDS_FOR_RANKING", 7)
    monkeypatch.setattr(power, "SEEDS_FOR_INTERVAL", 9)
    least = smallest_designs().set_index("claim")["seeds"]
    assert (least["a method may be ranked"], least["an interval is given"]) == (7, 9)


def test_a_factorial_pilot_is_corrected_among_the_comparisons_that_its_report_declares(crossed):
    factors = {name: ("none", name) for name in ("clip", "start", "skip", "gating")}
    pilot = crossed(factors, lambda own, seed: 2 * (own["clip"] != "none") + seed % 2, seeds=6)
    table = power_from_pilot(pilot)
    assert set(table["method"]) == set(factors), "the remedies alone, 4 of 15 combinations"
    own = np.full(6, math.log2(40 / 10))
    expected = [paired_power(own, n, comparisons=4) for n in table["seeds"].unique()]
    assert table.loc[table["method"] == "clip", "power"].tolist() == expected
