"""Accuracy against the length of the test, for networks that solved the length they were trained at."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import length_axis
from seqbench.report.charts.base import MUTED, Chart, panels, themed
from seqbench.report.charts.facets import background_note, foreground
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.charts.steps import MOST_PANELS
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.stats.other_lengths import other_lengths


@themed
def accuracy_elsewhere(evidence: Evidence, task: str, found: pd.DataFrame) -> Chart:
    """Draw the accuracy at every test length, a panel for each training length (at most five, of the most seeds).

    found: of this task, as `seqbench.stats.other_lengths.accuracies_elsewhere` returns it
    """
    lengths = trained_lengths(found)
    figure, axes = panels(len(lengths), width=max(2.25 * len(lengths) + 0.7, 4.6), height=3.0, sharey=True)
    summary = other_lengths(found)
    medians = summary.set_index(["method", "length", "tested"])["median"]
    chart = Chart(
        name=f"other-lengths-{evidence.file_names[task]}",
        title="Accuracy by length of the test",
        figure=figure,
        reading="The dashed line is the length of training. Lines join medians over the seeds that solved that length, "
        "every dot is one of them; a method of which no seed did has no line." + background_note(evidence),
        table=evidence.in_grid_order(summary).drop(columns="task"),
        about={"task": task, "purpose": "reporting"},
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        own = found[found["length"] == length]
        ax.axvline(length, color=MUTED, lw=1.1, dashes=(4, 3), zorder=1)
        for method in in_order(evidence, set(own["method"])):
            _draw_method(chart, ax, evidence, own[own["method"] == method], medians.loc[method, length])
        length_axis(ax, sorted(own["tested"].unique()), label="length of the test (steps)")
        ax.set_title(f"trained at {length:,}")
    axes[0, 0].set_ylim(-0.03, 1.03)
    axes[0, 0].set_ylabel("accuracy on fresh test data")
    return chart


def trained_lengths(found: pd.DataFrame) -> list[int]:
    """The training lengths that are drawn, shortest first: those with the most seeds, and of these the longest."""
    counts = found.drop_duplicates("trial")["length"].value_counts()
    ranked = sorted(counts.items(), key=lambda entry: (entry[1], entry[0]), reverse=True)
    return sorted(int(length) for length, _ in ranked[:MOST_PANELS])


def _draw_method(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, medians: pd.Series) -> None:
    """The dots and the line of one method that was trained at one length; medians: by test length."""
    first = rows.iloc[0]
    method, length, task = first["method"], int(first["length"]), first["task"]
    look, front = evidence.styles[method], method in foreground(evidence)
    dots = ax.scatter(
        rows["tested"], rows["accuracy"], s=16 if front else 6, color=look.colour, alpha=0.5 if front else 0.2,
        linewidths=0, zorder=2,
    )  # fmt: skip
    said = [f"{method}, seed {row.seed}, tested at {row.tested:,}: {row.accuracy:.3f}" for row in rows.itertuples()]
    chart.mark(dots, evidence.place(method), tips=said, trials=rows["trial"])
    tips = [f"{method}, trained at {length:,}, tested at {at:,}: median {value:.3f}" for at, value in medians.items()]
    link = trials(evidence, task=task, method=method, length=length, purpose="reporting")
    method_line(chart, ax, evidence, method, medians.index, medians, tips=tips, links=[link] * len(medians))
