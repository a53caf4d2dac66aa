"""Why: the gradient that arrives from each distance beside the accuracy, and whether each remedy acted at all."""

from __future__ import annotations

import pandas as pd

from seqbench.report.chapters.entries import as_it_is, in_groups, linked, method_cell
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.gradient import gradient, gradient_rows
from seqbench.report.charts.gradient_vs_horizon import foretold
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, number, plain, tabulate
from seqbench.stats.action import proof_of_action
from seqbench.stats.gradient_horizon import learned_by_gradient, remedies_that_acted

HEADS = {
    "method": "method", "task": "task", "gradient_norm": "norm before", "gradient_norm_after": "after",
    "shrink_factor": "shrink factor", "clipped_share": "steps changed", "clipped_entries": "entries changed",
    "from_identity": "from identity", "spectral_radius": "spectral radius", "retention": "retention",
    "skip_share": "skip share", "remedies": "remedies",
}  # fmt: skip
TRAINED = ("from_identity", "spectral_radius", "retention", "skip_share")
"""Figures that training changes, shown as start → end."""


def mechanism(evidence: Evidence) -> Section:
    """Gradient and accuracy on one axis for every task with probes, and the proof that remedies acted."""
    acted = remedies_acted(evidence)
    tasks = [task for task in evidence.tasks if len(gradient_rows(evidence, task))]
    learned = learned_by_gradient(evidence.reporting, evidence.probes, evidence.declared)
    known = [task for task in evidence.tasks if (learned["task"] == task).any()]
    charts = (
        *(gradient(evidence, group, name) for name, group in in_groups(tasks, "gradient")),
        *(foretold(evidence, learned, group, name) for name, group in in_groups(known, "foretold")),
    )
    table = action_table(evidence, acted)
    lead = "What does not reach the early steps as gradient cannot be learned from them."
    parts = [Part(charts=charts)] if charts else []
    if table.rows and (charts or len(acted)):
        parts.append(Part(title="Did the remedies act?", text=inactive_text(acted), tables=(table,)))
    return Section("mechanism", "The gradient behind it", lead, tuple(parts))


def remedies_acted(evidence: Evidence) -> pd.DataFrame:
    """Which remedies left a trace, task by task, each against that task's baseline."""
    remedies = evidence.plan.get("remedies") or {}
    baselines, results = evidence.comparison.baselines, evidence.reporting
    found = [
        remedies_that_acted(results[results["task"] == task], evidence.probes, remedies, baseline=baselines.get(task))
        for task in evidence.tasks
    ]
    kept = [part for part in found if len(part)]
    return pd.concat(kept, ignore_index=True) if kept else remedies_that_acted(results, evidence.probes, {})


def inactive_text(acted: pd.DataFrame) -> str:
    """Which remedies never acted, in a sentence."""
    idle = acted[~acted["active"].astype(bool)]
    if acted.empty:
        return ""
    if idle.empty:
        return "Every remedy that leaves a trace acted."
    named = "; ".join(f"{row.remedy} of {row.method} on {row.task}" for row in idle.itertuples())
    return f"Inactive, so that the method is the one without it: {named}."


def action_table(evidence: Evidence, acted: pd.DataFrame) -> Table:
    """What the remedies of every method did to gradients, matrices, gates and paths."""
    rows = proof_of_action(evidence.reporting, evidence.probes)
    rows = rows.sort_values("task", key=lambda tasks: tasks.map(evidence.tasks.index), kind="stable")
    shown = pd.DataFrame(
        [
            {
                **{
                    name: linked(evidence, text, task=row["task"], method=row["method"])
                    for name, text in _figures(row).items()
                },
                "method": method_cell(evidence, row["method"]),
                "task": plain(row["task"]),
                "remedies": plain(_traces(acted[(acted["method"] == row["method"]) & (acted["task"] == row["task"])])),
            }
            for row in rows.to_dict(orient="records")
        ],
        columns=list(HEADS),
    )
    heads = {
        name: head
        for name, head in HEADS.items()
        if name in ("method", "task") or any(cell.text not in ("–", "") for cell in shown[name])
    }
    return tabulate(
        shown, name="action", title="Proof of action", heads=heads, raw=_with_traces(rows, acted),
        cells=dict.fromkeys(heads, as_it_is),
        folded=len(rows) > 2 * FEW,
        note="Medians over trials. Norm of the gradient before and after the remedies, the mean factor that this is a "
        "step, and the share of steps and of entries that changed. Distance of the recurrent matrix from identity, its "
        "spectral radius, how much of the state its gate keeps, and the share of the gradient from the dependency "
        "length that came by a skip path: before → after training.",
    )  # fmt: skip


def _figures(row: dict) -> dict[str, str]:
    """Every figure of a method and task as it is read."""
    return {
        **{name: number(row.get(name)) for name in HEADS if name in row},
        **{name: _change(row[f"{name}_start"], row[f"{name}_end"]) for name in TRAINED},
        **{name: _percent(row[name]) for name in ("clipped_share", "clipped_entries")},
    }


def _change(start: float, end: float) -> str:
    """A figure before and after training."""
    if end != end or number(start) == number(end):
        return number(start)
    return f"{number(start)} → {number(end)}"


def _percent(share: float) -> str:
    return "–" if share != share else f"{100 * share:.3g} %"


def _traces(acted: pd.DataFrame) -> str:
    """What is known of each remedy of a method on a task."""
    return "; ".join(
        f"{row.remedy}: acted in {row.acted} of {row.trials} trials"
        if row.active
        else f"{row.remedy}: inactive" + (", equals the baseline" if row.equals_baseline is True else "")
        for row in acted.itertuples()
    )


def _with_traces(rows: pd.DataFrame, acted: pd.DataFrame) -> pd.DataFrame:
    """The rows with the remedies of each, for the file."""
    traces = [
        _traces(acted[(acted["method"] == row.method) & (acted["task"] == row.task)]) for row in rows.itertuples()
    ]
    return rows.assign(remedies=traces)
