"""How fast each method solves what it solves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from seqbench.report.chapters.entries import as_it_is, interval_text, linked, method_cell, told_p
from seqbench.report.charts.steps import endings, incidence, profile
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, number, tabulate

HEADS = {
    "method": "method", "length": "length", "solved": "solved in time (95 %)", "median": "median steps",
    "mean": "mean steps up to the budget (95 %)", "difference": "less the baseline's (95 %)", "pairs": "pairs",
    "p": "p (log-rank)", "p_holm": "p (Holm)", "seconds": "seconds", "sequences": "sequences seen",
}  # fmt: skip


def speed(evidence: Evidence) -> Section:
    """Steps to solve for every task, and the profile over all of them."""
    found = evidence.comparison.incidence
    tasks = [task for task in evidence.tasks if (found["task"] == task).any()]
    lead = "The first of three evaluations in a row that met the criterion. More than the budget is written as such."
    parts = [
        Part(
            title=task,
            charts=(
                incidence(evidence, task),
                *((endings(evidence, task),) if found.loc[found["task"] == task, "diverged"].any() else ()),
            ),
            tables=(steps_table(evidence, task), differences_table(evidence, task)),
        )
        for task in tasks
    ]
    if evidence.comparison.profiles["method"].nunique() > 1:
        parts.append(Part(title="Over all tasks and lengths", charts=(profile(evidence),)))
    return Section("speed", "Steps to solve", f"{lead} {_coarse(evidence)}".strip(), tuple(parts))


def _coarse(evidence: Evidence) -> str:
    """That steps are known only to the evaluation, where evaluations are rare."""
    rows = evidence.comparison.steps
    rows = rows[rows["coarse"].astype(bool)]
    if rows.empty:
        return ""
    share = (rows["evaluate_every"] / rows["budget"]).max()
    return (
        f"Evaluations stand up to {rows['evaluate_every'].max():,.0f} steps apart, {100 * share:.1f} % of the budget: "
        "steps to solve are known only to that."
    )


def steps_table(evidence: Evidence, task: str) -> Table:
    """Median steps to solve, methods by lengths."""
    rows = evidence.comparison.steps
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]

    def cell(row: pd.Series) -> Cell:
        text = f"{_median(row)} ({row['solved']} of {row['n']})"
        return linked(evidence, text, task=task, method=row["method"], length=int(row["length"]))

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
        cells=dict.fromkeys(heads, as_it_is),
        note="In brackets: seeds that solved it within the budget. A diverged seed never does.",
    )  # fmt: skip


def differences_table(evidence: Evidence, task: str) -> Table:
    """One row a method and length: how many solved in time, how fast, and whether faster than the baseline."""
    rows = evidence.comparison.steps
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]
    ordered = evidence.in_grid_order(rows).to_dict(orient="records")
    tests = int(rows["p"].notna().sum())
    shown = pd.DataFrame([_entries(evidence, row, tests) for row in ordered], columns=list(HEADS))
    return tabulate(
        shown, name=f"speed-{evidence.tasks.index(task) + 1}", title=f"Steps to solve {task} against the baseline",
        heads=HEADS, cells=dict.fromkeys(HEADS, as_it_is), raw=rows, folded=True,
        note="A seed that never solved, or diverged, counts with the whole budget in the mean and is censored there in "
        "the log-rank test, which is permuted within seeds and corrected among all methods and lengths of the task: "
        "exploratory. Seconds and sequences: medians of the seeds that solved, up to the step at which they did.",
    )  # fmt: skip


def _entries(evidence: Evidence, row: dict[str, Any], tests: int) -> dict[str, Cell]:
    """One method at one length, compared with the baseline in one of that many `tests`."""
    at = {"task": row["task"], "length": int(row["length"])}
    baseline = evidence.comparison.baselines.get(row["task"])

    def own(text: str) -> Cell:
        return linked(evidence, text, method=row["method"], **at)

    def paired(text: str) -> Cell:
        return linked(evidence, text, method=[row["method"], *([baseline] if baseline else [])], **at)

    return {
        "method": method_cell(evidence, row["method"]),
        "length": Cell(f"{row['length']:g}", number=True),
        "solved": own(interval_text(row["rate"], row["low"], row["high"])),
        "median": own(_median(row)),
        "mean": own(interval_text(row["restricted_mean"], row["mean_low"], row["mean_high"], 0)),
        "difference": paired(interval_text(row["difference"], row["difference_low"], row["difference_high"], 0)),
        "pairs": paired(number(row["pairs"])),
        **{name: paired(told_p(evidence, row[name], row["pairs"], tests)) for name in ("p", "p_holm")},
        "seconds": own(number(row["median_seconds"])),
        "sequences": own(number(row["median_sequences"])),
    }


def _median(row: Any) -> str:
    """The median step, or that it lies beyond the budget."""
    return f"> {row['budget']:,.0f}" if np.isinf(row["median"]) else f"{row['median']:,.0f}"
