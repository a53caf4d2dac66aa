"""The chapter on lengths that were not trained."""

import pandas as pd

from seqbench.report.chapters.other_lengths import other_lengths
from seqbench.report.evidence import Evidence
from seqbench.schema import ACCURACY_AT
from seqbench.store.results import Results


def with_tests(small, accuracy):
    """The small evidence with a test of every trial at twice its length."""
    rows = [
        {"trial": row.trial, "step": 10, "probe": ACCURACY_AT, "distance": at, "value": value}
        for row in small.results.dropna(subset="outcome").itertuples()
        for at, value in ((row.length, 1.0), (2 * row.length, accuracy))
    ]
    return Evidence(Results(small.results, small.curves, pd.DataFrame(rows), small.plan))


def test_without_such_tests_there_is_no_chapter(small):
    assert other_lengths(small).parts == ()


def test_a_line_a_method_and_a_mark_where_it_was_trained(small):
    [part] = other_lengths(with_tests(small, 0.25)).parts
    [chart], [table] = part.charts, part.tables
    solved = small.reporting[small.reporting["outcome"] == "solved"]
    lengths = sorted(solved["length"].unique())
    assert [ax.get_title(loc="left") for ax in chart.figure.axes] == [f"trained at {length}" for length in lengths]
    for length, ax in zip(lengths, chart.figure.axes, strict=True):
        mark, *lines = ax.lines
        assert mark.get_xdata()[0] == length
        assert len(lines) == solved.loc[solved["length"] == length, "method"].nunique()
        assert all(line.get_xydata().tolist() == [[length, 1.0], [2 * length, 0.25]] for line in lines)
    head = list(table.head)
    first = dict(zip(head, (entry.text for entry in table.entries[1]), strict=True))
    assert (first["trained at"], first["tested at"], first["median accuracy"]) == ("10", "20", "0.250")
