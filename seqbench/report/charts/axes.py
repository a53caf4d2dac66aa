"""Axes of charts: tick labels that never overlap, and logarithmic axes with a place for exact zeros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, LogLocator, NullLocator, PercentFormatter
from numpy.typing import ArrayLike

from seqbench.report.charts.base import MUTED

ROOM = 1.35
"""Factor by which a logarithmic axis goes on beyond its first and last tick."""


def length_axis(axes: Axes, lengths: Sequence[int], *, label: str = "dependency length (steps)") -> None:
    """A base-2 logarithmic axis whose ticks are the lengths that were run, no others."""
    axes.set_xscale("log", base=2)
    ticks(axes.xaxis, {length: f"{length:,}" for length in lengths})
    axes.set_xlim(lengths[0] / ROOM, lengths[-1] * ROOM)
    axes.set_xlabel(label)


def share_axis(axes: Axes) -> None:
    """A vertical axis of shares from none to all, in percent."""
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])


def ticks(axis: Axis, labels: Mapping[float, str]) -> None:
    """Ticks at these values and no others; of their labels as many as fit without touching."""
    axis.set_major_locator(FixedLocator(sorted(labels)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FittingLabels(axis, labels))


class FittingLabels(Formatter):
    """Labels of ticks, without those that would touch a neighbour.

    Both ends come first, then values that are a doubling of the lowest one, then all others from low to high.
    """

    def __init__(self, axis: Axis, labels: Mapping[float, str]) -> None:
        """Take the axis and the label of every tick by its value."""
        self.labels, self._axes, self._across = dict(labels), axis.axes, axis is axis.axes.xaxis

    def __call__(self, value: float, pos: int | None = None) -> str:
        """The label of a value, whether it fits or not."""
        return self.labels.get(value, "")

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The labels that are shown, empty for those left out; asked for at every drawing, when places are known."""
        texts, places, sizes = [self(value) for value in values], self._places(values), self._sizes(values)
        kept: list[int] = []
        for turn in self._by_importance(values):
            if all(abs(places[turn] - places[other]) >= (sizes[turn] + sizes[other]) / 2 for other in kept):
                kept.append(turn)
        return [text if turn in kept else "" for turn, text in enumerate(texts)]

    def _by_importance(self, values: Sequence[float]) -> list[int]:
        """Positions of the values, the most important first."""
        last, lowest = len(values) - 1, next((value for value in values if value > 0), 1.0)

        def unimportance(turn: int) -> int:
            doubled = values[turn] > 0 and float(np.log2(values[turn] / lowest)).is_integer()
            return 0 if turn in (0, last) else 1 if doubled else 2

        return sorted(range(len(values)), key=unimportance)

    def _places(self, values: Sequence[float]) -> np.ndarray:
        """Positions of the values along the axis, in points."""
        points = [(value, 1.0) if self._across else (1.0, value) for value in values]
        dots_per_inch = cast(Figure, self._axes.get_figure(root=True)).dpi
        return self._axes.transData.transform(points)[:, 0 if self._across else 1] * 72 / dots_per_inch

    def _sizes(self, values: Sequence[float]) -> list[float]:
        """How much room each label takes along the axis, in points, with a gap beside it."""
        axis = self._axes.xaxis if self._across else self._axes.yaxis
        font = FontProperties(size=axis.get_tick_params().get("labelsize", mpl.rcParams["xtick.labelsize"]))
        points = font.get_size_in_points()
        if not self._across:
            return [1.25 * points] * len(values)
        measure = TextToPath().get_text_width_height_descent
        return [measure(self(value), font, ismath=False)[0] + 0.5 * points for value in values]


def zero_floor(values: ArrayLike, base: float = 10) -> float | None:
    """Where exact zeros are drawn on a logarithmic axis: a power of `base`, a factor of `base` below the lowest value.

    None if no value is zero. Values are not negative; NaN counts as missing.
    """
    known = np.asarray(values, float).ravel()
    if not (known == 0).any():
        return None
    lowest = np.min(known, where=known > 0, initial=np.inf)
    # 1 + 1e-9: a power of the base is its own logarithm's floor, whatever rounding does to it.
    return (
        float(base ** (np.floor(np.log(lowest * (1 + 1e-9)) / np.log(base)) - 1)) if np.isfinite(lowest) else 1 / base
    )


def at_floor(values: ArrayLike, floor: float | None) -> np.ndarray:
    """The values as they are drawn: zeros at the floor."""
    drawn = np.asarray(values, float)
    return drawn if floor is None else np.where(drawn == 0, floor, drawn)


def mark_floor(axis: Axis, floor: float) -> None:
    """A dotted line at the place of zero."""
    draw = axis.axes.axvline if axis is axis.axes.xaxis else axis.axes.axhline
    draw(floor, color=MUTED, lw=0.8, dashes=(1, 2), zorder=1)


def log_axis(axis: Axis, floor: float | None = None) -> None:
    """A base-10 logarithmic axis with plain numbers; if there is a floor (`zero_floor`), it is marked as 0."""
    (axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale)("log")
    axis.set_major_locator(LogLocator(10, numticks=7) if floor is None else _AboveFloor(floor))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: "0" if value == floor else f"{value:g}"))
    if floor is not None:
        mark_floor(axis, floor)


class _AboveFloor(LogLocator):
    """Ticks at powers of ten above a floor, and at the floor itself."""

    def __init__(self, floor: float) -> None:
        super().__init__(10, numticks=6)
        self.floor = floor

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The floor and the powers of ten above it."""
        return [self.floor, *(value for value in super().tick_values(vmin, vmax) if value > 3 * self.floor)]
