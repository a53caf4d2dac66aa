"""The share of seeds that solved each dependency length, with its exact interval from five seeds on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import length_axis, share_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.facets import background_note, facet_inches, facets, foreground, offset
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials


@themed
def solve_rate(evidence: Evidence, task: str) -> Chart:
    """Draw the solve rate of one task, one panel for each facet of its methods."""
    rates = evidence.comparison.solve_rates
    rates = evidence.in_grid_order(rates[(rates["task"] == task) & (rates["n"] > 0)])
    parts, shown = facets(evidence), foreground(evidence)
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.7, sharey=True)
    table = rates.assign(share=[f"{row.solved} of {row.n}" for row in rates.itertuples()])
    chart = Chart(
        name=f"solved-{evidence.file_names[task]}",
        title="Seeds that solved it",
        figure=figure,
        reading=_reading(rates) + background_note(evidence),
        table=table.pivot_table(
            index="method", columns="length", values="share", aggfunc="first", sort=False
        ).reset_index(),
        about={"task": task, "purpose": "reporting"},
        columns="length",
    )
    for part, ax in zip(parts, axes[0], strict=True):
        for method in in_order(evidence, set(part.methods) & set(rates["method"])):
            own = rates[rates["method"] == method].sort_values("length")
            _draw_method(chart, ax, evidence, own, offset(part, method), front=method in shown)
        length_axis(ax, evidence.lengths(task))
        share_axis(ax)
        ax.set_title(part.title)
    axes[0, 0].set_ylabel("seeds that solved")
    return chart


def _reading(rates: pd.DataFrame) -> str:
    """What the whiskers are."""
    if rates.empty:
        return "No reporting trial of this task has finished."
    if rates["low"].isna().all():
        return f"Fewer than 5 seeds (n = {rates['n'].max()}): no interval is drawn."
    least, most = rates["n"].min(), rates["n"].max()
    seeds = f"{most}" if least == most else f"{least} to {most}"
    return (
        f"n = {seeds} seeds; whiskers are exact 95 % intervals of each share (Clopper-Pearson), their thin ends hold "
        "for all lengths of a line at once (Bonferroni)."
    )


def _draw_method(chart: Chart, ax: Axes, evidence: Evidence, rates: pd.DataFrame, shift: float, *, front: bool) -> None:
    """The line of one method and its whiskers."""
    method = rates["method"].iloc[0]
    look, place = evidence.styles[method], evidence.place(method)
    x = rates["length"].to_numpy(float) * 2.0**shift
    known = rates["low"].notna().to_numpy()
    if front and known.any():
        whiskers = ax.vlines(
            x[known], rates["low"][known], rates["high"][known], color=look.colour, lw=1.1, alpha=0.4, zorder=2
        )
        chart.mark(whiskers, place)
        band = (rates[end][known] for end in ("band_low", "band_high"))
        chart.mark(ax.vlines(x[known], *band, color=look.colour, lw=0.5, alpha=0.35, zorder=1), place)
    tips = [
        f"{method}, length {row.length:,}: {row.solved} of {row.n} seeds solved"
        + ("" if np.isnan(row.low) else f" (95 %: {100 * row.low:z.0f} to {100 * row.high:.0f} %)")
        for row in rates.itertuples()
    ]
    task = rates["task"].iloc[0]
    links = [trials(evidence, task=task, method=method, length=int(at), purpose="reporting") for at in rates["length"]]
    method_line(chart, ax, evidence, method, x, rates["rate"], tips=tips, links=links)
