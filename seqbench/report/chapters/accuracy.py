"""The first section: accuracy against dependency length, task by task, and the table of methods."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, interval_text, linked, method_cell, ratio_cell, told_p
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, number, tabulate

HEADS = {
    "method": "method", "rank": "rank", "horizon": "remembers (steps)", "octaves": "octaves (95 %)",
    "longest": "solved longest", "worst": "worst seed", "diverged": "diverged", "finished": "finished",
    "learning_rate": "rate", "parameters": "parameters", "seconds": "s/trial",
}  # fmt: skip
AREA_HEADS = {
    "method": "method", "n": "seeds", "area": "area, octaves (95 %)", "share": "of all", "against": "against",
    "difference": "difference (95 %)", "p": "p", "p_holm": "p (Holm)",
}  # fmt: skip


def memory(evidence: Evidence) -> Section:
    """Accuracy and solve rate by dependency length, and one table of methods for every task."""
    lead = "How often the answer is right when the information it needs lies further and further back."
    parts = tuple(_task(evidence, task) for task in evidence.tasks)
    return Section("memory", "How far back each method remembers", lead, parts)


def _task(evidence: Evidence, task: str) -> Part:
    """The charts and tables of one task; nothing to draw before a reporting trial has finished."""
    tables = [methods_table(evidence, task), areas_table(evidence, task)]
    begun = (evidence.reporting["task"] == task).any()
    return Part(
        title=task,
        text="" if begun else "No reporting trial of this task has finished yet.",
        charts=(accuracy(evidence, task), solve_rate(evidence, task)) if begun else (),
        tables=tuple(table for table in tables if table is not None),
    )


def methods_table(evidence: Evidence, task: str) -> Table:
    """One row a method, the furthest memory first."""
    rows = evidence.comparison.methods
    rows = rows[rows["task"] == task]
    shown = pd.DataFrame([_entries(evidence, row) for row in rows.to_dict(orient="records")], columns=list(HEADS))
    return tabulate(
        shown, name=f"methods-{evidence.tasks.index(task) + 1}", title=f"Methods on {task}", raw=rows, heads=HEADS,
        cells=dict.fromkeys(HEADS, as_it_is), folded=len(rows) > 2 * FEW,
        note="Remembers: the longest dependency that half of the seeds solve together with all shorter ones. "
        "Octaves: doublings of that length above the shortest one tried, mean over seeds. No interval is given below 5 "
        "seeds.",
    )  # fmt: skip


def _entries(evidence: Evidence, row: dict[str, Any]) -> dict[str, Cell]:
    """One method's entries; each number leads to the trials behind it."""

    def own(text: str, **columns: Any) -> Cell:
        return linked(evidence, text, task=row["task"], method=row["method"], **columns)

    at_longest = {} if row["longest"] != row["longest"] else {"length": int(row["longest"])}
    return {
        "method": method_cell(evidence, row["method"]),
        "rank": own(number(row["rank"])),
        "horizon": own(_signs(row["horizon"])),
        "octaves": own(interval_text(row["octaves"], row["octaves_low"], row["octaves_high"])),
        "longest": own(ratio_cell(row["solved_longest"], row["seeds_longest"]), **at_longest),
        "worst": own(number(row["accuracy_worst"]), **at_longest),
        "diverged": own(ratio_cell(row["diverged"], row["finished"]), outcome="diverged"),
        "finished": own(ratio_cell(row["finished"], row["planned"])),
        "learning_rate": own(str(row["learning_rate"])),
        "parameters": own(number(row["parameters"])),
        "seconds": own(number(row["seconds"], 2)),
    }


def areas_table(evidence: Evidence, task: str) -> Table | None:
    """The area under each method's solve-rate curve and its difference from the baseline; none for a single length."""
    rows = evidence.comparison.areas
    rows = rows[(rows["task"] == task) & (rows["range"].astype(float) > 0)]
    if rows.empty:
        return None
    rows = rows.sort_values("area", ascending=False, kind="stable")
    tests = int(rows["p"].notna().sum())
    shown = pd.DataFrame([_area_entries(evidence, row, tests) for row in rows.to_dict(orient="records")])
    return tabulate(
        shown, name=f"areas-{evidence.tasks.index(task) + 1}", title=f"Area under the solve-rate curve of {task}",
        heads=AREA_HEADS, cells=dict.fromkeys(AREA_HEADS, as_it_is), raw=rows, folded=True,
        note="One number a curve: the share of seeds that solved it, summed over log2 of the dependency length. Whole "
        "curves of seeds are resampled, pairs kept; p: exact sign-flip test over seeds, corrected among the methods. "
        "A gap in what a seed solves costs area, but does not end it as it ends the horizon.",
    )  # fmt: skip


def _area_entries(evidence: Evidence, row: dict[str, Any], tests: int) -> dict[str, Cell]:
    """One method's area, and its difference from the baseline if it is another, one of that many `tests`."""
    both = [name for name in (row["method"], row["against"]) if name == name and name is not None]
    own = {"task": row["task"], "method": row["method"]}
    paired = {"task": row["task"], "method": both}
    return {
        "method": method_cell(evidence, row["method"]),
        "n": linked(evidence, number(row["n"]), **own),
        "area": linked(evidence, interval_text(row["area"], row["low"], row["high"]), **own),
        "share": linked(evidence, f"{100 * row['share']:.0f} %", **own),
        "against": Cell(row["against"] if row["p"] == row["p"] else ""),
        "difference": linked(
            evidence, interval_text(row["difference"], row["difference_low"], row["difference_high"]), **paired
        ),
        **{
            name: linked(evidence, told_p(evidence, row[name], row["pairs"], tests), **paired)
            for name in ("p", "p_holm")
        },
    }


def _signs(text: object) -> str:
    return str(text).replace(">=", "≥") if isinstance(text, str) else "–"
