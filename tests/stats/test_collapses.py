"""Counts of trials that were solved and did not stay so, by hand."""

import pandas as pd

from seqbench.stats.collapses import Collapses, collapses

ROWS = [
    # solved_at, held, outcome
    (100, None, "solved"),  # stopped
    (100, None, "partial"),  # stopped, and just missed the criterion on test data
    (100, 1.0, "solved"),
    (100, 0.5, "solved"),  # dipped on the way
    (100, 0.5, "chance"),  # lost
    (100, 0.0, "diverged"),  # lost
    (None, None, "chance"),  # never solved
    (None, None, "diverged"),
]


def test_every_solved_trial_is_counted_once():
    rows = pd.DataFrame(ROWS, columns=["solved_at", "held", "outcome"])
    assert collapses(rows) == Collapses(stopped=2, watched=4, at_end=2, on_the_way=1)


def test_without_trials_nothing_is_counted():
    assert collapses(pd.DataFrame(ROWS, columns=["solved_at", "held", "outcome"])[:0]) == Collapses(0, 0, 0, 0)
