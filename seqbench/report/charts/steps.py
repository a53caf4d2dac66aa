"""How fast: the share of seeds that had solved the task by each training step."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence

MOST_PANELS = 5


@themed
def incidence(evidence: Evidence, task: str) -> Chart:
    """Draw the share solved against training steps, one panel for each length (at most five, spread evenly)."""
    rows = evidence.comparison.incidence
    rows = rows[rows["task"] == task]
    lengths = spread(sorted(rows["length"].unique()))
    figure, axes = panels(len(lengths), width=2.25 * len(lengths) + 0.7, height=2.7, sharey=True)
    chart = Chart(
        name=f"steps-{evidence.file_names[task]}",
        title=f"{task}: seeds that had solved it, by training step",
        figure=figure,
        reading="A line ends at the share solved within the budget. A seed that diverged never solves: it stays in the "
        "count and pulls its line down.",
        table=_at_quarters(rows),
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        own = rows[rows["length"] == length]
        for method in in_order(evidence, set(own["method"])):
            line = own[own["method"] == method].sort_values("step")
            method_line(
                chart, ax, evidence, method, line["step"].to_numpy(float), line["solved"].to_numpy(float), steps=True
            )
        ax.set_title(f"length {length:g}")
        ax.set_xlabel("training steps")
        ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(_brief_steps))
        ax.set_xlim(0, None)
    axes[0, 0].set_ylim(-0.03, 1.03)
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes[0, 0].set_ylabel("seeds solved")
    return chart


@themed
def profile(evidence: Evidence) -> Chart:
    """Draw the performance profile over all tasks and lengths."""
    rows = evidence.comparison.profiles
    figure, axes = panels(width=5.6, height=3.4)
    chart = Chart(
        name="profile",
        title="Performance profile",
        figure=figure,
        reading="On what share of all tasks and lengths a method is at most this many times slower than the fastest "
        f"({int(rows['units'].iloc[0])} units; not solving is infinitely slow).",
        table=rows.drop_duplicates("method")[["method", "score", "units"]],
    )
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method]
        method_line(chart, axes[0, 0], evidence, method, own["factor"], own["share"], steps=True)
    axes[0, 0].set_xlabel("times slower than the fastest (steps to solve)")
    axes[0, 0].set_ylabel("share of tasks and lengths")
    axes[0, 0].set_ylim(-0.03, 1.03)
    return chart


def spread(values: Sequence[float]) -> list[float]:
    """At most five values, evenly spread, with both ends."""
    if len(values) <= MOST_PANELS:
        return list(values)
    last = len(values) - 1
    return [values[round(turn * last / (MOST_PANELS - 1))] for turn in range(MOST_PANELS)]


def _brief_steps(value: float, _: int | None = None) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _at_quarters(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares at the end of training, for reading without the picture."""
    last = rows.sort_values("step").groupby(["method", "length"], sort=False).last().reset_index()
    return last[["method", "length", "n", "solved", "diverged", "neither"]].sort_values(["length", "method"])
