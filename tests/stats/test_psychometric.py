"""The psychometric function: against the likelihood integrated by hand, and against known learners."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from seqbench.stats.psychometric import fit_psychometric
from tests.stats.learners import LENGTHS, SPAN, Learner, horizons, results, searched, solves

AT = np.array(LENGTHS, float)


def fit(solved):
    return fit_psychometric(AT, solved, LENGTHS[0], LENGTHS[-1])


def cube(*seeds):
    """`[S, L]` results from `{length: solved}` of every seed."""
    found = np.full((len(seeds), len(LENGTHS)), np.nan)
    for row, own in zip(found, seeds, strict=True):
        for length, solved in own.items():
            row[LENGTHS.index(length)] = solved
    return found


def test_the_posterior_is_the_integrated_likelihood():
    found = fit(cube({74: 1, 144: 0}, {144: 1, 281: 1, 548: 0}))
    points = np.argsort(-found.weight)[[0, 200, 900]]

    def likelihood(m, b, w):
        def seed(trials):
            def integrand(h):
                each = [stats.norm.cdf((1 if y else -1) * (h - np.log2(n / 10)) / w) for n, y in trials.items()]
                return stats.norm.pdf(h, m, b) * np.prod(each)

            return integrate.quad(integrand, m - 8 * b, m + 8 * b, limit=200, points=[m])[0]

        return seed({74: 1, 144: 0}) * seed({144: 1, 281: 1, 548: 0})

    own = [likelihood(found.threshold[i], found.between[i], found.within[i]) for i in points]
    np.testing.assert_allclose(np.array(own) / own[0], found.weight[points] / found.weight[points[0]], rtol=0.01)


def test_complete_separation_is_no_trouble():
    alike = [{144: 1, 281: 0}] * 10
    found = fit(cube(*alike))
    median, low, high = found.threshold_interval()
    assert median == pytest.approx(np.log2(14.4 * 28.1) / 2, abs=0.05), "the middle of the one bracket"
    assert np.log2(14.4) - 0.2 < low < high < np.log2(28.1) + 0.2
    assert found.spread() < 0.6


def test_censored_seeds_leave_the_threshold_open_on_their_side():
    _, low, high = fit(cube(*[{2000: 1}] * 10)).threshold_interval()
    assert low > SPAN
    assert high > SPAN + 2, "the prior is all that bounds it"
    _, low, high = fit(cube(*[{10: 0}] * 10)).threshold_interval()
    assert high < 0


def test_the_curve_falls_from_one_to_none_and_passes_one_half_at_the_threshold():
    rng = np.random.default_rng(0)
    learner = Learner(4, 4, 1, high_spread=0.7)
    [true] = horizons((learner,), (30,), 0.0, rng)
    solved = solves(learner, true, rng)
    found = fit(results(solved, searched(solved)[0]))
    mean, low, high = found.curve(AT)
    assert (np.diff(mean) <= 0).all()
    assert ((low <= mean) & (mean <= high)).all()
    assert mean[0] > 0.99
    assert mean[-1] < 0.01
    at_threshold = found.curve(np.array([10 * 2 ** found.threshold_interval()[0]]))[0][0]
    assert at_threshold == pytest.approx(0.5, abs=0.02)
    # Shares of solved trials among those that a search visits would be far above the curve at long lengths.
    assert mean[LENGTHS.index(281)] < 0.2


@pytest.mark.parametrize(("spread", "slope"), [(0.5, 0.0), (1.0, 0.1), (0.5, 0.2)])
def test_thresholds_of_known_learners_are_covered(spread, slope):
    rng, learner = np.random.default_rng(1), Learner(4, 4, 1, high_spread=spread, slope=slope)
    errors, covered = [], []
    for _ in range(60):
        [true] = horizons((learner,), (10,), 0.0, rng)
        solved = solves(learner, true, rng)
        median, low, high = fit(results(solved, searched(solved)[0])).threshold_interval()
        covered.append(low <= 4 <= high)
        errors.append(median - true.mean())
    assert abs(2 ** np.mean(errors) - 1) < 0.03
    assert np.mean(covered) >= 0.88  # 95 % of 60, less two and a half standard errors


def test_nothing_finished_is_nothing_fitted():
    assert fit(np.full((3, len(LENGTHS)), np.nan)) is None
