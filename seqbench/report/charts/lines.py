"""How a method is drawn as a line and as a row, the same in every chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from seqbench.report.charts.base import MUTED, RULE, Chart
from seqbench.report.charts.facets import foreground
from seqbench.report.evidence import Evidence

ROW_INCHES = 0.27


def method_line(
    chart: Chart, ax: Axes, evidence: Evidence, method: str, x: ArrayLike, y: ArrayLike, *, tips: Iterable[str] = (),
    links: Sequence[str] = (), steps: bool = False,
) -> None:  # fmt: skip
    """One method's line; thin and pale in the background. `steps` holds each value until the next point.

    A pale line has points of its own only where they lead to trials.
    """
    look, front = evidence.styles[method], method in foreground(evidence)
    pointed = not steps and (front or bool(links))
    (line,) = ax.plot(
        x, y, color=look.colour, lw=1.9 if front else 0.9, dashes=look.dash or (None, None),
        marker=look.marker if pointed else "", ms=5.2 if front else 2.8, alpha=1 if front else 0.32,
        zorder=4 if front else 3, drawstyle="steps-post" if steps else "default",
    )  # fmt: skip
    chart.mark(line, evidence.place(method), tips=tips if pointed else (method,), links=links)


def method_rows(ax: Axes, methods: Sequence[str], *, labels: bool = True) -> None:
    """One row per method on the y axis, the first on top."""
    ax.set_ylim(len(methods) - 0.5, -0.5)
    ax.set_yticks(range(len(methods)), list(methods) if labels else [""] * len(methods))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=RULE)
    ax.grid(axis="y", visible=False)


def method_point(
    chart: Chart, ax: Axes, evidence: Evidence, method: str, row: float, ends: tuple[float, float, float], *, tip: str,
    link: str,
) -> None:  # fmt: skip
    """A method's number with its interval, if it has one, at a row; `ends` are the number, its low and its high end."""
    look, place, (middle, low, high) = evidence.styles[method], evidence.place(method), ends
    if np.isfinite(low) and np.isfinite(high):
        chart.mark(ax.hlines(row, low, high, color=look.colour, lw=2, alpha=0.55, zorder=3), place)
    (point,) = ax.plot([middle], [row], color=look.colour, marker=look.marker, ms=6.5, ls="none", zorder=4)
    chart.mark(point, place, tips=(tip,), links=(link,))


def zero_line(ax: Axes) -> None:
    """The line of no difference."""
    ax.axvline(0, color=MUTED, lw=1, zorder=1)


def in_order(evidence: Evidence, methods: Iterable[str]) -> list[str]:
    """These methods in the order of the grid, those of the foreground last, to be drawn on top."""
    front = foreground(evidence)
    return sorted(methods, key=lambda name: (name in front, evidence.place(name)))
