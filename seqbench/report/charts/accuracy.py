"""Accuracy against dependency length: every seed as a dot, unless they are too many, and the medians as a line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.accuracy_rows import accuracies, accuracy_rows, accuracy_ticks, trial_tips
from seqbench.report.charts.axes import length_axis
from seqbench.report.charts.base import MUTED, Chart, panels, themed
from seqbench.report.charts.facets import FEW, background_note, facet_inches, facets, foreground, offset
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials


@themed
def accuracy(evidence: Evidence, task: str) -> Chart:
    """Draw the accuracy of every reporting trial of one task, one panel for each facet of its methods.

    Many methods at a single length have a row each instead (`accuracy_rows`).
    """
    rows = evidence.reporting[evidence.reporting["task"] == task]
    lengths, parts = evidence.lengths(task), facets(evidence)
    if len(lengths) == 1 and len(parts) == 1 and len(evidence.methods) > FEW:
        return accuracy_rows(evidence, task)
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.7, sharey=True)
    chart = Chart(
        name=f"accuracy-{evidence.file_names[task]}",
        title="Accuracy by dependency length",
        figure=figure,
        reading=_reading(rows, dots=evidence.listed) + background_note(evidence),
        table=_summaries(evidence, task),
        about={"task": task, "purpose": "reporting"},
    )
    shown = foreground(evidence)
    for part, ax in zip(parts, axes[0], strict=True):
        _draw_levels(ax, rows, lengths)
        for method in in_order(evidence, set(part.methods) & set(rows["method"])):
            own = rows[rows["method"] == method]
            _draw_method(chart, ax, evidence, own, offset(part, method), front=method in shown)
        length_axis(ax, lengths)
        ax.set_title(part.title)
    axes[0, 0].set_ylabel("accuracy on fresh test data")
    return chart


def _reading(rows: pd.DataFrame, *, dots: bool) -> str:
    """How many seeds there are and what the marks mean; `dots` says whether every trial has one."""
    if rows.empty:
        return "No reporting trial of this task has finished."
    counts = rows.groupby(["method", "length"], observed=True).size()
    seeds = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    chance = rows["chance"].dropna()
    level = f" Guessing gives {chance.min():.2g}." if len(chance) else ""
    diverged = int((rows["outcome"] == "diverged").sum())
    strip = f" {diverged} diverged trials are on the line below." if diverged and dots else ""
    marks = "lines join medians, dashes are means, to which a diverged seed counts as 0"
    marks = f"every dot is one trial, {marks}" if dots else f"{marks}; single trials are too many to be drawn"
    return f"n = {seeds} {'seed' if seeds == '1' else 'seeds'} for each point; {marks}.{level}{strip}"


def _summaries(evidence: Evidence, task: str) -> pd.DataFrame:
    """Seeds, those that solved, and the median, mean, middle half and worst of their accuracies."""
    rows = evidence.comparison.solve_rates
    rows = rows[(rows["task"] == task) & (rows["n"] > 0)]
    names = {"accuracy_median": "median", "accuracy": "mean", "accuracy_iqm": "middle half", "accuracy_worst": "worst"}
    return evidence.in_grid_order(rows).rename(columns=names)[["method", "length", "n", "solved", *names.values()]]


def _draw_levels(ax: Axes, rows: pd.DataFrame, lengths: Sequence[int]) -> None:
    """Chance, what a predictor without the distant information reaches, and the strip of diverged trials."""
    levels = rows.groupby("length")[["chance", "trivial"]].first().dropna()
    if len(levels):
        edges = [lengths[0] / 1.35, *levels.index, lengths[-1] * 1.35]
        chance = levels["chance"].to_numpy()
        ax.plot(edges, [chance[0], *chance, chance[-1]], color=MUTED, lw=1.1, dashes=(4, 3), zorder=1)
        ax.annotate(
            f"chance {chance[0]:.2g}",
            (edges[0], chance[0]),
            xytext=(3, -3),
            textcoords="offset points",
            color=MUTED,
            fontsize=9,
            va="top",
        )
        trivial = levels["trivial"].to_numpy()
        if np.max(np.abs(trivial - chance)) > 0.01:
            ax.plot(edges, [trivial[0], *trivial, trivial[-1]], color=MUTED, lw=1.1, dashes=(1, 2), zorder=1)
    heights = accuracy_ticks(rows)
    ax.set_ylim(min(heights.values()) - (0.05 if "diverged" in heights else 0), 1.03)
    ax.set_yticks(list(heights.values()), list(heights))


def _draw_method(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, offset: float, *, front: bool) -> None:
    """The dots of one method, unless they are too many, and its median line."""
    if evidence.listed:
        _draw_dots(chart, ax, evidence, rows, offset, front=front)
    _draw_middles(chart, ax, evidence, rows["method"].iloc[0], rows["task"].iloc[0], offset, front=front)


def _draw_dots(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, offset: float, *, front: bool) -> None:
    """The accuracy of every trial of one method; seeds of the same length stand side by side."""
    method = rows["method"].iloc[0]
    heights = accuracies(rows)
    rows, heights = rows[heights.notna()], heights.dropna()
    spread = (
        rows.groupby("length")["seed"].rank(method="first") / rows.groupby("length")["seed"].transform("size") - 0.5
    )
    x = rows["length"].astype(float) * 2.0 ** (offset + 0.055 * spread)
    dots = ax.scatter(
        x, heights, s=20 if front else 8, color=evidence.styles[method].colour, alpha=0.7 if front else 0.25,
        linewidths=0, zorder=2,
    )  # fmt: skip
    chart.mark(dots, evidence.place(method), tips=trial_tips(method, rows), trials=rows["trial"])


def _draw_middles(
    chart: Chart, ax: Axes, evidence: Evidence, method: str, task: str, offset: float, *, front: bool
) -> None:
    """The line that joins the medians of one method, and a dash at each mean."""
    rates = evidence.comparison.solve_rates
    rates = rates[(rates["method"] == method) & (rates["task"] == task) & (rates["n"] > 0)]
    points = [
        f"{method}, length {row.length:,}: median {row.accuracy_median:.3f}, mean {row.accuracy:.3f}"
        + (f", {row.diverged} of {row.n} seeds diverged" if row.diverged else "")
        for row in rates.itertuples()
    ]
    links = [trials(evidence, task=task, method=method, length=at, purpose="reporting") for at in rates["length"]]
    x = rates["length"].to_numpy(float) * 2.0**offset
    method_line(chart, ax, evidence, method, x, rates["accuracy_median"], tips=points, links=links)
    if front:
        colour = evidence.styles[method].colour
        (dashes,) = ax.plot(
            x, rates["accuracy"].to_numpy(float), ls="none", marker="_", ms=9, mew=1.6, color=colour, alpha=0.75
        )
        chart.mark(dashes, evidence.place(method))
