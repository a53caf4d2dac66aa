"""Drawn charts: each once as SVG, for the page and for a paper alike, and once as PNG.

The layout is computed once, and the legend that a file needs is hung below it; the page, which has a legend of its
own, cuts it off again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seqbench.report.charts.base import PAPER, THEME, Chart
from seqbench.report.charts.facets import foreground
from seqbench.report.evidence import Evidence

DOTS_PER_INCH = 160
LEGEND = "legend"
"""Name of the legend's group in the SVG."""
ROW_INCHES = 0.21


class Drawing(NamedTuple):
    """A chart as pictures.

    svg: the file's text, with a legend and white paper
    png: the file's content
    legend_points: height of the legend at the bottom, in points
    """

    svg: str
    png: bytes
    legend_points: float


def draw(chart: Chart, evidence: Evidence) -> Drawing:
    """The chart as SVG and PNG. Its figure has a legend afterwards."""
    with mpl.rc_context(THEME):
        settle(chart.figure)
        below = add_legend(chart, evidence)
        vector, pixels = io.StringIO(), io.BytesIO()
        chart.figure.set_facecolor(PAPER)
        chart.figure.set_dpi(DOTS_PER_INCH)
        # The canvases are called themselves: `savefig` draws everything twice, in case the layout should change.
        FigureCanvasSVG(chart.figure).print_svg(vector, metadata={"Date": None, "Creator": None})
        FigureCanvasAgg(chart.figure).print_png(pixels)
    return Drawing(vector.getvalue(), pixels.getvalue(), below)


def settle(figure: Figure) -> None:
    """Compute the layout once and keep it: it costs more than drawing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def add_legend(chart: Chart, evidence: Evidence, scale: float = 1.0) -> float:
    """Name the methods below the drawing, of many only those in the foreground; returns the added height in points.

    `scale` is how large its letters are in parts of their size in a report.
    """
    drawn = {mark.method for mark in chart.marks.values()}
    shown = foreground(evidence)
    names = [name for name in evidence.methods if name in shown and evidence.place(name) in drawn]
    if not names:
        return 0.0
    columns = _columns(chart.figure, names, scale)
    inches = scale * (0.12 + ROW_INCHES * -(-len(names) // columns))
    _extend(chart.figure, inches)
    legend = chart.figure.legend(
        handles=list(handles(evidence, names, scale)), loc="lower center", ncols=columns, fontsize=9 * scale,
        handlelength=2.6, borderaxespad=0.2, labelspacing=0.3,
    )  # fmt: skip
    legend.set_gid(LEGEND)
    return 72 * inches


def _extend(figure: Figure, inches: float) -> None:
    """Add room at the bottom without changing anything above it."""
    height = figure.get_figheight()
    figure.set_figheight(height + inches)

    def moved(fraction: float) -> float:
        return (fraction * height + inches) / (height + inches)

    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position((box.x0, moved(box.y0), box.width, box.height * height / (height + inches)))
    for text in figure.texts:
        text.set_y(moved(text.get_position()[1]))


def _columns(figure: Figure, names: Iterable[str], scale: float) -> int:
    """How many names fit side by side, at about 0.075 inches a letter."""
    longest = max(len(name) for name in names)
    return max(1, min(len(list(names)), int(figure.get_figwidth() / (scale * (0.075 * longest + 0.6)))))


def handles(evidence: Evidence, names: Iterable[str], scale: float = 1.0) -> Iterator[Line2D]:
    """A line and marker for each method."""
    for name in names:
        look = evidence.styles[name]
        yield Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            ms=5 * scale,
            lw=1.8 * scale,
            dashes=look.dash or (None, None),
            label=name,
        )
