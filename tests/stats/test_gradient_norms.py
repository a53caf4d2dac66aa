"""Median norms by hand: which trials and distances count, and what is not finite."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.stats.gradient_norms import (
    DISTANCE_COLUMNS,
    LENGTH_COLUMNS,
    gradient_by_distance,
    norms_by_length,
    relative_gradient,
)


def trials(*rows: tuple[object, ...]) -> pd.DataFrame:
    names = ["trial", "method", "task", "length", "purpose", "outcome", "gradient_norm", "gradient_norm_after"]
    return pd.DataFrame(rows, columns=names)


def probes(*rows: tuple[object, ...], probe: str = "gradient_norm", step: int = 0) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["trial", "distance", "value"]).assign(probe=probe, step=step)


RESULTS = trials(
    ("a1", "a", "t", 10, "reporting", "solved", 1.0, 0.5),
    ("a2", "a", "t", 10, "reporting", "diverged", np.inf, 0.7),
    ("a3", "a", "t", 10, "reporting", "chance", 4.0, 0.9),
    ("a4", "a", "t", 5, "reporting", "solved", 8.0, 8.0),
    ("a5", "a", "t", 20, "reporting", None, np.nan, np.nan),  # not finished: its length is not the longest
    ("a6", "a", "t", 20, "tuning", "solved", 9.0, 9.0),
    ("b1", "b", "t", 5, "reporting", "solved", np.inf, np.nan),
)


def test_by_distance_it_is_the_median_of_each_methods_longest_length_before_training() -> None:
    measured = pd.concat(
        [
            probes(
                ("a1", 0, 9.0),
                ("a1", 1, 1.0),
                ("a2", 1, 3.0),
                ("a3", 1, 8.0),
                ("a1", 2, np.inf),
                ("a2", 2, 0.0),
                ("a3", 2, np.nan),
            ),
            probes(("a4", 1, 100.0), ("a5", 1, 100.0), ("a6", 1, 100.0), ("b1", 1, 0.25)),
            probes(("a1", 1, 50.0), step=10),
            probes(("a1", 1, 50.0), probe="influence"),
        ]
    )
    found = gradient_by_distance(RESULTS, measured)
    assert list(found.columns) == DISTANCE_COLUMNS
    assert found.to_numpy().tolist() == [
        ["a", "t", 1.0, 3.0, 3],
        ["a", "t", 2.0, np.inf, 3],  # of 0, infinity and what is not a number
        ["b", "t", 1.0, 0.25, 1],
    ]


def test_by_length_finished_reporting_trials_count_and_an_overflow_as_infinity() -> None:
    found = norms_by_length(RESULTS)
    assert list(found.columns) == LENGTH_COLUMNS
    assert found.iloc[:2].to_numpy().tolist() == [["a", "t", 5, 8.0, 8.0], ["a", "t", 10, 4.0, 0.7]]
    assert found.iloc[2][["method", "length"]].tolist() == ["b", 5]
    assert np.isposinf(found.iloc[2][["gradient_norm", "gradient_norm_after"]].astype(float)).all()


def test_without_trials_or_probes_there_is_nothing() -> None:
    assert gradient_by_distance(RESULTS, probes()).empty
    assert gradient_by_distance(trials(), probes(("a1", 1, 1.0))).empty
    assert norms_by_length(trials()).empty


def test_the_relative_gradient_is_a_share_of_the_nearest_above_zero() -> None:
    measured = pd.concat(
        [
            probes(("a1", 2, 1.0), ("a1", 1, 4.0), ("a1", 3, 0.0)),
            probes(("a2", 1, 0.0), ("a2", 2, 2.0), ("a2", 3, 1.0)),
            probes(("a3", 1, 1.0), ("a3", 2, np.inf), ("a3", 3, 2.0)),
        ]
    ).assign(method="a", task="t", length=3)
    found = relative_gradient(measured)
    # Shares: 1, 1/4, 0 of the first; 0, 1, 1/2 of the second; 1, infinite and so left out, 2 of the third.
    assert found[["distance", "share"]].to_numpy().tolist() == [[1, 1], [2, 0.625], [3, 0.5]]
