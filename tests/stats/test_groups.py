"""Accuracy by what a task counts, by hand."""

import pandas as pd

from seqbench.stats.groups import accuracy_by_group

ROWS = pd.DataFrame(
    [("a", "gru", 10), ("b", "gru", 10), ("c", "gru", 20)], columns=["trial", "method", "length"]
).assign(task="agreement")  # fmt: skip
PROBES = pd.DataFrame(
    [
        ("a", "accuracy_by_attractors", 0, 1.0),
        ("a", "accuracy_by_attractors", 2, 0.5),
        ("b", "accuracy_by_attractors", 0, 0.6),
        ("c", "accuracy_by_attractors", 0, 0.9),
        ("a", "test_accuracy", 10, 0.2),
        ("unknown", "accuracy_by_attractors", 0, 0.1),
    ],
    columns=["trial", "probe", "distance", "value"],
)


def test_medians_over_the_trials_of_a_method_at_a_length():
    found = accuracy_by_group(ROWS, PROBES)
    assert (found["counted"] == "attractors").all()
    assert found[["length", "at_most", "n", "median", "worst"]].values.tolist() == [
        [10, 0, 2, 0.8, 0.6],
        [10, 2, 1, 0.5, 0.5],
        [20, 0, 1, 0.9, 0.9],
    ]


def test_without_such_probes_there_is_nothing():
    assert accuracy_by_group(ROWS, PROBES[4:5]).empty
