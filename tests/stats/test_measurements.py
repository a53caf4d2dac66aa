"""What probes measured that nothing else shows, by hand."""

import pandas as pd

from seqbench.stats.measurements import COLUMNS, other_measurements
from seqbench.stats.preregistration import Declared

TRIALS = pd.DataFrame(
    [
        ("a", "GRU", 5, 1, "solved"),
        ("b", "GRU", 5, 2, "solved"),
        ("c", "GRU", 9, 1, "chance"),
        ("d", "GRU", 5, 3, None),
    ],
    columns=["trial", "method", "length", "seed", "outcome"],
).assign(task="recall", purpose="reporting")

SEARCHED = Declared(searched={"recall": (5, 9)})


def probes(*rows):
    return pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "value"]).astype({"distance": "Int64"})


def test_medians_before_and_after_at_the_longest_length_that_all_seeds_trained():
    measured = probes(
        ("a", 0, "mine", None, 1.0), ("a", 10, "mine", None, 3.0), ("b", 0, "mine", None, 2.0),
        ("b", 10, "mine", None, 5.0), ("c", 0, "mine", None, 99.0), ("d", 0, "mine", None, 99.0),
        ("a", 0, "spectral_radius", None, 1.0),
    )  # fmt: skip
    [row] = other_measurements(TRIALS, measured, SEARCHED).itertuples(index=False)
    assert (row.method, row.length, row.probe, row.n, row.start, row.end) == ("GRU", 5, "mine", 2, 1.5, 4.0)
    assert pd.isna(row.distance)


def test_a_figure_by_distance_is_given_at_the_nearest_and_the_farthest():
    measured = probes(*[("a", 0, "mine", distance, float(distance)) for distance in (0, 1, 2, 5)])
    found = other_measurements(TRIALS, measured, SEARCHED)
    assert found[["distance", "start", "end", "n"]].values.tolist() == [[0, 0, 0, 1], [5, 5, 5, 1]]


def test_without_such_figures_the_table_is_empty():
    found = other_measurements(TRIALS, probes(("a", 0, "gradient_norm", 3, 1.0)), SEARCHED)
    assert (len(found), list(found.columns)) == (0, COLUMNS)


def test_what_was_not_read_before_training_or_overflowed_at_the_end_has_no_number():
    measured = probes(
        ("a", 50, "late", None, 3.0), ("a", 0, "grows", None, 1.0), ("a", 50, "grows", None, 9.0),
        ("a", 100, "grows", None, None),
    )  # fmt: skip
    found = other_measurements(TRIALS, measured, SEARCHED).set_index("probe")
    assert found.loc["late", ["n", "end"]].tolist() == [1, 3.0]
    assert found.loc["grows", "start"] == 1.0
    assert found.loc[["late", "grows"], ["start", "end"]].isna().values.tolist() == [[True, False], [False, True]]
