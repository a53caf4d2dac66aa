"""How far back methods learned, against how far their gradient reaches before training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import ROOM, at_floor, length_axis, mark_floor, ticks, zero_floor
from seqbench.report.charts.base import MUTED, Chart, panels, themed
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.stats.gradient_horizon import gradient_horizon_correlation


@themed
def gradient_vs_horizon(
    evidence: Evidence, learned: pd.DataFrame, tasks: Sequence[str], name: str = "gradient-vs-horizon"
) -> Chart:
    """Draw the solved length against the gradient's horizon, one point per method, one panel for each task.

    `learned` is what `seqbench.stats.gradient_horizon.learned_by_gradient` returns.
    """
    rows = evidence.in_grid_order(learned[learned["task"].isin(tasks)])
    figure, axes = panels(len(tasks), width=4.6 if len(tasks) == 1 else 3.3 * len(tasks) + 0.6, height=3.4)
    chart = Chart(
        name=name,
        title="What is learned against where the gradient reaches",
        figure=figure,
        reading="Each point is a method. Across: the distance up to which at least 1 % of the gradient nearest to the "
        f"loss arrives before training, mean over seeds {_measured(rows)}; open: at least so far, in every seed; up: "
        f"the mean horizon after it. Lines are 95 % intervals, from 5 seeds on. {correlations(learned, tasks)}",
        table=rows[["task", "method", "text", "octaves", "horizon", "low", "high", "at_least", "growth", "n"]].rename(
            columns={"at_least": "reach the farthest state"}
        ),
        about={"purpose": "reporting"},
    )
    for task, ax in zip(tasks, axes[0], strict=True):
        _draw(chart, ax, evidence, rows[rows["task"] == task], evidence.sought(task))
        ax.set_title(task)
    axes[0, 0].set_ylabel("horizon (steps)")
    return chart


def _measured(rows: pd.DataFrame) -> str:
    """At which length the gradient was measured, the longest of each task that all of its methods share."""
    lengths = sorted({int(length) for length in rows["length"]})
    shared = "the longest at which every method was trained"
    return f"at {lengths[0]:,} steps, {shared}" if len(lengths) == 1 else f"at {shared}"


def correlations(learned: pd.DataFrame, tasks: Sequence[str]) -> str:
    """The rank correlation of each of these tasks, and of all tasks together, as sentences."""
    return " ".join(
        _sentence(row, alone=learned["task"].nunique() == 1)
        for row in gradient_horizon_correlation(learned).to_dict(orient="records")
        if row["task"] in ("", *tasks)
    )


def _sentence(row: dict, *, alone: bool) -> str:
    """One correlation with its interval, or why there is none."""
    place = "Over all tasks" if not row["task"] else f"On {row['task']}"
    methods = f"{row['methods']} methods{'' if row['task'] else ' that are on every one'}"
    if np.isnan(row["correlation"]):
        start = "No" if alone else f"{place}: no"
        reason = "too few" if row["methods"] < 3 else "they do not differ"
        return f"{start} rank correlation over {methods} ({reason})."
    subject = "Rank correlation" if alone else f"{place}, rank correlation"
    tied = f" ({row['tied']} of them reach all that was measured, and count as equal)" if row["tied"] > 1 else ""
    interval = "" if np.isnan(row["low"]) else f" (95 %: {row['low']:z.2f} to {row['high']:z.2f})"
    return f"{subject} {row['correlation']:z.2f}{interval} over {methods}{tied}, p = {row['p_value']:.2g}."


def _draw(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, lengths: Sequence[int]) -> None:
    """The methods of one task, on a dotted line where the gradient reaches just as far as is learned."""
    shortest = lengths[0]
    known = rows[["horizon", "low", "high"]].astype(float)
    floor = zero_floor(known, base=2)
    reach = at_floor(known, floor)
    for row, (middle, low, high) in zip(rows.itertuples(), reach, strict=True):
        look, place, solved = evidence.styles[row.method], evidence.place(row.method), row.learned
        if np.isfinite(low) and np.isfinite(high):
            chart.mark(ax.hlines(solved, low, high, color=look.colour, lw=2, alpha=0.45), place)
        inside = "none" if row.horizon >= row.measured else look.colour
        (point,) = ax.plot(
            [middle], [solved], marker=look.marker, color=look.colour, mfc=inside, ms=7, ls="none", zorder=4
        )
        tip = f"{row.method}: gradient reaches {row.horizon:.3g} steps, remembers {row.text}"
        tip += f"; {row.at_least} of {row.n} seeds reach the farthest state" if row.at_least else ""
        link = trials(evidence, task=row.task, method=row.method, purpose="reporting")
        chart.mark(point, place, tips=(tip,), links=(link,))
    ends = [min(np.nanmin(reach[:, 0]), shortest), max(np.nanmax(reach[:, 0]), lengths[-1])]
    ax.plot(ends, ends, color=MUTED, lw=0.8, ls=":", zorder=1)
    length_axis(ax, lengths, label="gradient reaches (steps)")
    below: dict[float, str] = {each: f"{each}" for each in (1, 3, 10, 30) if ends[0] <= each < shortest}
    ticks(ax.xaxis, {**({} if floor is None else {floor: "0"}), **below, **_named(lengths)})
    if floor is not None:
        mark_floor(ax.xaxis, floor)
    ax.set_xlim(ends[0] / ROOM, ends[1] * ROOM)
    ax.set_yscale("log", base=2)
    ticks(ax.yaxis, _named(lengths))
    ax.set_ylim(shortest / ROOM, lengths[-1] * ROOM)


def _named(lengths: Sequence[int]) -> dict[float, str]:
    """The labels of lengths."""
    return {length: f"{length:,}" for length in named_lengths(lengths)}
