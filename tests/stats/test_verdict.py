"""Verdicts on published claims, worked by hand on made tables."""

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.grid.claim import Claim
from seqbench.stats.claim_figures import Measured
from seqbench.stats.verdict import judge, median_interval
from tests.stats.conftest import trial

LOSSES = {"A": [0.1, 0.2, 0.3, 0.4, 0.5], "B": [0.2, 0.4, 0.3, 0.2, np.nan]}
"""Test losses of five seeds; the last of B diverged."""


def claim(*criteria, **others):
    return Claim.model_validate(
        {
            "paper": "A paper", "link": "https://arxiv.org/abs/1", "says": "It works.", "differs": "In nothing.",
            "published": [{"what": "loss", "value": 0.1, "origin": "paper", "source": "Table 1"}],
            "declared": "2026-11-26", "criteria": list(criteria), **others,
        }
    )  # fmt: skip


SOLVED = {"A": [True, True, True, True, False], "B": [True, False, False, False, False]}


@pytest.fixture
def rows():
    """A solves 4 of 5, after 100, 200, 300 and 400 steps, B the first alone."""
    made = []
    for method, losses in LOSSES.items():
        for seed, (loss, solved) in enumerate(zip(losses, SOLVED[method], strict=True)):
            ended = {"outcome": "diverged"} if np.isnan(loss) else {}
            at = 100.0 * (seed + 1) if solved else np.nan
            made.append(trial(method, "adding", 100, 1000 + seed, solved=solved, loss=loss, solved_at=at, **ended))
    return pd.DataFrame(made)


def observed(rows, measured=None, **criterion):
    [finding] = judge(claim({"at_least": 0, **criterion}), rows, measured=measured).findings
    return finding.observed


def test_seeds_that_solved_are_counted_with_the_exact_interval(rows):
    figure = observed(rows, method="A", figure="solved")
    assert (figure.value, figure.n, figure.planned, figure.level) == (4, 5, 5, 0.95)
    # Clopper and Pearson for 4 of 5 is 0.284 to 0.995.
    assert (figure.low / 5, figure.high / 5) == pytest.approx((0.2836, 0.9949), abs=1e-4)
    assert observed(rows, method="B", figure="diverged").value == 1


def test_a_difference_of_counts_is_that_of_paired_seeds(rows):
    figure = observed(rows, method="A", than="B", figure="solved")
    assert figure.value == 3
    assert figure.low < 3 < figure.high <= 5


def test_the_median_seed_stands_for_a_loss_and_a_diverged_seed_is_the_worst(rows):
    assert observed(rows, method="A", figure="loss")[:5] == (0.3, 0.1, 0.5, 0.9375, 5)
    figure = observed(rows, method="B", figure="loss")
    assert (figure.value, figure.low, figure.high) == (0.3, 0.2, np.inf)


def test_losses_against_another_method_are_ratios_of_the_same_seeds(rows):
    # 0.5, 0.5, 1, 2 and 0.5 / infinity = 0, in order 0, 0.5, 0.5, 1, 2.
    figure = observed(rows, method="A", than="B", figure="loss")
    assert (figure.value, figure.low, figure.high) == pytest.approx((0.5, 0.0, 2.0))


def test_steps_to_solve_are_infinite_for_the_median_seed_that_never_did(rows):
    assert observed(rows, method="A", figure="steps").value == 300
    assert observed(rows, method="B", figure="steps").value == np.inf
    # 1 for the seed that both solved at once, 0 for three that A alone solved, 1 where neither did.
    assert observed(rows, method="A", than="B", figure="steps").value == 0


def test_extreme_losses_are_those_of_the_curve_and_infinite_where_not_finite(rows):
    trials = rows.loc[rows["method"] == "A", "trial"].to_list()
    losses = [[3, 1, 2], [5, 4, 6], [np.nan, 7, 8], [9, 9, 9]]  # the fifth diverged before its first evaluation
    made = [(name, step, loss) for name, own in zip(trials, losses, strict=False) for step, loss in enumerate(own)]
    curves = pd.DataFrame(made, columns=["trial", "step", "validation_loss"])
    measured = Measured(curves, pd.DataFrame())
    # Lowest 1, 4, 7, 9 and infinite; highest 3, 6, infinite, 9 and infinite.
    assert observed(rows, measured, method="A", figure="lowest_loss")[:3] == (7, 1, np.inf)
    assert observed(rows, measured, method="A", figure="highest_loss")[:3] == (9, 3, np.inf)


def test_slopes_of_the_gradient_are_read_before_training_and_compared_as_ratios(rows):
    growth = {"A": [0.25, 0.25, 0.25, 0.5, 0.5], "B": [0.5] * 5}
    made = [
        (f"{method}-adding-100-{1000 + seed}--0.01", step, "gradient_growth", value * (1 if step == 0 else 3))
        for method, values in growth.items() for seed, value in enumerate(values) for step in (0, 50)
    ]  # fmt: skip
    measured = Measured(pd.DataFrame(), pd.DataFrame(made, columns=["trial", "step", "probe", "value"]))
    slope = observed(rows, measured, method="A", figure="gradient_slope")
    assert slope[:3] == pytest.approx((np.log(0.25), np.log(0.25), np.log(0.5)))
    # The logarithm of 1/4 is twice that of 1/2.
    assert observed(rows, measured, method="A", than="B", figure="gradient_slope")[:3] == pytest.approx((2, 1, 2))


def test_a_slope_that_was_not_measured_leaves_the_claim_unfinished(rows):
    assert judge(claim({"method": "A", "figure": "gradient_slope", "at_most": 0}), rows).verdict == "not finished"


def test_a_diverged_seed_answers_nothing(rows):
    accuracy = rows.assign(accuracy=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, np.nan])
    assert observed(accuracy, method="B", figure="accuracy")[:3] == (0.2, 0.0, 0.4)
    assert observed(accuracy, method="A", than="B", figure="accuracy").value == pytest.approx(0.5)


def test_horizons_and_their_ratio_in_steps(grid):
    rows = grid({"far": 4, "near": 0, "half": 2}, seeds=5)  # of 12, 25, 50 and 100 steps
    assert observed(rows, method="far", figure="horizon").value == pytest.approx(100)
    assert observed(rows, method="half", figure="horizon").value == pytest.approx(np.sqrt(25 * 50))
    assert observed(rows, method="far", than="near", figure="horizon").value == pytest.approx(100 / 12)


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((4, 0.3), "reproduced"),
        ((5, 0.3), "partly reproduced"),
        ((4, 0.29), "partly reproduced"),
        ((5, 0.29), "not reproduced"),
    ],
)
def test_all_criteria_some_or_none(rows, bounds, verdict):
    solved, loss = bounds
    judged = judge(
        claim(
            {"method": "A", "figure": "solved", "at_least": solved}, {"method": "A", "figure": "loss", "at_most": loss}
        ),
        rows,
    )
    assert judged.verdict == verdict
    assert [finding.holds for finding in judged.findings] == [solved == 4, loss == 0.3]


def test_nothing_is_judged_while_a_trial_is_missing(rows):
    rows.loc[2, ["outcome", "loss"]] = None, np.nan
    judged = judge(claim({"method": "A", "figure": "solved", "at_least": 0}), rows)
    [finding] = judged.findings
    assert (judged.verdict, finding.holds, finding.observed.n, finding.observed.planned) == ("not finished", None, 4, 5)
    assert judge(claim({"method": "B", "figure": "solved", "at_least": 0}), rows).verdict == "reproduced"
    assert judge(claim({"method": "C", "figure": "solved", "at_least": 0}), rows).verdict == "not finished"


def test_seeds_that_chose_settings_do_not_count(rows):
    tuning = rows.assign(purpose="tuning", seed=rows["seed"] - 1000, trial="tuning " + rows["trial"], loss=9.0)
    assert observed(pd.concat([rows, tuning]), method="A", figure="loss").value == 0.3


def test_what_cannot_be_tested_here_says_so(rows):
    assert judge(claim(not_testable="It takes a month."), rows) == ("not testable here", ())


def test_a_criterion_about_several_lengths_is_refused(rows):
    longer = pd.concat([rows, rows.assign(length=200, trial="longer " + rows["trial"])])
    with pytest.raises(UsageError, match=r"of A \(loss\) needs a length: one of 100, 200"):
        observed(longer, method="A", figure="loss")
    assert observed(longer, method="A", length=200, figure="loss").value == 0.3


def test_the_interval_of_a_median_has_the_level_of_its_order_statistics():
    assert median_interval(range(1, 7)) == (1, 6, pytest.approx(1 - 2 / 64))
    assert median_interval(range(1, 11)) == (2, 9, pytest.approx(1 - 2 * 11 / 1024))
    assert np.isnan(median_interval(range(4))).all()


def test_a_trial_that_was_solved_at_the_final_test_alone_took_more_than_the_budget(rows):
    rows.loc[(rows["method"] == "A") & (rows["seed"].isin([1000, 1001])), "solved_at"] = np.nan
    # Infinite twice and where it was never solved, and 300 and 400 of five: more than the budget for the median seed.
    figure = observed(rows, method="A", figure="steps")
    assert (figure.value, figure.n, figure.planned) == (np.inf, 5, 5)
