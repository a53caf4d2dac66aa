"""The table of accuracy by what a task counts beside the distance."""

from dataclasses import replace

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


def test_of_a_search_only_lengths_stand_there_at_which_every_seed_was_trained(small):
    task, lengths = small.tasks[0], sorted(small.reporting["length"].unique())
    searched = replace(small.plan, declared={**small.plan.declared, "searched": {task: list(map(int, lengths))}})
    given_up = (small.results["length"] == lengths[-1]) & (small.results["seed"] == small.reporting["seed"].max())
    kept = small.results[~given_up]
    rows = [
        {"trial": row.trial, "step": 10, "probe": "accuracy_by_attractors", "distance": 0, "value": 1.0}
        for row in kept.dropna(subset="outcome").itertuples()
    ]
    [table] = groups_tables(Evidence(Results(kept, small.curves, pd.DataFrame(rows), searched)), task)
    assert sorted(table.rows["length"].unique()) == lengths[:-1]
    assert table.note.endswith("at which every seed of a method was trained.")


def test_without_such_probes_there_is_no_table(small):
    assert groups_tables(small, small.tasks[0]) == []
