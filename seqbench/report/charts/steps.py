"""How fast: the share of seeds that had solved the task by each training step, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from seqbench.report.charts.base import MUTED, RULE, Chart, panels, themed
from seqbench.report.charts.facets import foreground
from seqbench.report.charts.lines import in_order, method_line, method_rows
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials

MOST_PANELS = 5
ROW_SHARE = 0.82
"""Share of a row that the stacked shares of a method fill."""


@themed
def incidence(evidence: Evidence, task: str) -> Chart:
    """Draw the share solved against training steps, one panel for each length (at most five, spread evenly)."""
    rows = evidence.comparison.incidence
    rows = rows[rows["task"] == task]
    lengths = spread(sorted(rows["length"].unique()))
    figure, axes = panels(len(lengths), width=2.25 * len(lengths) + 0.7, height=2.7, sharey=True)
    chart = Chart(
        name=f"steps-{evidence.file_names[task]}",
        title="Seeds that had solved it, by training step",
        figure=figure,
        reading="A line ends at the share that held the criterion for three evaluations in a row within the budget. A "
        "seed that diverged before it solved never does: it stays in the count and pulls its line down.",
        table=_at_the_end(evidence, rows),
        about={"task": task, "purpose": "reporting"},
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        own = rows[rows["length"] == length]
        for method in in_order(evidence, set(own["method"])):
            line = own[own["method"] == method].sort_values("step")
            method_line(
                chart, ax, evidence, method, line["step"].to_numpy(float), line["solved"].to_numpy(float), steps=True
            )
        ax.set_title(f"length {length:g}")
        _steps_axis(ax)
    axes[0, 0].set_ylim(-0.03, 1.03)
    axes[0, 0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes[0, 0].set_ylabel("seeds solved")
    return chart


@themed
def endings(evidence: Evidence, task: str) -> Chart:
    """Draw what became of the seeds by each training step, a row for each method and a panel for each length."""
    rows = evidence.comparison.incidence
    rows = rows[rows["task"] == task]
    lengths = spread(sorted(rows["length"].unique()))
    methods = [name for name in evidence.methods if name in foreground(evidence) and (rows["method"] == name).any()]
    figure, axes = panels(
        len(lengths), width=2.0 * len(lengths) + 2.0, height=0.95 + 0.55 * len(methods), sharey=True
    )  # fmt: skip
    chart = Chart(
        name=f"endings-{evidence.file_names[task]}",
        title="Solved, diverged and neither, by training step",
        figure=figure,
        reading="Shares of the seeds, stacked: from below in the method's colour those that had solved it (three "
        "evaluations in a row), from above in grey those that had diverged before; neither is pale."
        + (f" {left_out} further methods are not drawn." if (left_out := len(evidence.methods) - len(methods)) else ""),
        table=_at_the_end(evidence, rows),
        about={"task": task, "purpose": "reporting"},
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        own = rows[rows["length"] == length]
        for place, method in enumerate(methods):
            _draw_ending(chart, ax, evidence, own[own["method"] == method], place)
        method_rows(ax, methods)
        ax.grid(visible=False)
        ax.set_title(f"length {length:g}")
        _steps_axis(ax)
    return chart


def _draw_ending(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, place: int) -> None:
    """The stacked shares of one method at one length, in the row at `place`; the axis points down."""
    if rows.empty:
        return
    rows = rows.sort_values("step")
    method, steps, last = rows["method"].iloc[0], rows["step"].to_numpy(float), rows.iloc[-1]
    foot, height = place + ROW_SHARE / 2, ROW_SHARE
    shares = " and ".join(f"{100 * last[name]:.0f} % {name}" for name in ("solved", "diverged"))
    tip = f"{method}, length {last['length']:g}: {shares}"
    solved, diverged = foot - height * rows["solved"], foot - height * (1 - rows["diverged"])
    link = trials(evidence, task=last["task"], method=method, length=int(last["length"]), purpose="reporting")
    for colour, alpha, low, high in (
        (RULE, 0.55, solved, diverged),
        (evidence.styles[method].colour, 0.75, foot, solved),
        (MUTED, 0.6, diverged, foot - height),
    ):
        area = ax.fill_between(steps, low, high, color=colour, alpha=alpha, lw=0, step="post")
        chart.mark(area, evidence.place(method), tips=(tip,), links=(link,))


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
        f"({_units(int(rows['units'].iloc[0]))}; not solving is infinitely slow).",
        table=evidence.in_grid_order(rows.drop_duplicates("method"))[["method", "score", "units"]],
        about={"purpose": "reporting"},
    )
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method]
        method_line(chart, axes[0, 0], evidence, method, own["factor"], own["share"], steps=True)
    axes[0, 0].set_xlabel("times slower than the fastest (steps to solve)")
    axes[0, 0].set_ylabel("share of tasks and lengths")
    axes[0, 0].set_ylim(-0.03, 1.03)
    return chart


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _steps_axis(ax: Axes) -> None:
    """Training steps from 0, briefly."""
    ax.set_xlabel("training steps")
    ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(_brief_steps))
    ax.margins(x=0.02)
    ax.set_xlim(0, None)


def spread(values: Sequence[float]) -> list[float]:
    """At most five values, evenly spread, with both ends."""
    if len(values) <= MOST_PANELS:
        return list(values)
    last = len(values) - 1
    return [values[round(turn * last / (MOST_PANELS - 1))] for turn in range(MOST_PANELS)]


def _brief_steps(value: float, _: int | None = None) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _at_the_end(evidence: Evidence, rows: pd.DataFrame) -> pd.DataFrame:
    """Shares at the end of training, for reading without the picture."""
    last = rows.sort_values("step").groupby(["method", "length"], sort=True).last().reset_index()
    return evidence.in_grid_order(last)[["method", "length", "n", "solved", "diverged", "neither"]]
