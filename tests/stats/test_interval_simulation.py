"""The published simulation of intervals: a small one always, the full one against what is published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqbench.plan.search import find_bracket, next_lengths
from tests.stats.interval_candidates import CANDIDATES
from tests.stats.interval_simulation import BEFORE, IN_USE, SCENARIOS, everything, simulate, summary
from tests.stats.learners import LENGTHS, Learner, horizons, searched, solves

PUBLISHED = Path(__file__).parents[2] / "results" / "simulations"
MODES = [name for name, scenario in SCENARIOS.items() if scenario.kind == "both modes"]


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(PUBLISHED / "intervals.csv")


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


def test_a_small_simulation_agrees_with_the_published_one(published):
    small = simulate([MODES[0]], repetitions=300).set_index("interval")
    at = published[(published["pair"] == MODES[0]) & (published["seeds"] == 10)].set_index("interval")
    assert list(small.index) == list(at.index) == list(CANDIDATES)
    np.testing.assert_allclose(small["coverage"], at["coverage"], atol=0.05)
    np.testing.assert_allclose(small["width"], at["width"], rtol=0.04)


def test_what_the_published_table_must_show(published):
    ten = published[(published["seeds"] == 10) & (published["interval"] == IN_USE)]
    assert ten["coverage"].min() >= 0.94
    modes = ten.loc[ten["kind"] == "both modes", "coverage"]
    assert 0.94 <= modes.mean() <= 0.98
    assert modes.between(0.94, 0.975).sum() >= 7
    told = summary(published).set_index(["seeds", "interval"])
    assert told.loc[(10, IN_USE), "relative"] <= 0.85
    assert told.loc[(10, "Student's t"), "least"] < 0.80, "why it is not Student's interval"


def test_the_page_tells_the_published_numbers(published):
    page = (PUBLISHED / "README.md").read_text()
    for _, row in summary(published).iterrows():
        numbers = [f"{100 * row[name]:.1f}" for name in ("both modes", "rare", "one mode", "least")]
        line = [row["interval"], str(row["seeds"]), *numbers, f"{row['width']:.2f}", f"{row['relative']:.2f}"]
        assert f"| {' | '.join(line)} |" in page


@pytest.mark.slow
def test_the_full_simulation_is_the_published_one(published):
    found = everything()
    words = ["kind", "pair", "seeds", "interval"]
    pd.testing.assert_frame_equal(found[words], published[words], check_dtype=False)
    numbers = ["coverage", "too_high", "too_low", "width"]
    np.testing.assert_allclose(found[numbers], published[numbers], atol=0.002)
