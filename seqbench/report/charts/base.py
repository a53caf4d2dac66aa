"""What a chart is: a matplotlib figure that knows which artist belongs to which method and trial.

The same figure becomes a file for a paper and an inline drawing of the page. Colours of ink and paper are therefore
fixed names here (`INK`, `MUTED`, `RULE`), which the page replaces by variables that follow light and dark.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

INK = "#1c2128"
MUTED = "#6a737d"
RULE = "#e1e4e8"
PAPER = "#ffffff"

THEME: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.5,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "seqbench",
    "text.color": INK,
    "text.parse_math": False,  # a name with a dollar sign is a name
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
}


class Mark(NamedTuple):
    """What an artist stands for.

    method: the method's number; missing for what belongs to no method
    tips: what to show on each of its points
    trials: the trial behind each of its points
    links: the address of the trials behind each of its points, where they are several (`links.trials`)
    """

    method: int | None
    tips: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass
class Chart:
    """A drawn chart.

    name: file name without ending; letters, digits and dashes
    title: what is shown, in a few words
    figure: the drawing
    reading: how to read it, one or two sentences; also the text alternative
    table: the numbers behind it
    about: values that choose the trials behind the table, beside what its rows say; empty: its numbers lead nowhere
    columns: what a column of the table is that has a number for a name, such as `length`
    marks: what artists stand for, by the name given to the artist
    """

    name: str
    title: str
    figure: Figure
    reading: str
    table: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)
    columns: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def wide(self) -> bool:
        """Whether it needs more than half of the page."""
        return bool(self.figure.get_figwidth() > 6.7)

    def mark(
        self, artist: Artist, method: int | None, *, tips: Iterable[str] = (), trials: Iterable[str] = (),
        links: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Say which method an artist belongs to, what its points show, and where they lead."""
        identity = f"mark{len(self.marks)}"
        artist.set_gid(identity)
        self.marks[identity] = Mark(method, tuple(tips), tuple(trials), tuple(links))


P = ParamSpec("P")
R = TypeVar("R")


def themed(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw under the theme, leaving matplotlib's own settings as they were."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(THEME):
            return draw(*args, **kwargs)

    return drawn


class Picture(Figure):
    """A figure that notebooks show without pyplot, which would keep every figure alive."""

    def _repr_png_(self) -> bytes:
        page = io.BytesIO()
        with mpl.rc_context(THEME):
            self.savefig(page, format="png", facecolor=PAPER, dpi=110)
        return page.getvalue()


def panels(
    columns: int = 1, rows: int = 1, *, width: float = 5.4, height: float = 3.4, **shared: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` by `columns` axes; `width` and `height` of the whole in inches."""
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)
