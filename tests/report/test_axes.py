"""Axes of charts: labels never touch each other, and an exact zero has a place on a logarithm."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from seqbench.report.charts.axes import at_floor, log_axis, ticks, zero_floor
from seqbench.report.charts.gradient import gradient
from seqbench.report.charts.gradient_vs_horizon import gradient_vs_horizon
from seqbench.report.contents import contents
from seqbench.report.evidence import Evidence
from seqbench.report.files import draw
from seqbench.store.results import Results

MANY = tuple(range(10, 201, 10))


def shown(axis: Axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels() if label.get_text()]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of labels of one axis whose boxes overlap, as drawn."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = []
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
        boxes = [(label.get_text(), label.get_window_extent(renderer)) for label in labels]
        found += [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.overlaps(other)]
    return found


@pytest.fixture(scope="module")
def many(make: Any) -> Evidence:
    """Twenty lengths, as wide labels on as narrow panels as a grid of two tasks gives."""
    return make.evidence(make.results(make.methods[:3], MANY, 3, make.tasks[:2], tuning_seeds=1), probes=True)


def test_labels_overlap_without_care() -> None:
    """The check below sees what it looks for."""
    figure = Figure(figsize=(3.3, 2.9))
    axes = figure.subplots()
    axes.set_xscale("log", base=2)
    axes.set_xticks(MANY, map(str, MANY))
    assert len(overlapping(figure)) > 5


@pytest.mark.slow
def test_no_labels_overlap_in_any_chart_of_many_lengths(many: Evidence) -> None:
    charts = [chart for section in contents(many) for part in section.parts for chart in part.charts]
    assert len(charts) > 8
    for chart in charts:
        draw(chart, many)
        assert overlapping(chart.figure) == [], chart.name


def test_both_ends_and_doublings_keep_their_labels(many: Evidence) -> None:
    [part, _] = next(section for section in contents(many) if section.name == "accuracy").parts
    draw(part.charts[0], many)
    [axes] = part.charts[0].figure.axes
    assert list(axes.xaxis.get_majorticklocs()) == list(MANY), "every length has its tick"
    assert {"10", "20", "40", "80", "200"} <= set(shown(axes.xaxis))


def test_labels_with_room_are_all_shown() -> None:
    figure = Figure(figsize=(6, 6))
    axes = figure.subplots()
    axes.set_xlim(0, 100)
    ticks(axes.xaxis, {value: f"{value}" for value in (0, 30, 60, 100)})
    assert shown(axes.xaxis) == ["0", "30", "60", "100"]
    ticks(axes.xaxis, {value: f"{value} units of something" for value in (0, 10, 60, 100)})
    assert shown(axes.xaxis) == [f"{value} units of something" for value in (0, 60, 100)], "10 would touch 0"


@pytest.mark.parametrize(
    ("values", "base", "floor"),
    [([1.0, 2.0], 10, None), ([0.0, 0.02, np.nan], 10, 0.001), ([0.0, 0.001], 10, 1e-4), ([0.0, 3.0], 2, 1.0),
     ([0.0], 2, 0.5), ([0.0, 1e-300], 10, 1e-301)],
)  # fmt: skip
def test_zero_stands_clearly_below_all_else(values: list[float], base: float, floor: float | None) -> None:
    assert zero_floor(values, base) == (floor if floor is None else pytest.approx(floor))


def test_the_floor_is_named_zero() -> None:
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    values = [0.0, 0.02, 5.0]
    floor = zero_floor(values)
    axes.plot([1, 2, 3], at_floor(values, floor))
    log_axis(axes.yaxis, floor)
    labels = dict(zip(axes.yaxis.get_majorticklocs(), axes.yaxis.get_ticklabels(), strict=True))
    assert [label.get_text() for place, label in labels.items() if place <= 0.01] == ["0", "0.01"]
    assert labels[floor].get_text() == "0"


def test_a_gradient_of_exactly_zero_is_drawn_and_listed(small: Evidence) -> None:
    probes = small.probes.copy()
    lost = probes["trial"].isin(small.results.loc[small.results["method"] == "vanilla", "trial"])
    probes.loc[lost & probes["distance"].ge(20), "value"] = 0.0
    chart = gradient(Evidence(Results(small.results, small.curves, probes, small.plan)), ["adding"])
    line = next(line for line in chart.figure.axes[0].lines if line.get_gid() and len(line.get_xdata()) == 6)
    floor = zero_floor(probes["value"])
    drawn = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert drawn[20.0] == drawn[50.0] == floor < drawn[10.0]
    row = chart.table[chart.table["method"] == "vanilla"].iloc[0]
    assert row[20.0] == row[50.0] == 0.0
    assert "Exact zeros are on the dotted line." in chart.reading


def test_a_horizon_of_no_step_stands_on_the_line_of_zero(small: Evidence) -> None:
    learned = pd.DataFrame({
        "task": "adding", "method": list(small.methods), "horizon": [0.0, 8.0, 60.0], "low": np.nan, "high": np.nan,
        "at_least": 0, "growth": 0.9, "octaves": [0.0, 1.0, 2.0], "learned": [10.0, 20.0, 40.0], "text": "10",
        "n": 6, "length": 50, "measured": 49,
    })  # fmt: skip
    chart = gradient_vs_horizon(small, learned, ["adding"])
    assert "at_least" not in chart.table, "which says of other charts that a seed solved the longest length"
    [axes] = chart.figure.axes
    assert shown(axes.xaxis)[0] == "0"
    assert min(line.get_xdata()[0] for line in axes.lines if line.get_gid()) == axes.xaxis.get_majorticklocs()[0]
