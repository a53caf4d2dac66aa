"""How far back each method remembers against how long it was trained."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import ROOM, ticks
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.facets import background_note, facet_inches, facets, foreground
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.stats.horizon_means import steps_in_words


@themed
def horizon_steps(evidence: Evidence, task: str) -> Chart:
    """Draw the mean horizon of one task against training steps, one panel for each facet of its methods."""
    rows = evidence.comparison.budget_sensitivity
    rows = rows[(rows["task"] == task) & rows["octaves"].notna() & (rows["budget_share"] >= _first(evidence, task))]
    rows = rows.sort_values("budget_share")
    rows = rows.assign(at=rows["steps"] if rows["steps"].notna().all() else 100 * rows["budget_share"])
    parts, constant = facets(evidence), bool(rows["steps"].notna().all())
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.4, sharey=True)
    chart = Chart(
        name=f"horizon-steps-{evidence.file_names[task]}",
        title="Horizon against training steps",
        figure=figure,
        reading="What the mean horizon would have been had training ended earlier: a trial has solved from the first "
        "of three evaluations in a row that met the criterion on validation data; the last point is the horizon "
        "itself. Bars are intervals over seeds. Lines that still rise at the right would go further with more steps."
        + background_note(evidence),
        table=rows.pivot_table(
            index="method", columns="at", values="horizon", aggfunc="first", sort=False
        ).rename(columns=round if constant else "{:.3g} %".format).reset_index(),
        about={"task": task, "purpose": "reporting"},
    )  # fmt: skip
    lengths = evidence.sought(task)
    for part, ax in zip(parts, axes[0], strict=True):
        for method in in_order(evidence, set(part.methods) & set(rows["method"])):
            _draw_method(chart, ax, evidence, rows[rows["method"] == method], unit="steps" if constant else "% of them")
        ax.set_xscale("log", base=2)
        ax.set_yscale("log", base=2)
        ticks(ax.xaxis, {at: f"{at:,.0f}" for at in sorted(rows["at"].unique())[::2]})
        ticks(ax.yaxis, {length: f"{length:,}" for length in named_lengths(lengths)})
        ax.set_ylim(lengths[0] / ROOM, lengths[-1] * ROOM)
        ax.set_xlabel("training steps" if constant else "share of the training steps (%)")
        ax.set_title(part.title)
    axes[0, 0].set_ylabel("horizon (steps)")
    return chart


def _first(evidence: Evidence, task: str) -> float:
    """The part of the budget at which training is evaluated first: before it nothing is known."""
    rows = evidence.reporting[evidence.reporting["task"] == task]
    return float((rows["evaluate_every"].astype(float) / rows["budget"].astype(float)).min())


def _draw_method(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, *, unit: str) -> None:
    """The line of one method, and its intervals where it stands in the foreground."""
    method = str(rows["method"].iloc[0])
    if method in foreground(evidence):
        bars = ax.vlines(
            rows["at"], rows["horizon_low"], rows["horizon_high"], color=evidence.styles[method].colour, lw=1, alpha=0.3
        )
        chart.mark(bars, evidence.place(method))
    tips = [f"{method}, after {row.at:,.0f} {unit}: {steps_in_words(row.horizon)} steps" for row in rows.itertuples()]
    method_line(chart, ax, evidence, method, rows["at"], rows["horizon"], tips=tips)
