"""The table of accuracy by what a task counts beside the distance."""

import pandas as pd

from seqbench.report.chapters.accuracy import groups_tables
from seqbench.report.evidence import Evidence
from seqbench.store.results import Results


def test_a_row_a_method_and_length_and_a_column_a_group(small):
    rows = [
        {"trial": row.trial, "step": 10, "probe": "accuracy_by_attractors", "distance": most, "value": value}
        for row in small.results.dropna(subset="outcome").itertuples()
        for most, value in ((0, 1.0), (1, 0.75), (2, 0.5), *([(4, 0.25)] if row.length > 10 else []))
    ]
    evidence = Evidence(Results(small.results, small.curves, pd.DataFrame(rows), small.plan))
    [table] = groups_tables(evidence, small.tasks[0])
    assert table.name == "attractors-1"
    assert table.head[1:6] == ("length", "0", "1", "2", "3 to 4")
    assert [entry.text for entry in table.entries[0][1:6]] == ["10", "1.000", "0.750", "0.500", "–"]
    assert table.entries[1][5].text == "0.250"
    assert len(table.rows) == small.reporting.groupby(["method", "length"]).ngroups


def test_without_such_probes_there_is_no_table(small):
    assert groups_tables(small, small.tasks[0]) == []
