"""The first section: accuracy against dependency length, task by task, and the table of methods."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import interval_text, method_cell, ratio_cell
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, number, tabulate


def memory(evidence: Evidence) -> Section:
    """Accuracy and solve rate by dependency length, and one table of methods for every task."""
    parts = tuple(
        Part(
            title=task,
            charts=(accuracy(evidence, task), solve_rate(evidence, task)),
            tables=(methods_table(evidence, task),),
        )
        for task in evidence.tasks
    )
    lead = "How often the answer is right when the information it needs lies further and further back."
    return Section("memory", "How far back each method remembers", lead, parts)


def methods_table(evidence: Evidence, task: str) -> Table:
    """One row a method, the furthest memory first."""
    rows = evidence.comparison.methods
    rows = rows[rows["task"] == task]

    def linked(row: dict[str, Any], text: str, **columns: Any) -> Cell:
        return Cell(
            text, trials(evidence, task=task, method=row["method"], purpose="reporting", **columns), number=True
        )

    shown = pd.DataFrame(
        [
            {
                "rank": Cell(number(row["rank"]), number=True),
                "method": method_cell(evidence, row["method"]),
                "horizon": Cell(_signs(row["horizon"]), number=True),
                "octaves": Cell(interval_text(row["octaves"], row["octaves_low"], row["octaves_high"]), number=True),
                "longest": linked(
                    row, ratio_cell(row["solved_longest"], row["seeds_longest"]), length=_whole(row["longest"])
                ),
                "worst": Cell(number(row["accuracy_worst"]), number=True),
                "diverged": linked(row, ratio_cell(row["diverged"], row["finished"]), outcome="diverged"),
                "finished": linked(row, ratio_cell(row["finished"], row["planned"])),
                "learning_rate": Cell(str(row["learning_rate"]), number=True),
                "parameters": Cell(number(row["parameters"]), number=True),
                "seconds": Cell(number(row["seconds"], 2), number=True),
            }
            for row in rows.to_dict(orient="records")
        ]
    )
    heads = {
        "method": "method", "rank": "rank", "horizon": "remembers (steps)", "octaves": "octaves (95 %)",
        "longest": "solved longest", "worst": "worst seed", "diverged": "diverged", "finished": "finished",
        "learning_rate": "rate", "parameters": "parameters", "seconds": "s/trial",
    }  # fmt: skip
    return tabulate(
        shown, name=f"methods-{evidence.tasks.index(task) + 1}", title=f"Methods on {task}", raw=rows, heads=heads,
        cells={name: lambda cell: cell for name in heads}, folded=len(rows) > 2 * FEW,
        note="Remembers: the longest dependency that half of the seeds solve together with all shorter ones. "
        "Octaves: doublings of that length above the shortest one tried. No interval is given below 5 seeds.",
    )  # fmt: skip


def _signs(text: object) -> str:
    return str(text).replace(">=", "≥") if isinstance(text, str) else "–"


def _whole(length: float) -> int | str:
    return int(length) if length == length else ""
