"""The mechanism beside the result: how much gradient arrives from each distance, and how far the method remembers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import at_floor, length_axis, log_axis, zero_floor
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.stats.gradient_norms import PROBE, at_longest, gradient_by_distance


def gradient_rows(evidence: Evidence, task: str) -> pd.DataFrame:
    """The rows of `gradient_by_distance` of one task that can be drawn."""
    own = at_longest(evidence.reporting[evidence.reporting["task"] == task])
    rows = evidence.by_method(gradient_by_distance, own, (PROBE,), start=True)
    return rows[(rows["task"] == task) & np.isfinite(rows["value"])]


@themed
def gradient(evidence: Evidence, tasks: Sequence[str], name: str = "gradient") -> Chart:
    """Draw the gradient by distance above the accuracy by dependency length, on one axis, a column for each task."""
    arriving = {task: gradient_rows(evidence, task) for task in tasks}
    floor = zero_floor(pd.concat(arriving.values())["value"])
    figure, axes = panels(
        len(tasks), 2, width=3.4 * len(tasks) + 0.8 if len(tasks) > 1 else 5.6, height=4.7, sharey="row", sharex="col"
    )
    chart = Chart(
        name=name,
        title="Gradient by distance beside accuracy by distance",
        figure=figure,
        reading="Above: norm of the loss gradient that arrives at the hidden state, by distance from the loss, at "
        "initialisation (median over seeds, each method's longest length). Below: median accuracy at that "
        "dependency length, a diverged seed as 0." + ("" if floor is None else " Exact zeros are on the dotted line."),
        table=pd.concat([_table(rows).assign(task=task) for task, rows in arriving.items()]),
        about={"purpose": "reporting"},
    )
    for (task, rows), (above, below) in zip(arriving.items(), axes.T, strict=True):
        reached = evidence.comparison.solve_rates
        reached = reached[(reached["task"] == task) & reached["accuracy_median"].notna()]
        _draw(chart, above, evidence, rows, "distance", "value", "gradient norm", floor)
        _draw(chart, below, evidence, reached, "length", "accuracy_median", "accuracy")
        log_axis(above.yaxis, floor)
        above.set_title(task)
        length_axis(below, sorted({1, *evidence.lengths(task)}), label="distance (steps)")
    axes[0, 0].set_ylabel("gradient norm, at the start")
    axes[1, 0].set_ylabel("accuracy, at the end")
    axes[1, 0].set_ylim(0, 1.03)
    return chart


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """Gradient norms, methods by distances."""
    return rows.pivot_table(index="method", columns="distance", values="value", sort=False).reset_index()


def _draw(
    chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, x: str, y: str, what: str,
    floor: float | None = None,
) -> None:  # fmt: skip
    """One line per method; on a logarithmic axis zeros are at the floor."""
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method].sort_values(x)
        tips = [f"{method}, {at:g} steps back: {what} {value:.3g}" for at, value in zip(own[x], own[y], strict=True)]
        method_line(chart, ax, evidence, method, own[x].to_numpy(float), at_floor(own[y], floor), tips=tips)
