"""The exact paired test: hand-counted patterns, Fisher's own example, independent enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from seqbench.stats import signflip
from seqbench.stats.signflip import holm, seeds_to_find_anything, sign_flip_test, verdict


def test_hand_counted_patterns():
    # Of the 8 signs of 1, 2, 3 only +++ and --- reach 6 in size; +4 and more: also (-1, 2, 3) and its mirror.
    assert sign_flip_test([1, 2, 3]) == 2 / 8
    assert sign_flip_test([-1, 2, 3]) == 4 / 8
    assert sign_flip_test([1, -1]) == 1.0
    assert sign_flip_test([0.0, 0.0]) == 1.0
    assert np.isnan(sign_flip_test([]))


def test_fishers_count_for_darwins_maize():
    # Fisher (1935), The Design of Experiments, section 21: 863 of 32,768 patterns reach 314 on one side.
    inches_eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert sign_flip_test(inches_eighths) == pytest.approx(2 * 863 / 32768, abs=1e-12)


def test_agrees_with_plain_enumeration_and_with_scipy():
    rng = np.random.default_rng(0)
    for n in (4, 9, 11):
        sample = rng.normal(0.4, 1, n)
        sums = np.array(list(product([-1, 1], repeat=n))) @ np.abs(sample)
        expected = np.mean(np.abs(sums) >= abs(sample.sum()) - 1e-9)
        assert sign_flip_test(sample) == pytest.approx(expected, abs=1e-12)
        own = stats.permutation_test(
            (sample,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
        )
        assert sign_flip_test(sample) == pytest.approx(own.pvalue, abs=1e-12)


def test_fifty_equal_differences_are_the_sign_test():
    sample = np.array([1.06] * 33 + [-1.06] * 17)
    assert sign_flip_test(sample) == pytest.approx(stats.binomtest(33, 50).pvalue, rel=1e-9)


def test_zero_differences_and_scale_change_nothing():
    sample = [0.3, -0.1, 0.7, 0.2, 0.25]
    assert sign_flip_test([*sample, 0.0, 0.0]) == sign_flip_test(sample)
    assert sign_flip_test(np.array(sample) * 1e-8) == sign_flip_test(sample)


def test_random_patterns_are_close_and_the_same_each_time(monkeypatch):
    sample = np.random.default_rng(1).normal(0.3, 1, 18)
    exact = sign_flip_test(sample)
    monkeypatch.setattr(signflip, "MOST_SUMS", 2)
    first = sign_flip_test(sample)
    signflip._signs.cache_clear()
    assert sign_flip_test(sample) == first
    assert sign_flip_test(sample) == pytest.approx(exact, abs=0.01)


def test_holm_by_hand_and_against_statsmodels():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    p = np.random.default_rng(2).random(40) ** 3
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    assert holm([]).size == 0


def test_holm_counts_what_could_not_be_tested():
    corrected = holm([0.01, np.nan])
    assert corrected[0] == 0.02
    assert np.isnan(corrected[1])


@pytest.mark.parametrize(("comparisons", "seeds"), [(1, 6), (3, 7), (6, 8), (10, 9), (15, 10), (28, 11)])
def test_seeds_below_which_nothing_can_be_found(comparisons, seeds):
    assert seeds_to_find_anything(comparisons) == seeds
    # The smallest p-value that n pairs can give is 2 of 2^n sign patterns.
    assert sign_flip_test(np.ones(seeds)) * comparisons <= 0.05 < sign_flip_test(np.ones(seeds - 1)) * comparisons


def test_verdicts():
    assert verdict(1.0, 0.01, 10, 3, 0.05) == "better"
    assert verdict(-1.0, 0.01, 10, 3, 0.05) == "worse"
    assert verdict(1.0, 0.2, 10, 3, 0.05) == "no evidence"
    assert verdict(1.0, 0.0625, 5, 1, 0.05) == "too few seeds to tell"
    assert verdict(1.0, np.nan, 10, 1, 0.05) == "too few seeds to tell"
