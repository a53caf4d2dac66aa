"""Steps to solve: divergence is never censoring, and the permuted log-rank test is the sign-flip test of its scores."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from seqbench.stats.preregistration import Declared
from seqbench.stats.steps_to_solve import incidence, log_rank_scores, log_rank_test, solved_by_half, steps_to_solve
from seqbench.stats.task_arrays import complete, task_arrays


@pytest.fixture
def half_diverged(grid):
    """Ten seeds at one length: five solve at step 400, five diverge at step 50."""
    results = grid({"gru": 1}, lengths=(50,))
    lost = results["seed"] < 1005
    results.loc[lost, ["outcome", "accuracy", "solved_at", "diverged_at"]] = ["diverged", np.nan, np.nan, 50.0]
    return complete(results)


def observed_less_expected(times, events, group):
    """The log-rank numerator from its definition, one table a distinct event time."""
    total = 0.0
    for time in np.unique(times[events]):
        at_risk = times >= time
        happened = (times == time) & events
        total += happened[group].sum() - at_risk[group].sum() * happened.sum() / at_risk.sum()
    return total


def test_divergence_counts_as_never_solved(half_diverged):
    row = steps_to_solve(half_diverged, task_arrays(half_diverged), Declared()).iloc[0]
    # Censored where they diverged, the Kaplan-Meier curve would fall to 0: "all solve".
    censored = stats.ecdf(stats.CensoredData(uncensored=[400.0] * 5, right=[50.0] * 5)).sf
    assert censored.probabilities[-1] == 0.0
    assert (row["n"], row["solved"], row["rate"]) == (10, 5, 0.5)
    assert row["restricted_mean"] == pytest.approx(0.5 * 400 + 0.5 * 1000)
    assert row["median"] == 400, "half of the trials had solved by then"
    assert row["mean_low"] < 700 < row["mean_high"]


@pytest.mark.parametrize(
    ("steps", "half"),
    [([300, 100, 200], 200), ([100, np.inf], 100), ([400, 100, np.inf, 200], 200), ([100, np.inf, np.inf], np.inf)],
)
def test_the_step_by_which_half_had_solved(steps, half):
    assert solved_by_half(steps) == half
    assert np.isnan(solved_by_half([]))


def test_incidence_by_hand(half_diverged):
    table = incidence(half_diverged).set_index("step")
    assert table.loc[0, ["solved", "diverged", "neither"]].tolist() == [0.0, 0.0, 1.0]
    assert table.loc[50, ["solved", "diverged", "neither"]].tolist() == [0.0, 0.5, 0.5]
    assert table.loc[400, ["solved", "diverged", "neither"]].tolist() == [0.5, 0.5, 0.0]
    assert table.index.tolist() == [0, 50, 400, 1000]


def test_costs_in_seconds_and_sequences(half_diverged):
    row = steps_to_solve(half_diverged, task_arrays(half_diverged), Declared()).iloc[0]
    assert row["median_seconds"] == pytest.approx(2.0 * 400 / 1000)
    assert row["median_sequences"] == 400 * 32
    assert row["coarse"]  # an evaluation every 100 of 1,000 steps


def test_scores_sum_to_observed_less_expected():
    rng = np.random.default_rng(0)
    times, events = rng.integers(1, 8, 20).astype(float), rng.random(20) < 0.6
    scores, group = log_rank_scores(times, events), np.arange(20) < 9
    assert scores.sum() == pytest.approx(0, abs=1e-12)
    assert scores[group].sum() == pytest.approx(observed_less_expected(times, events, group))


def test_permuted_test_is_the_enumeration_of_swaps():
    rng = np.random.default_rng(3)
    times, events = rng.integers(1, 9, (2, 7)).astype(float), rng.random((2, 7)) < 0.7
    sizes = []
    for swaps in product([0, 1], repeat=7):
        group = np.zeros((2, 7), bool)
        group[list(swaps), range(7)] = True
        sizes.append(abs(observed_less_expected(times.ravel(), events.ravel(), group.ravel())))
    expected = np.mean(np.array(sizes) >= sizes[0] - 1e-9)
    assert log_rank_test(times, events) == pytest.approx(expected, abs=1e-12)


def test_permuted_test_is_near_scipys_asymptotic_one():
    rng = np.random.default_rng(5)
    times = np.minimum(np.stack([rng.exponential(1.0, 40), rng.exponential(1.6, 40)]), 2.0)
    events = times < 2.0
    one, other = (stats.CensoredData(uncensored=t[e], right=t[~e]) for t, e in zip(times, events, strict=True))
    assert log_rank_test(times, events) == pytest.approx(stats.logrank(one, other).pvalue, abs=0.03)


def test_against_the_baseline(grid):
    rows = complete(grid({"plain": 0, "gru": 1, "lstm": 0}, lengths=(50,)))
    table = steps_to_solve(rows, task_arrays(rows), Declared()).set_index("method")
    assert table["difference"]["gru"] == -600
    assert table["p"]["gru"] == pytest.approx(2 / 2**10)
    assert table["p_holm"]["gru"] == pytest.approx(2 * 2 / 2**10), "two tests: the baseline itself is none"
    assert np.isnan(table["p"]["plain"])
    assert np.isnan(table["p_holm"]["plain"])


def test_nothing_finished(grid):
    results = grid({"plain": 0, "gru": 1}, lengths=(50,))
    results["outcome"] = None
    rows = complete(results)
    assert steps_to_solve(rows, task_arrays(rows), Declared())["n"].tolist() == [0, 0]
    assert incidence(rows).empty


def test_of_two_budgets_the_smaller_one_counts_for_both(grid):
    rows = grid({"long": 1, "short": 0}, lengths=(50,), seeds=6)
    long = rows["method"] == "long"
    # The long one solves after 1,400 of 2,000 steps; the other never does, in 1,000.
    rows.loc[long, ["budget", "steps", "solved_at"]] = [2000, 1400, 1400]
    rows = complete(rows)
    arrays = task_arrays(rows, Declared(baseline="short"))
    table = steps_to_solve(rows, arrays, Declared(baseline="short")).set_index("method")
    assert table["budget"].to_dict() == {"short": 1000, "long": 2000}
    assert table["restricted_mean"].to_dict() == {"short": 1000, "long": 1400}
    assert (table.loc["long", "difference"], table.loc["long", "p"]) == (0, 1)
