"""What each method costs."""

from __future__ import annotations

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, in_groups, linked, method_cell
from seqbench.report.charts.cost import cost, cost_rows
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import number, plain, tabulate


def price(evidence: Evidence) -> Section:
    """Time a step, parameters and the time of all trials."""
    rows = cost_rows(evidence)
    rows = rows[rows["milliseconds"].notna()]
    if rows.empty:
        return Section("price", "Cost", "", ())
    known = set(rows.loc[rows["octaves"].notna(), "task"])
    tasks = [task for task in evidence.tasks if task in known]
    texts = {"parameters": lambda count: number(float(count)), "milliseconds": lambda time: f"{time:.3g}",
             "trials": number, "hours": lambda time: f"{time:.2f}"}  # fmt: skip
    shown = pd.DataFrame([
        {"method": method_cell(evidence, row["method"]), "task": plain(row["task"])}
        | {
            name: linked(evidence, text(row[name]), task=row["task"], method=row["method"])
            for name, text in texts.items()
        }
        for row in rows.to_dict(orient="records")
    ])  # fmt: skip
    heads = {"method": "method", "task": "task", "parameters": "parameters", "milliseconds": "ms a step",
             "trials": "trials", "hours": "hours, all trials"}  # fmt: skip
    table = tabulate(
        shown, name="cost", title="Cost of each method", heads=heads, raw=rows, folded=True,
        cells=dict.fromkeys(heads, as_it_is),
        note="Wall-clock time of training and evaluation without compilation, on the machine named below.",
    )  # fmt: skip
    charts = tuple(cost(evidence, group, name) for name, group in in_groups(tasks, "cost"))
    hours = evidence.results["seconds"].astype(float).sum() / 3600
    lead = f"All trials of this grid, tuning included, took {hours:,.2f} hours of training on one worker."
    return Section("price", "Cost", lead, (Part(charts=charts, tables=(table,)),))
