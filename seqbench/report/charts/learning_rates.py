"""What was tuned: the validation score at every setting that was tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import ROOM, log_axis, ticks
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.facets import background_note, facet_inches, facets
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.charts.steps import MOST_PANELS, spread
from seqbench.report.evidence import Evidence
from seqbench.stats.horizon_means import steps_in_words
from seqbench.stats.tuning import knobs_of, over_lengths, settings_of

RINGED = "A ring marks what was chosen."
SCORE_LABEL = "validation score"
_REACH = (
    "The longest dependency that was solved on validation data, as a geometric mean over the tuning seeds. A search "
    "tries doublings of the length, and a seed that solves none counts as half a step; what lies below the shortest "
    "length stands at the lower edge."
)


def searched(evidence: Evidence, task: str) -> bool:
    """Whether settings were chosen by how far their seeds got in a search, and not by scores at equal lengths."""
    return task in evidence.declared.searched


def tried(evidence: Evidence, task: str) -> pd.DataFrame:
    """The settings tried on a task, in words and as `knobs`, with the `score` by which they were chosen.

    By method, and by length unless lengths were searched: the score is then how far the seeds got, in steps.
    """
    comparison = evidence.comparison
    rows = (
        comparison.tuning_reach.rename(columns={"reach": "score"})
        if searched(evidence, task)
        else comparison.tuning_curves
    )
    rows = rows[(rows["task"] == task) & rows["score"].notna()]
    return rows.assign(setting=settings_of(rows), knobs=[knobs_of(tuned) for tuned in rows["tuned"]])


def learning_rates(evidence: Evidence, task: str) -> Chart:
    """Draw what settings were chosen by against the learning rate: scores by length, or how far searches got."""
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
        f"{RINGED}",
        table=rows[["method", "length", "setting", "n", "solved", "diverged", "score"]],
        about={"task": task, "purpose": "tuning"},
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        at = rows[rows["length"] == length]
        _lines(chart, ax, evidence, task, at.assign(x=at["learning_rate"]))
        _rate_axis(ax, rates)
        ax.set_title(f"length {length:g}")
    axes[0, 0].set_ylabel(SCORE_LABEL)
    return chart


@themed
def searched_rates(evidence: Evidence, task: str) -> Chart:
    """Draw how far the tuning seeds of a search got against the learning rate, one panel for each facet of methods."""
    rows = tried(evidence, task)
    parts = facets(evidence)
    figure, axes = panels(len(parts), width=facet_inches(len(parts)), height=3.2, sharey=True)
    chart = Chart(
        name=f"tuning-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to the learning rate",
        figure=figure,
        reading=f"How far networks learned to look back at every learning rate tried. {_REACH} A flat line is a method "
        f"that needs little tuning; points without a line differ in other settings too. {RINGED}"
        + background_note(evidence),
        table=rows[["method", "setting", "n", "solved", "diverged", "score"]].rename(columns={"score": "steps"}),
        about={"task": task, "purpose": "tuning"},
    )
    for part, ax in zip(parts, axes[0], strict=True):
        own = rows[rows["method"].isin(part.methods)]
        _lines(chart, ax, evidence, task, own.assign(x=own["learning_rate"]))
        _rate_axis(ax, sorted(rows["learning_rate"].unique()))
        ax.set_title(part.title)
    _reach_axis(axes[0, 0], evidence, task)
    return chart


@themed
def knobs(evidence: Evidence, task: str) -> Chart:
    """Draw the score on the tuning seeds, mean over lengths, against each further setting that was tuned.

    Of a search, how far they got.
    """
    far = searched(evidence, task)
    rows = tried(evidence, task) if far else over_lengths(tried(evidence, task))
    names = spread_names(rows)
    figure, axes = panels(len(names), width=3.1 * len(names) + 0.8, height=2.9, sharey=True)
    chart = Chart(
        name=f"knobs-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to what else was tuned",
        figure=figure,
        reading=f"{_REACH if far else 'Mean validation score over all lengths and tuning seeds.'} Only methods that "
        f"have the setting are shown; the learning rate differs from point to point. {RINGED}",
        table=rows[["method", "setting", "n", "solved", "diverged", "score"]],
        about={"task": task, "purpose": "tuning"},
    )
    for name, ax in zip(names, axes[0], strict=True):
        own = rows[[name in knobs for knobs in rows["knobs"]]]
        values = [knobs[name] for knobs in own["knobs"]]
        scale = scale_of(values)
        _lines(chart, ax, evidence, task, own.assign(x=[scale.place(value) for value in values]))
        scale.draw(ax)
        ax.set_xlabel(name)
    if far:
        _reach_axis(axes[0, 0], evidence, task)
    else:
        axes[0, 0].set_ylabel(SCORE_LABEL)
    return chart


def _rate_axis(ax: Axes, rates: Sequence[float]) -> None:
    log_axis(ax.xaxis)
    if len(rates) <= MOST_PANELS:
        ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.set_xlabel("learning rate")


def _reach_axis(ax: Axes, evidence: Evidence, task: str) -> None:
    """The vertical axis of a search: lengths in steps, with room below the shortest for what did not get there."""
    lengths = evidence.sought(task)
    ax.set_yscale("log", base=2)
    ticks(ax.yaxis, {length: f"{length:,}" for length in named_lengths(lengths)})
    ax.set_ylim(lengths[0] / ROOM**2, lengths[-1] * ROOM)
    ax.set_ylabel("longest solved (steps)")


def spread_names(rows: pd.DataFrame) -> list[str]:
    """The settings tuned beside the learning rate, in order of name; at most five."""
    return sorted({name for knobs in rows["knobs"] for name in knobs})[:MOST_PANELS]


def _lines(chart: Chart, ax: Axes, evidence: Evidence, task: str, rows: pd.DataFrame) -> None:
    """Every method's scores at `x`: joined where only the learning rate differs, with a ring around the chosen one."""
    table = evidence.comparison.tuning
    chosen = dict(table.loc[table["task"] == task, ["method", "chosen"]].to_numpy().tolist())
    lowest = evidence.sought(task)[0] / ROOM if searched(evidence, task) else -math.inf
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method].sort_values("x")
        tips = [f"{method}, {row.setting}: {_said(evidence, task, row)}" for row in own.itertuples()]
        height = own["score"].clip(lower=lowest)
        method_line(chart, ax, evidence, method, own["x"].to_numpy(float), height.to_numpy(float), tips=tips)
        if any(own["knobs"]):
            ax.lines[-1].set_linestyle("none")
        ring = own[own["setting"] == chosen.get(method)]
        look = evidence.styles[method]
        (around,) = ax.plot(
            ring["x"], ring["score"].clip(lower=lowest), color=look.colour, marker="o", mfc="none", ms=11, ls="none"
        )
        chart.mark(around, evidence.place(method))


def _said(evidence: Evidence, task: str, row: Any) -> str:
    """What a point stands for: `score 0.93, 2 of 3 solved`, or `120 steps`."""
    if not searched(evidence, task):
        return f"score {row.score:.3g}, {row.solved} of {row.n} solved"
    return f"{steps_in_words(row.score)} steps"


class Scale(NamedTuple):
    """An axis for values that need not be positive numbers.

    place: `value -> x`
    draw: sets the ticks
    """

    place: Callable[[Any], float]
    draw: Callable[[Axes], object]


def scale_of(values: Sequence[Any]) -> Scale:
    """A logarithmic axis for positive numbers, with 0 and infinity beside its ends; places in order for all else."""
    numbers = sorted({value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)})
    inside = [value for value in numbers if 0 < value < math.inf]
    if len(numbers) < len(set(values)) or not inside or numbers[0] < 0:
        names = numbers if len(numbers) == len(set(values)) else sorted(set(values), key=str)
        labels = [setting_name(value) for value in names]
        return Scale(names.index, lambda ax: ax.set_xticks(range(len(names)), labels))
    low, high = inside[0], inside[-1]
    apart = max((high / low) ** 0.15, 1.5)
    ends = {0: low / apart, math.inf: high * apart}

    def draw(ax: Axes) -> None:
        log_axis(ax.xaxis)
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        marks = [10.0**power for power in decades]
        marks = marks if len(marks) > 1 else sorted({low, high, *marks})
        shown = inside if len(inside) <= MOST_PANELS else marks
        ticks = {**{mark: setting_name(mark) for mark in shown},
                 **{ends[value]: setting_name(value) for value in numbers if value in ends}}  # fmt: skip
        ax.set_xticks(list(ticks), list(ticks.values()))

    return Scale(lambda value: float(ends.get(value, value)), draw)


def setting_name(value: Any) -> str:
    """A value as an axis names it."""
    return "∞" if value == math.inf else f"{value:g}" if isinstance(value, float) else str(value)
