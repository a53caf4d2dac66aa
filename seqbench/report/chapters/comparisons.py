"""Paired comparisons: the same seeds under two methods, corrected for how many were made."""

from __future__ import annotations

import pandas as pd

from seqbench.report.chapters.entries import as_number, interval_text, method_cell, p_text
from seqbench.report.charts.differences import differences
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, tabulate


def comparisons(evidence: Evidence) -> Section:
    """Differences, intervals, corrected p-values and verdicts, task by task."""
    found = evidence.comparison.pairwise
    tasks = [task for task in evidence.tasks if ((found["task"] == task) & found["difference"].notna()).any()]
    part = Part(
        charts=tuple(differences(evidence, task) for task in tasks),
        tables=tuple(pairs_table(evidence, task) for task in tasks),
    )
    lead = "Every seed gives both methods the same data, so they are compared seed by seed."
    return Section("comparisons", "Who is better than whom", lead, (part,) if tasks else ())


def pairs_table(evidence: Evidence, task: str) -> Table:
    """One row a comparison."""
    rows = evidence.comparison.pairwise
    rows = rows[rows["task"] == task]
    shown = pd.DataFrame({
        "method": [method_cell(evidence, name) for name in rows["method"]],
        "against": rows["against"],
        "n": rows["n"],
        "difference": [interval_text(row.difference, row.low, row.high) for row in rows.itertuples()],
        "improved": [interval_text(row.improved, row.improved_low, row.improved_high) for row in rows.itertuples()],
        "p": [p_text(p) for p in rows["p"]],
        "p_holm": [p_text(p) for p in rows["p_holm"]],
        "verdict": rows["verdict"],
        "family": rows["family"],
    })  # fmt: skip
    unit = rows["unit"].iloc[0]
    heads = {"method": "method", "against": "against", "n": "seeds", "difference": f"difference, {unit} (95 %)",
             "improved": "P(improvement)", "p": "p", "p_holm": "p (Holm)", "verdict": "verdict",
             "family": "family"}  # fmt: skip
    return tabulate(
        shown, name=f"pairs-{evidence.tasks.index(task) + 1}", title=f"Comparisons on {task}", heads=heads,
        raw=rows, folded=True,
        cells={"method": lambda cell: cell, **dict.fromkeys(("difference", "improved", "p", "p_holm"), as_number)},
        note="Exact sign-flip test over seeds, corrected by Holm within the declared family; all others are "
        "exploratory. "
        "No evidence is not evidence of no difference.",
    )  # fmt: skip
