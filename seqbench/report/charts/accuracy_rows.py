"""Accuracy of many methods at a single dependency length: a row for each, the highest median on top."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.base import MUTED, Chart, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials

DIVERGED = -0.09
"""Where diverged trials stand, which have no accuracy."""
SPREAD = 0.5
"""Height of a row over which its seeds stand."""


@themed
def accuracy_rows(evidence: Evidence, task: str) -> Chart:
    """Draw the accuracy of every reporting trial of one task that has a single length, one row a method."""
    rates = evidence.comparison.solve_rates
    rates = rates[(rates["task"] == task) & (rates["n"] > 0)]
    rates = rates.sort_values("accuracy_median", ascending=False, kind="stable")
    rows = evidence.reporting[evidence.reporting["task"] == task]
    figure, axes = panels(width=5.6, height=1.0 + 1.15 * ROW_INCHES * max(len(rates), 2))
    chart = Chart(
        name=f"accuracy-{evidence.file_names[task]}",
        title="Accuracy of every method",
        figure=figure,
        reading="Every dot is one trial, the larger marker is the median, to which a diverged seed counts as 0. "
        "Dashes: chance; dots: what the best predictor reaches that ignores the distant information.",
        table=rates.rename(columns={"accuracy_median": "median", "accuracy": "mean"})[
            ["method", "length", "n", "solved", "median", "mean"]
        ],
        about={"task": task, "purpose": "reporting"},
    )
    ax = axes[0, 0]
    _draw_levels(ax, rows)
    for place, row in enumerate(rates.to_dict("records")):
        _draw_seeds(chart, ax, evidence, rows[rows["method"] == row["method"]], place)
        middle = row["accuracy_median"]
        tip = f"{row['method']}: median {middle:.3f}, {row['solved']} of {row['n']} seeds solved it"
        link = trials(evidence, task=task, method=row["method"], purpose="reporting")
        none = float("nan")
        method_point(chart, ax, evidence, row["method"], place, (middle, none, none), tip=tip, link=link)
    method_rows(ax, list(rates["method"]))
    return chart


def _draw_levels(ax: Axes, rows: pd.DataFrame) -> None:
    """Chance, the best predictor without the distant information where it does better, and the axis."""
    levels = rows[["chance", "trivial"]].dropna()
    if len(levels):
        chance, trivial = levels.iloc[0]
        ax.axvline(chance, color=MUTED, lw=1.1, dashes=(4, 3), zorder=1)
        if abs(trivial - chance) > 0.01:
            ax.axvline(trivial, color=MUTED, lw=1.1, dashes=(1, 2), zorder=1)
    places = accuracy_ticks(rows)
    ax.set_xlim(min(places.values()) - 0.05, 1.05)
    ax.set_xticks(list(places.values()), list(places))
    ax.set_xlabel(f"accuracy on fresh test data, {rows['length'].iloc[0]:,} steps" if len(rows) else "")


def _draw_seeds(chart: Chart, ax: Axes, evidence: Evidence, rows: pd.DataFrame, place: int) -> None:
    """The trials of one method, one below the other inside its row."""
    method = rows["method"].iloc[0]
    across = accuracies(rows)
    rows, across = rows[across.notna()], across.dropna()
    heights = place + SPREAD * ((rows["seed"].rank(method="first") - 0.5) / max(len(rows), 1) - 0.5)
    dots = ax.scatter(across, heights, s=14, color=evidence.styles[method].colour, alpha=0.6, linewidths=0, zorder=2)
    chart.mark(dots, evidence.place(method), tips=trial_tips(method, rows), trials=rows["trial"])


def accuracies(rows: pd.DataFrame) -> pd.Series:
    """Where each trial stands on an axis of accuracies; missing where it has none."""
    return rows["accuracy"].where(rows["outcome"] != "diverged", DIVERGED).astype(float)


def accuracy_ticks(rows: pd.DataFrame) -> dict[str, float]:
    """Labels and places on an axis of accuracies, with one for diverged trials if there are any."""
    places = {"0": 0.0, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "1": 1.0}
    return {"diverged": DIVERGED, **places} if (rows["outcome"] == "diverged").any() else places


def trial_tips(method: str, rows: pd.DataFrame) -> list[str]:
    """What is said of each trial of a method."""
    return [
        f"{method}, length {row.length:,}, seed {row.seed}: "
        + ("diverged" if row.outcome == "diverged" else f"accuracy {row.accuracy:.3f}, {row.outcome}")
        for row in rows.itertuples()
    ]
