"""Memory horizons: one row a method, how far back it remembered, seed by seed and on average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.base import Chart, length_axis, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows
from seqbench.report.evidence import Evidence


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
        "The marker is the mean in octaves, with its 95 % interval from 5 seeds on; seeds at the right edge solved "
        "every length, so their true horizon lies beyond.",
        table=rows[["task", "method", "text", "octaves", "low", "high", "at_least", "below", "n"]],
    )
    for column, (task, ax) in enumerate(zip(tasks, axes[0], strict=True)):
        _draw_task(chart, ax, evidence, task, order)
        method_rows(ax, order)
        ax.tick_params(axis="y", labelleft=column == 0)
        ax.set_title(task)
    return chart


def _draw_task(chart: Chart, ax: Axes, evidence: Evidence, task: str, order: Sequence[str]) -> None:
    """The seeds and the mean of every method on one task."""
    comparison, lengths = evidence.comparison, evidence.lengths(task)
    seeds = comparison.seed_horizons[comparison.seed_horizons["task"] == task]
    for row in comparison.horizons[comparison.horizons["task"] == task].itertuples():
        place = order.index(row.method)
        own = seeds[(seeds["method"] == row.method) & seeds["octaves"].notna()]
        _draw_seeds(chart, ax, evidence, own, place, row.shortest)
        middle, low, high = (row.shortest * 2.0**octaves for octaves in (row.octaves, row.low, row.high))
        tip = f"{row.method} on {task}: {row.text} steps in the median, {row.octaves:.2f} octaves on average"
        tip += "" if np.isnan(row.low) else f" (95 %: {row.low:.2f} to {row.high:.2f})"
        tip += f"; {row.at_least} of {row.n} seeds solved every length"
        method_point(chart, ax, evidence, row.method, place, middle, low, high, tip)
    length_axis(ax, lengths)


def _draw_seeds(chart: Chart, ax: Axes, evidence: Evidence, seeds: pd.DataFrame, place: int, shortest: float) -> None:
    """One dot a seed, hanging below the row one under the other where seeds agree."""
    if seeds.empty:
        return
    method = seeds["method"].iloc[0]
    rank = seeds.groupby("octaves").cumcount()
    step = min(0.1, 0.55 / max(len(seeds), 1))
    dots = ax.scatter(
        shortest * 2.0 ** seeds["octaves"], place + 0.2 + step * rank, s=18, color=evidence.styles[method].colour,
        alpha=0.65, linewidths=0, zorder=2,
    )  # fmt: skip
    tips = [
        f"{method}, seed {row.seed}: " + ("below the shortest length" if row.below else f"solved up to {row.reached:g}")
        for row in seeds.itertuples()
    ]
    chart.mark(dots, evidence.place(method), tips=tips)
