"""The results that are shipped show what the headers of their grids and the README say of them."""

import math
from pathlib import Path

import numpy as np
import pytest

from seqbench.large_loss import KIND, LIMIT, STAYS, large_loss_since
from seqbench.store.from_tables import unusable
from seqbench.store.plan_file import load_plan
from seqbench.store.results import load_curves, load_results
from tests import horizons as independent

RESULTS = Path(__file__).parents[2] / "results"


def solved(grid, **where):
    """Seeds that solved it, of all, in the trials that are named."""
    rows = load_results(RESULTS / grid)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows)
    return int((rows["outcome"] == "solved").sum()), len(rows)


def horizons(method):
    """Of each seed in the grid `horizon`, in steps."""
    rows = load_results(RESULTS / "horizon").query("method == @method and purpose == 'reporting'")
    return independent.horizons(rows)


@pytest.mark.parametrize(
    ("method", "factor"),
    [("GRU chrono", 44), ("LSTM chrono", 36), ("skip in time", 14), ("IRNN", 7.7), ("norm clipping", 1.4),
     ("LSTM", 1.0), ("orthogonal", 0.93)],
)  # fmt: skip
def test_how_many_times_as_far_as_vanilla_each_remedy_remembers(method, factor):
    own, vanilla = np.log(horizons(method)), np.log(horizons("vanilla"))
    assert len(own) == len(vanilla) == 10
    assert math.exp(vanilla.mean()) == pytest.approx(45, rel=0.03)
    assert math.exp((own - vanilla).mean()) == pytest.approx(factor, rel=0.05)


def test_seeds_that_solve_the_end_of_the_range():
    assert (horizons("GRU chrono") == 2000).sum() == 9
    assert (horizons("LSTM chrono") == 2000).sum() == 4
    assert (horizons("skip in time") == 2000).sum() == 0


def test_a_later_cue_needs_both_directions():
    later = "entity_tagging (cue after)"
    rows = load_results(RESULTS / "directions")
    assert later in set(rows["task"])
    assert set(rows.loc[rows["task"] == later, "length"]) == {10, 30, 100}
    for length in (10, 30, 100):
        for method, expected in (("one direction", 0), ("one direction deep", 0), ("bidirectional deep", 5)):
            assert solved("directions", task=later, method=method, length=length) == (expected, 5)
        assert solved("directions", task=later, method="bidirectional", length=length) == (4 if length == 100 else 5, 5)


@pytest.mark.parametrize(("method", "at_80", "at_160"), [
    ("vanilla", 1, 0), ("GRU", 0, 0), ("IRNN", 5, 4), ("skip in time", 5, 4), ("GRU chrono", 5, 4),
    ("LSTM chrono", 5, 5),
])  # fmt: skip
def test_how_many_seeds_make_a_verb_agree_across_80_and_160_words(method, at_80, at_160):
    assert solved("agreement", method=method, length=80) == (at_80, 5)
    assert solved("agreement", method=method, length=160) == (at_160, 5)


def test_a_window_shorter_than_the_dependency_fails_and_a_longer_one_succeeds():
    assert solved("windows", method="100 steps", length=80) == (10, 10)
    for window in (60, 16, 8, 4):
        assert solved("windows", method=f"{window} steps", length=80) == (0, 10)
        for length in (5, 11):  # the state itself still bears a trace
            assert solved("windows", method=f"{window} steps", length=length) == (10, 10)


def test_a_hundred_layers_train_with_skips_and_not_without():
    for depth in (80, 100):
        assert solved("depth", method=f"{depth} layers") == (0, 5)
        assert solved("depth", method=f"{depth} layers + residual") == (5, 5)


def test_the_bag_throws_order_away():
    assert solved("controls", method="bag", task="delayed_recall") == (5, 5)
    assert solved("controls", method="bag", task="temporal_order") == (0, 5)
    assert solved("controls", method="recurrent", task="temporal_order") == (5, 5)


@pytest.mark.parametrize("method", ["vanilla", "norm clipping", "GRU"])
def test_without_a_remedy_that_keeps_the_networks_of_the_quickstart_guess(method):
    assert solved("quickstart", method=method, length=120) == (0, 3)


@pytest.mark.parametrize("method", ["IRNN", "skip in time", "GRU chrono", "LSTM chrono"])
def test_four_remedies_of_the_quickstart_solve_what_the_plain_network_guesses(method):
    assert solved("quickstart", method=method, length=120) == (3, 3)


@pytest.mark.parametrize("grid", sorted(path.parent.name for path in RESULTS.glob("*/curves.parquet")))
def test_a_shipped_trial_counts_as_diverged_where_its_loss_stayed_too_large_and_nowhere_else(grid):
    trials = load_results(RESULTS / grid).set_index("trial")
    curves = load_curves(RESULTS / grid)
    assert set(curves["trial"]) == set(trials.index)
    for trial, curve in curves.groupby("trial"):
        row = trials.loc[trial]
        since = large_loss_since(curve.to_dict("records"), row["trivial_loss"], ended=True)
        assert since is None or row["outcome"] in ("diverged", "solved")  # what is solved has not diverged
        if row["diverged_kind"] == KIND:
            ended = bool(row["steps"] >= row["budget"])
            assert large_loss_since(curve.to_dict("records"), row["trivial_loss"], ended=ended) is not None


@pytest.mark.slow
@pytest.mark.parametrize("grid", sorted(path.parent.name for path in RESULTS.glob("*/curves.parquet")))
def test_a_grid_goes_on_from_every_shipped_trial_of_which_the_tables_say_enough(grid):
    rows, plan = load_results(RESULTS / grid), load_plan(RESULTS / grid)
    enough = rows["probed"].notna() & rows["environment"].isin(list(plan.environments))
    assert unusable(RESULTS / grid) == len(rows) - enough.sum()


def test_networks_come_back_from_losses_above_the_limit():
    """Why one evaluation above the limit is not divergence: shipped trials solved their task after some."""
    trials, curves = load_results(RESULTS / "horizon"), load_curves(RESULTS / "horizon")
    rows = curves.merge(trials[["trial", "trivial_loss", "outcome"]], on="trial")
    high = rows[rows["validation_loss"] > LIMIT * rows["trivial_loss"]]
    assert high.groupby("trial").size().max() < STAYS
    assert (high["outcome"] == "solved").any()
