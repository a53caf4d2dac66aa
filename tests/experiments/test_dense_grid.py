"""The search beside a grid of all its lengths on real networks: `results/simulations/dense.csv` and the page on it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqbench.plan.search import find_bounds, find_bracket, follow, length_grid
from seqbench.store.results import load_results

RESULTS = Path(__file__).parents[2] / "results"
LENGTHS = tuple(length for length in length_grid(10, 2000, 1.1) if length <= 159)


@pytest.fixture(scope="module")
def dense():
    """One row a trial: whether a seed solved a length, and after how many training steps it stopped."""
    return pd.read_csv(RESULTS / "simulations" / "dense.csv")


@pytest.fixture(scope="module")
def searches(dense):
    """One row a seed: the bracket of a search that meets these results, that of all of them, and training steps."""
    rows = []
    for (method, _), seed in dense.groupby(["method", "seed"], sort=False):
        assert tuple(seed["length"]) == LENGTHS
        whole, asked = dict(zip(seed["length"], seed["solved"] == 1, strict=True)), {}
        while (length := follow(LENGTHS, asked).missing) is not None:
            asked[length] = whole[length]
        rows.append((
            method, *find_bracket(asked)[:2], *find_bracket(whole), *find_bounds(whole),
            seed.loc[seed["length"].isin(list(asked)), "steps"].sum(), seed["steps"].sum(),
            min(length for length in LENGTHS if not whole[length]), max(length for length in LENGTHS if whole[length]),
        ))  # fmt: skip
    columns = [
        "method", "solved", "failed", "dense_solved", "dense_failed", "violations", "least", "most", "steps",
        "dense_steps", "first_failure", "longest_solved",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def test_every_search_ends_within_the_transition_that_the_dense_grid_shows(searches):
    assert len(searches) == 30
    assert (searches["least"] <= searches["solved"]).all()
    assert (searches["failed"] <= searches["most"]).all()


def test_a_search_takes_a_quarter_of_the_training_steps(searches):
    assert searches["steps"].sum() == 124_050
    assert searches["dense_steps"].sum() == 505_100


def test_how_many_brackets_are_those_of_the_dense_grid(searches):
    same = (searches["solved"] == searches["dense_solved"]) & (searches["failed"] == searches["dense_failed"])
    assert same.sum() == 18
    monotone = searches["violations"] == 0
    assert (monotone.sum(), (same & monotone).sum()) == (5, 5)


def test_the_page_tells_these_numbers(searches):
    page = (RESULTS / "simulations" / "README.md").read_text("utf-8")
    for method, seeds in searches.groupby("method"):
        search, grid = (
            np.log2(seeds[low] * seeds[high]).mean() / 2
            for low, high in (("solved", "failed"), ("dense_solved", "dense_failed"))
        )
        assert f"| {method} | {2**search:.1f} | {2**grid:.1f} | {search - grid:+.2f} |" in page
    octaves = np.log2(searches["longest_solved"] / searches["first_failure"]).median()
    assert f"lie {octaves:.2f} octaves in the median" in page
    assert "24.6 % of the dense grid's training steps (124,050 of 505,100)" in page


def test_trials_that_the_grid_horizon_trained_too_came_to_the_same(dense):
    rows = load_results(RESULTS / "horizon").query("method == 'orthogonal' and purpose == 'reporting'")
    both = rows.merge(dense, on=["method", "seed", "length"], suffixes=("", "_dense"))
    assert len(both) > 50
    assert ((both["outcome"] == "solved") == (both["solved"] == 1)).all()
    assert (both["steps"] == both["steps_dense"]).all()
