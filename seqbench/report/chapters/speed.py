"""How fast each method solves what it solves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.report.chapters.entries import method_cell
from seqbench.report.charts.steps import incidence, profile
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, tabulate


def speed(evidence: Evidence) -> Section:
    """Steps to solve for every task, and the profile over all of them."""
    found = evidence.comparison.incidence
    tasks = [task for task in evidence.tasks if (found["task"] == task).any()]
    charts = [incidence(evidence, task) for task in tasks]
    if len(evidence.comparison.profiles):
        charts.append(profile(evidence))
    part = Part(charts=tuple(charts), tables=tuple(steps_table(evidence, task) for task in tasks))
    lead = "The first of three evaluations in a row that met the criterion. More than the budget is written as such."
    return Section("speed", "Steps to solve", lead, (part,) if tasks else ())


def steps_table(evidence: Evidence, task: str) -> Table:
    """Median steps to solve, methods by lengths."""
    rows = evidence.comparison.steps
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]

    def cell(row: pd.Series) -> Cell:
        text = f"> {row['budget']:,.0f}" if np.isinf(row["median"]) else f"{row['median']:,.0f}"
        link = trials(evidence, task=task, method=row["method"], length=int(row["length"]), purpose="reporting")
        return Cell(f"{text} ({row['solved']} of {row['n']})", link, number=True)

    entries = {(row["method"], row["length"]): cell(row) for _, row in rows.iterrows()}
    lengths = sorted(rows["length"].unique())
    shown = pd.DataFrame([
        {"method": method_cell(evidence, name)}
        | {length: entries.get((name, length), Cell("–", number=True)) for length in lengths}
        for name in evidence.methods if (rows["method"] == name).any()
    ])  # fmt: skip
    heads = {"method": "method", **{length: f"length {length:g}" for length in lengths}}
    return tabulate(
        shown, name=f"steps-{evidence.tasks.index(task) + 1}", title=f"Median steps to solve {task}", heads=heads,
        raw=rows, folded=True,
        cells={name: lambda entry: entry for name in heads},
        note="In brackets: seeds that solved it within the budget. A diverged seed never does.",
    )  # fmt: skip
