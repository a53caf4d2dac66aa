"""The leaderboard as one picture: the horizon of every method with its interval, a panel for each search."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from seqbench.leaderboard.boards import Board
from seqbench.palette import COLOURS
from seqbench.report.charts.axes import ROOM, length_axis, ticks
from seqbench.report.charts.base import INK, MUTED, PAPER, RULE, THEME, panels
from seqbench.report.charts.horizon import named_lengths
from seqbench.report.charts.lines import ROW_INCHES
from seqbench.report.svg_file import compact
from seqbench.stats.brackets import WITHIN

COLUMNS = 2
"""Panels side by side."""
COLOUR = COLOURS[1]
WIDTH = 4.6
"""Inches of a panel."""


def draw_picture(boards: Sequence[Board]) -> str | None:
    """The picture as SVG, of the searches that have ended; None if there is none."""
    with mpl.rc_context(THEME):
        figure, text = draw_panels(boards), io.StringIO()
        if figure is None:
            return None
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
    return compact(text.getvalue())


@mpl.rc_context(THEME)
def draw_panels(boards: Sequence[Board]) -> Figure | None:
    """The same as a figure."""
    drawn = [(board, _known(board)) for board in boards if board.protocol.searched and not board.under_way]
    drawn = [(board, rows) for board, rows in drawn if len(rows)]
    if not drawn:
        return None
    columns = min(COLUMNS, len(drawn))
    lines = -(-len(drawn) // columns)
    inches = [
        1.1 + 1.15 * ROW_INCHES * max(3, *(len(rows) for _, rows in drawn[line * columns : (line + 1) * columns]))
        for line in range(lines)
    ]
    figure, axes = panels(columns, lines, width=WIDTH * columns, height=sum(inches), height_ratios=inches)
    for ax in axes.flat[len(drawn) :]:
        ax.set_visible(False)
    for ax, (board, rows) in zip(axes.flat, drawn, strict=False):
        _panel(ax, board, rows)
    figure.set_facecolor(PAPER)
    return figure


def _known(board: Board) -> pd.DataFrame:
    """The methods that have a horizon, the furthest first."""
    return board.methods[board.methods["seeds"] > 0]


def _panel(ax: Axes, board: Board, rows: pd.DataFrame) -> None:
    lengths = board.declared.searched[board.entries[0].label]
    length_axis(ax, lengths, label=f"horizon (steps)\ntrained for {board.protocol.budget_text}")
    ticks(ax.xaxis, {length: f"{length:,}" for length in named_lengths(lengths)})
    ax.set_xlim(lengths[0] / ROOM, lengths[-1] * ROOM)
    for place, row in enumerate(rows.to_dict("records")):
        colour = INK if row["method"] == board.baseline else COLOUR
        if np.isfinite(row["horizon_low"]):
            ax.hlines(place, row["horizon_low"], row["horizon_high"], color=colour, lw=2, alpha=0.5, zorder=3)
        ax.plot([row["horizon"]], [place], color=colour, marker="o", ms=6, ls="none", zorder=4)
        ends = {"at least": (">", lengths[-1] * ROOM**0.5), "at most": ("<", lengths[0] / ROOM**0.5)}
        for bound, (marker, at) in ends.items():
            if row["bound"] in (bound, WITHIN):
                ax.plot([at], [place], color=colour, marker=marker, ms=5, ls="none", zorder=4)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_yticks(range(len(rows)), list(rows["method"]))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color=RULE)
    ax.grid(axis="y", visible=False)
    for end in (lengths[0], lengths[-1]):
        ax.axvline(end, color=MUTED, lw=0.8, dashes=(1, 2), zorder=1)
    # From the right: names of methods leave more room at the left, and the layout makes none for a title.
    ax.set_title(f"{board.protocol.task}: {board.entries[0].source.name}", loc="right")
