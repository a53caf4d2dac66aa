"""How often training diverged, by dependency length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.ticker import PercentFormatter

from seqbench.large_loss import KIND
from seqbench.report.charts.axes import length_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.schema import with_purpose


@themed
def divergence(evidence: Evidence, tasks: Sequence[str], name: str = "divergence") -> Chart:
    """Draw the share of reporting trials that diverged, one panel for each task."""
    rows = drawn(evidence)
    rows = evidence.in_grid_order(rows[rows["task"].isin(tasks)])
    searched = any(task in evidence.declared.searched for task in tasks)
    figure, axes = panels(len(tasks), width=3.3 * len(tasks) + 0.6, height=2.9, sharey=True)
    chart = Chart(
        name=name,
        title="Seeds that diverged",
        figure=figure,
        reading="Share of the seeds whose loss or gradient became infinite or not a number, or whose loss stayed far "
        "too large. Exact intervals stand in the table."
        + (" Of a search only the lengths at which every seed of a method was trained." if searched else ""),
        table=_table(rows),
        about={"purpose": "reporting", "outcome": "diverged"},
    )
    for task, ax in zip(tasks, axes[0], strict=True):
        own = rows[rows["task"] == task]
        for method in in_order(evidence, set(own["method"])):
            line = own[own["method"] == method].sort_values("length")
            tips = [
                f"{method}, length {row.length:g}: {row.diverged} of {row.n} seeds diverged"
                for row in line.itertuples()
            ]
            links = [
                trials(evidence, task=task, method=method, length=int(at), purpose="reporting") for at in line["length"]
            ]
            x, y = line["length"].to_numpy(float), line["rate"].to_numpy(float)
            method_line(chart, ax, evidence, method, x, y, tips=tips, links=links)
        length_axis(ax, sorted(own["length"].unique()) or evidence.lengths(task))
        ax.set_title(task)
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes[0, 0].set_ylim(-0.02, max(0.25, float(rows["rate"].max()) * 1.1))
    axes[0, 0].set_ylabel("seeds that diverged")
    return chart


def drawn(evidence: Evidence) -> pd.DataFrame:
    """The shares at lengths at which every seed of a method is trained: further on they are of the best seeds alone."""
    rows = with_purpose(evidence.comparison.divergence, "reporting")
    alike = evidence.alike[["task", "method", "length"]].drop_duplicates()
    return rows.merge(alike, on=["task", "method", "length"])


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares with their exact intervals, what was not finite, and when."""
    shown = rows.assign(
        share=[f"{row.diverged} of {row.n}" for row in rows.itertuples()],
        interval=[
            f"{100 * row.low:z.0f} to {100 * row.high:.0f} %" if row.low == row.low else "–"
            for row in rows.itertuples()
        ],
        kinds=[_kinds(row._asdict()) for row in rows.itertuples()],
    )
    return shown[["task", "method", "length", "share", "interval", "kinds", "first_step", "median_step"]]


def _kinds(row: Mapping[str, Any]) -> str:
    """What was not finite first or was too large, and how often: `gradient 3, loss 1`."""
    kinds = ("gradient", "loss", "parameters", KIND)
    found = {kind: int(row[f"in_{kind.replace(' ', '_')}"]) for kind in kinds}
    return ", ".join(f"{kind} {count}" for kind, count in found.items() if count)
