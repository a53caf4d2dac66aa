"""What was tuned beside the learning rate: what decided, at every value that was tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from seqbench.report.charts.axes import log_axis
from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.settings_tried import (
    reach_in_words,
    ring_in_words,
    score_axis,
    score_lines,
    searched,
    table_of,
    tried,
)
from seqbench.report.charts.steps import MOST_PANELS
from seqbench.report.evidence import Evidence
from seqbench.stats.tuning import over_lengths


@themed
def knobs(evidence: Evidence, task: str) -> Chart:
    """Draw the score on the tuning seeds, mean over lengths, against each further setting that was tuned.

    Of a search, how far they got.
    """
    rows, said = tried(evidence, task), "Mean validation score over all lengths and tuning seeds."
    if searched(evidence, task):
        said = reach_in_words(evidence, task, rows)
    else:
        rows = over_lengths(rows)
    names = spread_names(rows)
    figure, axes = panels(len(names), width=3.1 * len(names) + 0.8, height=2.9, sharey=True)
    chart = Chart(
        name=f"knobs-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to what else was tuned",
        figure=figure,
        reading=f"{said} Only methods that have the setting are shown; the learning rate differs from point to point. "
        + ring_in_words(evidence, task),
        table=table_of(rows),
        about={"task": task, "purpose": "tuning"},
    )
    for name, ax in zip(names, axes[0], strict=True):
        own = rows[[name in knobs for knobs in rows["knobs"]]]
        values = [knobs[name] for knobs in own["knobs"]]
        scale = scale_of(values)
        score_lines(chart, ax, evidence, task, own.assign(x=[scale.place(value) for value in values]))
        scale.draw(ax)
        ax.set_xlabel(name)
    score_axis(axes[0, 0], evidence, task, rows)
    return chart


def spread_names(rows: pd.DataFrame) -> list[str]:
    """The settings tuned beside the learning rate, in order of name; at most five."""
    return sorted({name for knobs in rows["knobs"] for name in knobs})[:MOST_PANELS]


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
