"""Memory horizons: one row a method, one bracket a seed, the mean with its interval, and the gradient's reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import ROOM, length_axis, ticks
from seqbench.report.charts.base import INK, MUTED, Chart, panels, themed
from seqbench.report.charts.facets import FEW
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.stats.gradient_horizon import FIGURES, gradient_horizons
from seqbench.stats.horizon_means import steps_in_words

MEAN, SEEDS = -0.27, (-0.08, 0.38)
"""Heights within a row: of the mean, and between which the seeds stand."""
SHORTER = 8
"""A gradient that reaches less than the shortest length over this is drawn at the left edge."""


@themed
def horizon(evidence: Evidence, task: str) -> Chart:
    """Draw the horizon of every method on one task, the furthest memory on top."""
    comparison = evidence.comparison
    rows = comparison.horizons[comparison.horizons["task"] == task]
    rows = rows.sort_values("octaves", ascending=False, kind="stable")
    reach = _gradients(evidence, task)
    inches = ROW_INCHES * (2.4 if len(rows) <= FEW else 1.4)
    figure, axes = panels(width=5.6, height=1.0 + inches * max(len(rows), 2))
    chart = Chart(
        name=f"horizon-{evidence.file_names[task]}",
        title="Horizon of every seed",
        figure=figure,
        reading=_reading(evidence, rows, gradient=bool(reach)),
        table=_table(rows, reach),
        about={"task": task, "purpose": "reporting"},
    )
    ax, order = axes[0, 0], list(rows["method"])
    _axis(ax, evidence.sought(task), [float(row["horizon"]) for row in reach.values()])
    for place, row in enumerate(rows.to_dict("records")):
        own = comparison.brackets
        _draw_seeds(chart, ax, evidence, own[(own["task"] == task) & (own["method"] == row["method"])], place)
        tip = f"{row['method']}: {row['text']}, mean of {row['n']} seeds; {row['at_least']} solved the longest length"
        link = trials(evidence, task=task, method=row["method"], purpose="reporting")
        ends = (row["horizon"], row["horizon_low"], row["horizon_high"])
        method_point(chart, ax, evidence, row["method"], place + MEAN, ends, tip=tip, link=link)
        if row["method"] in reach:
            _draw_gradient(chart, ax, evidence, reach[row["method"]], place)
    method_rows(ax, order)
    return chart


def _gradients(evidence: Evidence, task: str) -> Mapping[str, Mapping[Any, Any]]:
    """How far the gradient of each method reaches before training, where a probe measured it."""
    own = evidence.reporting[evidence.reporting["task"] == task]
    found = evidence.by_method(partial(gradient_horizons, alpha=evidence.declared.alpha), own, FIGURES, start=True)
    return {str(row["method"]): row for row in found.to_dict("records")}


def _reading(evidence: Evidence, rows: pd.DataFrame, *, gradient: bool) -> str:
    """What the marks are."""
    level = f"{100 * (1 - evidence.declared.alpha):g} %"
    violated = int(rows["violations"].sum())
    return (
        "Each thin line is a seed: its horizon lies between a length that it solved and one that it failed. "
        f"The large marker is the mean (geometric, Turnbull's) with its {level} interval, from 5 seeds on. "
        "Triangles: the seed solved the longest length, or failed the shortest, and its horizon lies beyond."
        + (
            " Black tick: how far 1 % of the gradient reaches before training; open triangle: at least so far."
            if gradient
            else ""
        )
        + (
            " Dotted: a seed whose results contradict each other, as far as they do; its dot contradicts the fewest."
            if violated
            else ""
        )
    )


def _table(rows: pd.DataFrame, reach: Mapping[str, Mapping[Any, Any]]) -> pd.DataFrame:
    """The horizon of every method, and how many seeds lie beyond the range."""
    gradient = [reach[method]["horizon"] if method in reach else np.nan for method in rows["method"]]
    kept = ["method", "text", "octaves", "low", "high", "n", "at_least", "below", "violations", "trials"]
    return rows[kept].assign(**{"gradient reaches": gradient} if reach else {})


def _axis(ax: Axes, lengths: Sequence[int], reach: Sequence[float]) -> None:
    """The range of lengths between dotted lines, and room to its left for gradients that reach less."""
    length_axis(ax, lengths)
    least = max(min([lengths[0], *(each for each in reach if each > 0)]), lengths[0] / SHORTER)
    shown = {1: "1", 2: "2", 4: "4"} | {length: f"{length:,}" for length in named_lengths(lengths)}
    ticks(ax.xaxis, {at: text for at, text in shown.items() if at >= least})
    ax.set_xlim(least / ROOM, lengths[-1] * ROOM)
    for end in (lengths[0], lengths[-1]):
        ax.axvline(end, color=MUTED, lw=0.8, dashes=(1, 2), zorder=1)


def named_lengths(lengths: Sequence[int]) -> list[int]:
    """The numbers that are written at an axis of lengths: all of a few; of a search its ends and round ones between."""
    if len(lengths) <= 2 * FEW:
        return list(lengths)
    decades = range(len(str(lengths[-1])))
    round_ones = [digit * 10**decade for decade in decades for digit in (1, 2, 5)]
    return [lengths[0], *(number for number in round_ones if lengths[0] < number < lengths[-1]), lengths[-1]]


def _draw_seeds(chart: Chart, ax: Axes, evidence: Evidence, seeds: pd.DataFrame, place: int) -> None:
    """One bracket a seed, those that remember furthest on top."""
    if seeds.empty:
        return
    method, task = seeds["method"].iloc[0], seeds["task"].iloc[0]
    colour = evidence.styles[method].colour
    seeds = seeds.sort_values("octaves", ascending=False, kind="stable")
    gap = min(0.09, (SEEDS[1] - SEEDS[0]) / max(len(seeds), 1))
    seeds = seeds.assign(height=place + SEEDS[0] + gap * np.arange(len(seeds)))
    shortest, longest = evidence.sought(task)[0], evidence.sought(task)[-1]
    low, high = seeds["solved"].clip(lower=shortest), seeds["failed"].clip(upper=longest)
    chart.mark(ax.hlines(seeds["height"], low, high, color=colour, lw=1.3, alpha=0.8, zorder=2), evidence.place(method))
    disputed = seeds[seeds["violations"] > 0]
    if not disputed.empty:
        ends = disputed["least"].clip(lower=shortest), disputed["most"].clip(upper=longest)
        dotted = ax.hlines(disputed["height"], *ends, color=colour, lw=0.9, alpha=0.8, linestyles="dotted", zorder=2)
        chart.mark(dotted, evidence.place(method))
    middle = shortest * np.exp2(seeds["octaves"].astype(float))
    for marker, size, kind in (
        (">", 15, seeds["at_least"]), ("<", 15, seeds["below"]), ("o", 7, ~seeds["at_least"] & ~seeds["below"])
    ):  # fmt: skip
        own = seeds[kind]
        if own.empty:
            continue
        dots = ax.scatter(
            middle[kind], own["height"], s=size, color=colour, marker=marker, alpha=0.8, linewidths=0, zorder=2
        )
        tips = [f"{method}, seed {row.seed}: {row.text}, in {row.trials} trials" for row in own.itertuples()]
        links = [trials(evidence, task=task, method=method, seed=seed, purpose="reporting") for seed in own["seed"]]
        chart.mark(dots, evidence.place(method), tips=tips, links=links)


def _draw_gradient(chart: Chart, ax: Axes, evidence: Evidence, row: Mapping[Any, Any], place: int) -> None:
    """A tick where the gradient ends before training; a triangle where it reaches further than was measured."""
    left, right = ax.get_xlim()
    at = float(np.clip(row["horizon"], left, right))
    further = row["at_least"] > row["n"] / 2
    shape: dict[str, Any] = {"marker": ">", "ms": 6, "mew": 1.3} if further else {"marker": "|", "ms": 11, "mew": 1.8}
    (tick,) = ax.plot([at], [place + MEAN], ls="none", color=INK, mfc="none", zorder=5, clip_on=False, **shape)
    word = "at least " if further else ""
    tip = f"{row['method']}: 1 % of the gradient reaches {word}{steps_in_words(row['horizon'])} steps before training"
    chart.mark(tick, evidence.place(str(row["method"])), tips=(tip,))
