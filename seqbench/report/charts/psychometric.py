"""The probability that a seed solves, against dependency length: the fitted psychometric function of every method."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import length_axis, share_axis, ticks
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.facets import FEW, background_note, facet_inches, facets, foreground
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.charts.lines import in_order
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.stats.horizon_means import steps_in_words


@themed
def psychometric(evidence: Evidence, task: str) -> Chart:
    """Draw P(solve) of one task, one panel for each facet of its methods."""
    curves, thresholds = (
        table[table["task"] == task]
        for table in (evidence.comparison.psychometric_curves, evidence.comparison.psychometric)
    )
    parts, shown = facets(evidence), foreground(evidence)
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.7, sharey=True)
    level = f"{100 * (1 - evidence.declared.alpha):g} %"
    chart = Chart(
        name=f"solve-probability-{evidence.file_names[task]}",
        title="Probability of solving",
        figure=figure,
        reading="Smooth: the psychometric function fitted to every trial of all seeds, with its "
        f"{level} band. Thin: Turnbull's estimate from the brackets, without a model. Marker: the length that half of "
        "the seeds solve. A share of solved trials at each length would count only the seeds that got there."
        + background_note(evidence),
        table=evidence.in_grid_order(thresholds).drop(columns="task"),
        about={"task": task, "purpose": "reporting"},
    )
    for part, ax in zip(parts, axes[0], strict=True):
        for method in in_order(evidence, set(part.methods) & set(curves["method"])):
            own, at = curves[curves["method"] == method], thresholds[thresholds["method"] == method].iloc[0]
            _draw_method(chart, ax, evidence, own, at, front=method in shown)
        lengths = evidence.sought(task)
        length_axis(ax, lengths)
        ticks(ax.xaxis, {length: f"{length:,}" for length in named_lengths(lengths)})
        share_axis(ax)
        ax.set_title(part.title)
    axes[0, 0].set_ylabel("seeds that solve")
    return chart


def _draw_method(
    chart: Chart, ax: Axes, evidence: Evidence, curve: pd.DataFrame, threshold: pd.Series, *, front: bool
) -> None:
    """The curve of one method, its band, the estimate without a model, and the threshold."""
    method, task = str(threshold["method"]), str(threshold["task"])
    look, place = evidence.styles[method], evidence.place(method)
    (line,) = ax.plot(
        curve["length"], curve["probability"], color=look.colour, lw=1.9 if front else 0.9,
        dashes=look.dash or (None, None), alpha=1 if front else 0.32, zorder=3,
    )  # fmt: skip
    chart.mark(line, place, tips=(method,))
    if not front:
        return
    band = ax.fill_between(
        curve["length"],
        curve["low"],
        curve["high"],
        color=look.colour,
        alpha=0.09 if len(foreground(evidence)) < FEW / 2 else 0.05,
        lw=0,
        zorder=1,
    )
    chart.mark(band, place)
    (steps,) = ax.plot(curve["length"], curve["reached"], color=look.colour, lw=0.8, alpha=0.55, zorder=2)
    chart.mark(steps, place)
    shortest, longest = evidence.sought(task)[0], evidence.sought(task)[-1]
    if shortest <= threshold["threshold"] <= longest:
        tip = f"{method}: half of the seeds solve {steps_in_words(threshold['threshold'])} steps"
        tip += f" ({steps_in_words(threshold['low'])} to {steps_in_words(threshold['high'])}, n = {threshold['n']})"
        (point,) = ax.plot([threshold["threshold"]], [0.5], color=look.colour, marker=look.marker, ms=6.5, zorder=4)
        chart.mark(point, place, tips=(tip,), links=(trials(evidence, task=task, method=method, purpose="reporting"),))
