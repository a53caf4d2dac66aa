"""Effects of the factors of a grid, and how they act together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.base import INK, MUTED, RULE, Chart, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, zero_line
from seqbench.report.evidence import Evidence

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ((None, None), (5, 2), (1, 1.5), (6, 2, 1, 2), (9, 3), (3, 1.5))


@themed
def effects(evidence: Evidence, task: str) -> Chart:
    """Draw the main and two-way effects on the primary outcome with their intervals, the largest on top."""
    rows = evidence.comparison.effects
    rows = rows[(rows["task"] == task) & (rows["family"] == "declared") & (rows["order"] <= 2) & (rows["n"] > 0)]
    rows = rows.assign(size=rows["mean"].abs()).sort_values(["order", "size"], ascending=[True, False])
    figure, axes = panels(width=6.6, height=1.0 + ROW_INCHES * 0.92 * max(len(rows), 2))
    ax, unit = axes[0, 0], rows["unit"].iloc[0] if len(rows) else ""
    for place, row in enumerate(rows.itertuples()):
        main = row.order == 1
        if np.isfinite(row.low):
            ax.hlines(place, row.low, row.high, color=INK if main else MUTED, lw=2, alpha=0.6)
        ax.plot([row.mean], [place], "o" if main else "D", color=INK if main else MUTED, ms=6.5 if main else 4.5)
    zero_line(ax)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_yticks(range(len(rows)), [effect.replace(" x ", " × ") for effect in rows["effect"]], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=RULE)
    ax.set_xlabel(f"effect ({unit})")
    return Chart(
        name=f"effects-{evidence.file_names[task]}",
        title="Main and two-way effects",
        figure=figure,
        reading="Round: what a remedy adds, averaged over the levels of all others. Diamond: half of how much more "
        "(or less) two remedies add together than their sum. Lines are 95 % intervals over seeds.",
        table=rows[["effect", "mean", "low", "high", "n", "p_holm", "verdict"]],
        about={"task": task, "purpose": "reporting"},
    )


@themed
def interaction(evidence: Evidence, task: str) -> Chart:
    """Draw the primary outcome at every level of each factor by each level of every other."""
    rows = evidence.comparison.interactions
    rows = rows[rows["task"] == task]
    rows = pd.concat([rows, _turned(rows)], ignore_index=True)
    factors = list(dict.fromkeys(rows["factor"]))
    count = len(factors)
    figure, axes = panels(
        count, count, width=max(1.75 * count + 1.2, 5), height=max(1.3 * count + 0.5, 3.4), sharey=True, sharex="col"
    )
    for i, by in enumerate(factors):
        for j, factor in enumerate(factors):
            ax = axes[i, j]
            _draw_panel(ax, rows[(rows["factor"] == factor) & (rows["by"] == by)], factor == by, by)
            if i == count - 1:
                ax.set_xlabel(factor, fontsize=9.5)
    unit = rows["unit"].iloc[0] if len(rows) else ""
    figure.supylabel(unit, fontsize=9.5)
    return Chart(
        name=f"interaction-{evidence.file_names[task]}",
        title="How the remedies act together",
        figure=figure,
        reading=f"Mean {unit} at each level of the factor below, one line for each level of the factor named "
        "in the row. "
        "Parallel lines: the remedies add up. Lines that cross or spread: one changes what the other does.",
        table=rows[["factor", "level", "by", "by_level", "mean", "low", "high", "n"]],
        about={"task": task, "purpose": "reporting"},
    )


def _turned(rows: pd.DataFrame) -> pd.DataFrame:
    """The same means seen from the other factor."""
    return rows.rename(columns={"factor": "by", "by": "factor", "level": "by_level", "by_level": "level"})


def _draw_panel(ax: Axes, rows: pd.DataFrame, diagonal: bool, by: str) -> None:
    """The lines of one pair of factors; on the diagonal, the name of the row."""
    ax.tick_params(labelsize=8.5)
    if diagonal:
        ax.text(0.5, 0.5, by, transform=ax.transAxes, ha="center", va="center", fontsize=11, fontweight="bold")
        ax.grid(visible=False)
        return
    levels = list(dict.fromkeys(rows["level"]))
    for turn, (name, own) in enumerate(rows.groupby("by_level", sort=False)):
        x = [levels.index(level) for level in own["level"]]
        ax.plot(
            x, own["mean"], color=MUTED if turn == 0 else INK, marker=MARKERS[turn % len(MARKERS)], ms=4, lw=1.4,
            dashes=DASHES[turn % len(DASHES)], label=str(name),
        )  # fmt: skip
    ax.set_xticks(range(len(levels)), [str(level) for level in levels])
    ax.set_xlim(-0.35, len(levels) - 0.65)
    ax.legend(fontsize=7.5, handlelength=1.8, borderaxespad=0.2, labelspacing=0.2)
