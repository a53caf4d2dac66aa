"""Cost: training time against memory horizon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import LogLocator

from seqbench.report.charts.axes import log_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials


@themed
def cost(evidence: Evidence, tasks: Sequence[str], name: str = "cost") -> Chart:
    """Draw the horizon against the time per training step, one panel for each task."""
    rows = evidence.costs[evidence.costs["task"].isin(tasks)]
    figure, axes = panels(len(tasks), width=3.3 * len(tasks) + 0.6, height=2.9, sharey=True)
    chart = Chart(
        name=name,
        title="Memory horizon against training time",
        figure=figure,
        reading="Mean horizon over seeds against the time of one training step, the median over trials at the lengths "
        "that all seeds are trained at. Up and to the left is better.",
        table=rows,
        about={"purpose": "reporting"},
    )
    for task, ax in zip(tasks, axes[0], strict=True):
        for row in rows[(rows["task"] == task) & rows["octaves"].notna() & (rows["milliseconds"] > 0)].itertuples():
            look = evidence.styles[row.method]
            (point,) = ax.plot(
                [row.milliseconds], [row.octaves], marker=look.marker, color=look.colour, ms=7, ls="none"
            )
            tip = f"{row.method}: {row.milliseconds:.3g} ms per step, {row.octaves:.2f} octaves"
            link = trials(evidence, task=task, method=row.method, purpose="reporting")
            chart.mark(point, evidence.place(row.method), tips=(tip,), links=(link,))
        log_axis(ax.xaxis)
        ax.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
        ax.set_xlabel("milliseconds per training step")
        ax.set_title(task)
    top = float(np.nanmax(rows["octaves"])) if rows["octaves"].notna().any() else 1.0
    axes[0, 0].set_ylim(-0.1, max(top * 1.1, 0.5))
    axes[0, 0].set_ylabel("octaves remembered")
    return chart
