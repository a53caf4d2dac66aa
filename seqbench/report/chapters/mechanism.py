"""The mechanism: the gradient that arrives from each distance beside the accuracy, and whether each remedy acted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from seqbench.report.charts.facets import FEW, in_groups
from seqbench.report.charts.gradient import gradient, gradient_rows
from seqbench.report.charts.gradient_vs_horizon import gradient_vs_horizon
from seqbench.report.columns import method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import MISSING, Column, Row, Table, number, word
from seqbench.stats.action import ACTION_COLUMNS, FIGURES, acted_seldom, proof_of_action, remedies_that_acted
from seqbench.stats.gradient_horizon import FIGURES as GRADIENT_FIGURES
from seqbench.stats.gradient_horizon import learned_by_gradient, shared_lengths
from seqbench.stats.measurements import is_shown, other_measurements
from seqbench.traces import PROOF


def mechanism(evidence: Evidence) -> Section:
    """Gradient and accuracy on one axis for every task with probes, and the proof that remedies acted."""
    acted = remedies_acted(evidence)
    tasks = [task for task in evidence.tasks if len(gradient_rows(evidence, task))]
    learned = evidence.by_method(
        partial(learned_by_gradient, horizons=evidence.comparison.horizons, shared=shared_lengths(evidence.reporting),
                alpha=evidence.declared.alpha),
        evidence.reporting, GRADIENT_FIGURES, start=True,
    )  # fmt: skip
    known = [task for task in evidence.tasks if (learned["task"] == task).any()]
    charts = (
        *(gradient(evidence, group, name) for name, group in in_groups(tasks, "gradient")),
        *(
            gradient_vs_horizon(evidence, learned, group, name)
            for name, group in in_groups(known, "gradient-vs-horizon")
        ),
    )
    table = action_table(evidence, acted)
    lead = "A dependency can be learned only if the gradient reaches the steps it comes from."
    parts = [Part(charts=charts)] if charts else []
    if len(table.rows) and (charts or len(acted)):
        parts.append(Part(title="Did the remedies act?", text=inactive_text(acted), tables=(table,)))
    others = measurement_table(evidence)
    if len(others.rows):
        parts.append(Part(title="What else was measured", tables=(others,)))
    return Section("mechanism", "Gradient flow", lead, tuple(parts))


def measurement_table(evidence: Evidence) -> Table:
    """Gates, and what probes of one's own read."""
    others = [name for name in evidence.measured if not is_shown(name)]
    rows = evidence.in_grid_order(
        evidence.by_method(partial(other_measurements, declared=evidence.declared), evidence.reporting, others)
    )
    columns = (
        method_column(evidence),
        word("task"),
        Column("length", "length"),
        word("probe"),
        Column("distance", "distance"),
        Column("before", "start"),
        Column("after training", "end"),
        Column("trials", "n"),
    )
    return Table(
        "measurements", "Other measurements", columns, rows, folded=len(rows) > 2 * FEW,
        note="Medians over trials at the longest length that every seed of a method trained, before training and when "
        "last read; of a figure by distance (in steps back) the nearest and the farthest.",
    ).without_empty()  # fmt: skip


def remedies_acted(evidence: Evidence) -> pd.DataFrame:
    """Which remedies left a trace, task by task, each against that task's baseline."""
    baselines, results, remedies = evidence.comparison.baselines, evidence.reporting, evidence.plan.remedies

    def of_task(task: str) -> pd.DataFrame:
        own = results[results["task"] == task]
        return evidence.by_method(
            lambda _, probes: remedies_that_acted(own, probes, remedies, baseline=baselines.get(task)),
            own, tuple(PROOF.values()),
        )  # fmt: skip

    kept = [part for task in evidence.tasks if len(part := of_task(task))]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=ACTION_COLUMNS)


def inactive_text(acted: pd.DataFrame) -> str:
    """Which remedies never acted, and which in fewer than half of their trials."""
    if acted.empty:
        return ""
    idle = ~acted["active"].astype(bool)
    seldom = ~idle & acted_seldom(acted)
    if not (idle | seldom).any():
        return "Every remedy that leaves a trace acted, in at least half of its trials."
    said = []
    if idle.any():
        named = "; ".join(f"{row.remedy} of {row.method} on {row.task}" for row in acted[idle].itertuples())
        said.append(f"Inactive, so that the method is the one without it: {named}.")
    if seldom.any():
        counts = "; ".join(
            f"{row.remedy} of {row.method} on {row.task} (in {row.acted} of {row.trials} trials)"
            for row in acted[seldom].itertuples()
        )
        said.append(f"Acted seldom, so that most trials are those of the method without it: {counts}.")
    return " ".join(said)


def action_table(evidence: Evidence, acted: pd.DataFrame) -> Table:
    """What the remedies of every method did to gradients, matrices, gates and paths."""
    rows = evidence.by_method(proof_of_action, evidence.reporting, FIGURES)
    rows = _with_traces(evidence.in_grid_order(rows), acted)
    own = behind(evidence)
    columns = (
        method_column(evidence),
        word("task"),
        Column("norm before", "gradient_norm", link=own),
        Column("after", "gradient_norm_after", link=own),
        Column("shrink factor", "shrink_factor", link=own),
        Column("steps changed", _percent("clipped_share"), link=own),
        Column("entries changed", _percent("clipped_entries"), link=own),
        Column("from identity", _change("from_identity"), link=own),
        Column("spectral radius", _change("spectral_radius"), link=own),
        Column("retention", _change("retention"), link=own),
        Column("skip share", _change("skip_share"), link=own),
        word("remedies"),
    )
    return Table(
        "action", "Proof of action", columns, rows, folded=len(rows) > 2 * FEW,
        note="Medians over trials. Norm of the gradient before and after the remedies, the mean factor that this is a "
        "step, and the share of steps and of entries that changed. Distance of the recurrent matrix from identity, its "
        "spectral radius, how much of the state its gate keeps, and the share of the gradient from the dependency "
        "length that came by a skip path: before → after training. In brackets what each remedy did by itself: the "
        "share of steps in which it changed the gradient, of its penalty in the loss, of the gradient from the "
        "dependency length that took its path or that it held back, or how far it moved the parameters that it set.",
    ).without_empty()  # fmt: skip


def _change(name: str) -> Callable[[Row], str]:
    """A figure before and after training."""

    def text(row: Row) -> str:
        start, end = number(row[f"{name}_start"]), number(row[f"{name}_end"])
        return start if end in (MISSING, start) else f"{start} → {end}"

    return text


def _percent(name: str) -> Callable[[Row], str]:
    """A share."""
    return lambda row: MISSING if row[name] != row[name] else f"{100 * row[name]:z.3g} %"


def _traces(acted: pd.DataFrame) -> str:
    """What is known of each remedy of a method on a task."""
    return "; ".join(
        f"{row.remedy}: acted in {row.acted} of {row.trials} trials ({_words(row.figure)} {number(row.median)})"
        if row.active
        else f"{row.remedy}: inactive" + (", equals the baseline" if row.equals_baseline is True else "")
        for row in acted.itertuples()
    )


def _words(figure: str) -> str:
    """A figure's name as it is read."""
    return figure.replace("_", " ")


def _with_traces(rows: pd.DataFrame, acted: pd.DataFrame) -> pd.DataFrame:
    """The rows with what is known of the remedies of each."""
    traces = [
        _traces(acted[(acted["method"] == row.method) & (acted["task"] == row.task)]) for row in rows.itertuples()
    ]
    return rows.assign(remedies=traces)
