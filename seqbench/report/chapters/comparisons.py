"""Paired comparisons: the same seeds under two methods, corrected for how many were made."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, interval_text, linked, method_cell, told_p
from seqbench.report.charts.differences import differences
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, plain, tabulate


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
    heads = {"method": "method", "against": "against", "n": "seeds",
             "difference": f"difference, {rows['unit'].iloc[0]} (95 %)", "improved": "P(improvement) (95 %)", "p": "p",
             "p_holm": "p (Holm)", "verdict": "verdict", "family": "family"}  # fmt: skip
    shown = pd.DataFrame([_entries(evidence, row) for row in rows.to_dict(orient="records")], columns=list(heads))
    return tabulate(
        shown, name=f"pairs-{evidence.tasks.index(task) + 1}", title=f"Comparisons on {task}", heads=heads,
        raw=rows, folded=True, cells=dict.fromkeys(heads, as_it_is),
        note="Exact sign-flip test over seeds, corrected by Holm within the declared family; all others are "
        "exploratory. No p is given where so few seeds could find nothing. P(improvement): the share of seeds that "
        "improved, ties counting one half. "
        "No evidence is not evidence of no difference.",
    )  # fmt: skip


def _entries(evidence: Evidence, row: dict[str, Any]) -> dict[str, Cell]:
    """One comparison."""

    def own(text: str) -> Cell:
        return linked(evidence, text, task=row["task"], method=[row["method"], row["against"]])

    return {
        "method": method_cell(evidence, row["method"]),
        "n": own(str(row["n"])),
        "difference": own(interval_text(row["difference"], row["low"], row["high"])),
        "improved": own(interval_text(row["improved"], row["improved_low"], row["improved_high"])),
        **{name: own(told_p(evidence, row[name], row["n"], row["comparisons"])) for name in ("p", "p_holm")},
        **{name: plain(row[name]) for name in ("against", "verdict", "family")},
    }
