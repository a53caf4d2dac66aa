"""Memory horizons: one row per method, how far back it remembered, seed by seed and on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import length_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials


@themed
def horizon(evidence: Evidence, tasks: Sequence[str], name: str = "horizon") -> Chart:
    """Draw the horizon of every method, one panel for each task, the furthest memory on top."""
    rows = evidence.comparison.horizons
    rows = rows[rows["task"].isin(tasks)]
    order = list(rows.groupby("method")["octaves"].mean().sort_values(ascending=False, kind="stable").index)
    figure, axes = panels(
        len(tasks), width=2.6 + 2.9 * len(tasks), height=1.1 + 1.1 * ROW_INCHES * max(len(order), 2), sharey=True
    )
    chart = Chart(
        name=name,
        title="Memory horizon",
        figure=figure,
        reading="Each row is a method, each dot a seed: the longest dependency solved together with all shorter ones. "
        "The marker is the mean in octaves, with its 95 % interval from 5 seeds on. Seeds that point to the right "
        "solved every length: their true horizon lies beyond. Those that point to the left did not solve the shortest.",
        table=_table(evidence, rows),
        about={"purpose": "reporting"},
    )
    for column, (task, ax) in enumerate(zip(tasks, axes[0], strict=True)):
        _draw_task(chart, ax, evidence, task, order)
        method_rows(ax, order)
        ax.tick_params(axis="y", labelleft=column == 0)
        ax.set_title(task)
    return chart


def _table(evidence: Evidence, rows: pd.DataFrame) -> pd.DataFrame:
    """The horizon of every method and task, and how many seeds the grid of lengths cannot place."""
    kept = ["task", "method", "text", "octaves", "low", "high", "at_least", "below", "non_monotone", "n"]
    return evidence.in_grid_order(rows.assign(text=rows["text"].str.replace(">=", "≥")))[kept]


def _draw_task(chart: Chart, ax: Axes, evidence: Evidence, task: str, order: Sequence[str]) -> None:
    """The seeds and the mean of every method on one task."""
    comparison, lengths = evidence.comparison, evidence.lengths(task)
    seeds = comparison.seed_horizons[comparison.seed_horizons["task"] == task]
    rows = comparison.horizons[comparison.horizons["task"] == task]
    for row in rows[rows["octaves"].notna()].itertuples():
        place = order.index(row.method)
        own = seeds[(seeds["method"] == row.method) & seeds["octaves"].notna()]
        _draw_seeds(chart, ax, evidence, own, place, row.shortest)
        middle, low, high = (row.shortest * 2.0**octaves for octaves in (row.octaves, row.low, row.high))
        tip = f"{row.method} on {task}: {row.text} steps in the median, {row.octaves:.2f} octaves on average"
        tip += "" if np.isnan(row.low) else f" (95 %: {row.low:.2f} to {row.high:.2f})"
        tip += f"; {row.at_least} of {row.n} seeds solved every length"
        link = trials(evidence, task=task, method=row.method, purpose="reporting")
        method_point(chart, ax, evidence, row.method, place, (middle, low, high), tip=tip, link=link)
    length_axis(ax, lengths)


def _draw_seeds(chart: Chart, ax: Axes, evidence: Evidence, seeds: pd.DataFrame, place: int, shortest: float) -> None:
    """One dot per seed, below the row, one under the other where seeds agree."""
    if seeds.empty:
        return
    method, task = seeds["method"].iloc[0], seeds["task"].iloc[0]
    step = min(0.1, 0.55 / max(len(seeds), 1))
    seeds = seeds.assign(height=place + 0.2 + step * seeds.groupby("octaves").cumcount())
    for marker, own in (
        (">", seeds[seeds["at_least"]]),
        ("<", seeds[seeds["below"]]),
        ("o", seeds[~seeds["at_least"] & ~seeds["below"]]),
    ):
        if own.empty:
            continue
        dots = ax.scatter(
            shortest * 2.0 ** own["octaves"], own["height"], s=18, color=evidence.styles[method].colour, marker=marker,
            alpha=0.65, linewidths=0, zorder=2,
        )  # fmt: skip
        tips = [f"{method}, seed {row.seed}: {_reached(row.reached, row.failed)}" for row in own.itertuples()]
        links = [trials(evidence, task=task, method=method, seed=seed, purpose="reporting") for seed in own["seed"]]
        chart.mark(dots, evidence.place(method), tips=tips, links=links)


def _reached(reached: float, failed: float) -> str:
    """A seed's horizon in words, censored where the grid ends."""
    if reached == 0:
        return f"did not solve length {failed:g}, the shortest"
    return f"solved up to {reached:g}" + (", every length" if np.isinf(failed) else "")
