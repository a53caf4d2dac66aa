"""What was tuned: what decided between learning rates, at every one that was tried."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from seqbench.report.charts.axes import log_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.facets import background_note, facet_inches, facets
from seqbench.report.charts.settings_tried import (
    reach_in_words,
    ring_in_words,
    score_axis,
    score_lines,
    searched,
    table_of,
    tried,
)
from seqbench.report.charts.steps import MOST_PANELS, spread
from seqbench.report.evidence import Evidence


def learning_rates(evidence: Evidence, task: str) -> Chart:
    """Draw what decided between settings against the learning rate: scores by length, or how far searches got."""
    return searched_rates(evidence, task) if searched(evidence, task) else listed_rates(evidence, task)


@themed
def listed_rates(evidence: Evidence, task: str) -> Chart:
    """Draw the score on the tuning seeds against the learning rate, one panel for each length (at most five)."""
    rows = tried(evidence, task)
    rates = sorted(rows["learning_rate"].unique())
    lengths = spread(sorted(rows["length"].unique()))
    figure, axes = panels(len(lengths), width=2.25 * len(lengths) + 0.8, height=2.7, sharey=True)
    chart = Chart(
        name=f"tuning-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to the learning rate",
        figure=figure,
        reading=f"Mean validation score over n = {int(rows['n'].max())} tuning seeds at every learning rate tried. "
        "A flat line is a method that needs little tuning; points without a line differ in other settings too. "
        + ring_in_words(evidence, task),
        table=table_of(rows),
        about={"task": task, "purpose": "tuning"},
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        at = rows[rows["length"] == length]
        score_lines(chart, ax, evidence, task, at.assign(x=at["learning_rate"]))
        _rate_axis(ax, rates)
        ax.set_title(f"length {length:g}")
    score_axis(axes[0, 0], evidence, task, rows)
    return chart


@themed
def searched_rates(evidence: Evidence, task: str) -> Chart:
    """Draw how far the tuning seeds of a search got against the learning rate, one panel for each facet of methods."""
    rows = tried(evidence, task)
    parts = [part for part in facets(evidence) if rows["method"].isin(part.methods).any()]
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.2, sharex=True, sharey=True)
    chart = Chart(
        name=f"tuning-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to the learning rate",
        figure=figure,
        reading=f"{reach_in_words(evidence, task, rows)} Points without a line differ in other settings too. "
        + ring_in_words(evidence, task)
        + background_note(evidence),
        table=table_of(rows),
        about={"task": task, "purpose": "tuning"},
    )
    for part, ax in zip(parts, axes[0], strict=True):
        own = rows[rows["method"].isin(part.methods)]
        score_lines(chart, ax, evidence, task, own.assign(x=own["learning_rate"]))
        _rate_axis(ax, sorted(rows["learning_rate"].unique()))
        ax.set_title(part.title)
    score_axis(axes[0, 0], evidence, task, rows)
    return chart


def _rate_axis(ax: Axes, rates: Sequence[float]) -> None:
    log_axis(ax.xaxis)
    if len(rates) <= MOST_PANELS:
        ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.set_xlabel("learning rate")
