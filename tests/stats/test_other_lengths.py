"""Accuracies at other lengths, by hand."""

import pandas as pd

from seqbench.stats.other_lengths import accuracies_elsewhere, other_lengths

ROWS = pd.DataFrame(
    [("a", "gru", 10, 1, "solved"), ("b", "gru", 10, 2, "solved"), ("c", "gru", 10, 3, "chance")],
    columns=["trial", "method", "length", "seed", "outcome"],
).assign(task="recall")
PROBES = pd.DataFrame(
    [
        ("a", "accuracy_at_length", 20, 0.5),
        ("a", "accuracy_at_length", 10, 1.0),
        ("b", "accuracy_at_length", 20, 0.7),
        ("c", "accuracy_at_length", 20, 0.1),
        ("a", "test_accuracy", 20, 0.9),
    ],
    columns=["trial", "probe", "distance", "value"],
)


def test_the_seeds_that_solved_their_own_length_count_and_no_other():
    found = other_lengths(accuracies_elsewhere(ROWS, PROBES)).set_index("tested")
    assert found.loc[20, ["n", "median", "worst", "best"]].tolist() == [2, 0.6, 0.5, 0.7]
    assert found.loc[10, ["n", "mean"]].tolist() == [1, 1.0]
    assert (found["length"] == 10).all()


def test_without_such_tests_there_is_nothing():
    assert other_lengths(accuracies_elsewhere(ROWS, PROBES[:0])).empty
