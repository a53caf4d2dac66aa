"""How networks do at lengths that they were not trained at."""

from __future__ import annotations

import pandas as pd

from seqbench.report.charts.other_lengths import accuracy_elsewhere
from seqbench.report.columns import method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table
from seqbench.schema import ACCURACY_AT
from seqbench.stats.other_lengths import accuracies_elsewhere
from seqbench.stats.other_lengths import other_lengths as summaries


def other_lengths(evidence: Evidence) -> Section:
    """The accuracy at the grid's test lengths, of every task; nothing where none was asked for or solved."""
    found = evidence.by_method(accuracies_elsewhere, evidence.reporting, (ACCURACY_AT,))
    parts = [
        Part(title=task, charts=(accuracy_elsewhere(evidence, task, own),), tables=(_table(evidence, task, own),))
        for task in evidence.tasks
        if len(own := found[found["task"] == task])
    ]
    lead = (
        "A network that solved the length that it was trained at, tested at others: whether it has learned the task "
        "or that length of it. Exploratory: no comparison was declared."
    )
    return Section("other-lengths", "At lengths that were not trained", lead, tuple(parts))


def _table(evidence: Evidence, task: str, found: pd.DataFrame) -> Table:
    """One row a method, training length and test length."""
    rows, link = evidence.in_grid_order(summaries(found)), behind(evidence, "length")
    columns = (
        method_column(evidence),
        Column("trained at", lambda row: f"{row['length']:,}"),
        Column("tested at", lambda row: f"{row['tested']:,}"),
        Column("seeds", "n", link=link),
        Column("median accuracy", lambda row: f"{row['median']:.3f}", link=link),
        Column("worst", lambda row: f"{row['worst']:.3f}", link=link),
        Column("best", lambda row: f"{row['best']:.3f}", link=link),
    )
    return Table(
        f"other-lengths-{evidence.tasks.index(task) + 1}", f"Accuracy of {task} at other lengths", columns, rows,
        folded=True, values=rows,
    )  # fmt: skip
