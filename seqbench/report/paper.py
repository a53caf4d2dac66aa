"""What a paper takes from a report: figures in the widths of its columns, the methods section, and the references.

    paper/figures/NAME-3.25in.pdf   for one of two columns
    paper/figures/NAME-6.75in.pdf   for both columns
    paper/figures.tex               every figure in its environment, with the caption of the report
    paper/methods.tex               the protocol in words, with the citations of natbib
    paper/references.bib            BibTeX of every work that the grid rests on

The tables stand in `tables/*.tex` of every report. Letters are 7 points high in one column and 8 in both, and never
scaled by LaTeX: include a figure without a width.

Source: widths of the instructions of the International Conference on Machine Learning, section 2.1: two columns with an
overall width of 6.75 inches and 0.25 inches between them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import Collection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from seqbench.references import bibtex
from seqbench.report.charts.base import PAPER, THEME, Chart
from seqbench.report.contents import contents
from seqbench.report.evidence import Evidence
from seqbench.report.files import add_legend, settle
from seqbench.report.methods_text import Paragraph, methods_text, works
from seqbench.report.render import in_tex
from seqbench.store import atomic

ONE_COLUMN, BOTH_COLUMNS = 3.25, 6.75
"""Widths in inches."""
SCALES = {ONE_COLUMN: 0.7, BOTH_COLUMNS: 0.8}
"""How large letters, lines and markers are, in parts of their size in a report, where letters have 10 points."""


def write_paper(evidence: Evidence, folder: Path) -> Path:
    """Write `paper/` into the folder of a report, and return its path.

    Raises:
        StoreError: it cannot be written.
    """
    paper = folder / "paper"
    for name, content in _files(evidence):
        atomic.write_bytes(paper / name, content)
    return paper


def _files(evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file."""
    shown = []
    for width in SCALES:
        # Charts are drawn anew for each width, because fitting one to a width changes it for good.
        for chart in _charts(evidence):
            if width == BOTH_COLUMNS or not chart.wide:
                shown.append((chart, width))
                yield f"figures/{file_name(chart, width)}", fitted(chart, evidence, width)
    yield "figures.tex", _environments(shown).encode()
    paragraphs = methods_text(evidence)
    yield "methods.tex", _methods(paragraphs).encode()
    yield "references.bib", bibtex(works(paragraphs, evidence).values()).encode()


def _charts(evidence: Evidence) -> list[Chart]:
    return [chart for section in contents(evidence) for part in section.parts for chart in part.charts]


def file_name(chart: Chart, width: float) -> str:
    """The file of a chart in a width, in inches."""
    return f"{chart.name}-{width:g}in.pdf"


def fitted(chart: Chart, evidence: Evidence, width: float) -> bytes:
    """The chart as PDF of exactly that width, in inches. Its figure is changed."""
    scale, figure = SCALES[width], chart.figure
    with mpl.rc_context({**THEME, "pdf.fonttype": 42}):  # TrueType: venues refuse the Type 3 fonts of the default
        figure.set_size_inches(width, figure.get_figheight() * scale)
        _scale(figure, scale)
        settle(figure)
        add_legend(chart, evidence, scale)
        figure.set_facecolor(PAPER)
        content = io.BytesIO()
        FigureCanvasPdf(figure).print_pdf(content, metadata={"CreationDate": None, "Title": chart.title})
    return content.getvalue()


def _scale(figure: Figure, factor: float) -> None:
    """Make letters, lines and markers that many times as large."""
    for artist in figure.findobj():
        _scale_artist(artist, factor)
    for axes in figure.axes:
        _scale_ticks(axes.xaxis, "xtick", factor)
        _scale_ticks(axes.yaxis, "ytick", factor)


def _scale_ticks(axis: Axis, name: str, factor: float) -> None:
    """The same for ticks, of which an axis makes more when it is drawn; what their artists have now is replaced."""
    theme: Any = mpl.rcParams
    own = dict[str, Any](axis.get_tick_params())
    letters = Text(fontsize=own.get("labelsize", theme[f"{name}.labelsize"]))
    axis.set_tick_params(
        labelsize=factor * float(letters.get_fontsize()),
        length=factor * own.get("length", theme[f"{name}.major.size"]),
        pad=factor * own.get("pad", theme[f"{name}.major.pad"]),
        width=factor * theme[f"{name}.major.width"],
        grid_linewidth=factor * theme["grid.linewidth"],
    )


def _scale_artist(artist: Artist, factor: float) -> None:
    match artist:
        case Text():
            artist.set_fontsize(factor * float(artist.get_fontsize()))
        case Line2D():
            artist.set_linewidth(factor * artist.get_linewidth())
            artist.set_markersize(factor * artist.get_markersize())
            artist.set_markeredgewidth(factor * artist.get_markeredgewidth())
        case Collection():
            artist.set_linewidth(list(factor * np.asarray(artist.get_linewidth())))
            if isinstance(artist, PathCollection):
                artist.set_sizes(factor**2 * artist.get_sizes())
        case Patch():
            artist.set_linewidth(factor * artist.get_linewidth())


def _environments(shown: list[tuple[Chart, float]]) -> str:
    """Every figure with its caption; those of both columns in `figure*`."""
    lines = [
        "% Needs graphicx. A figure has the width of its column and is included as it is. Most stand here twice, for",
        "% one column and, further down, for both: keep what fits.",
    ]
    for chart, width in shown:
        kind = "figure*" if width == BOTH_COLUMNS else "figure"
        lines += [
            "", rf"\begin{{{kind}}}", r"  \centering", rf"  \includegraphics{{figures/{file_name(chart, width)}}}",
            rf"  \caption{{{in_tex(chart.title)}. {in_tex(chart.reading)}}}",
            rf"  \label{{fig:{chart.name}-{width:g}in}}", rf"\end{{{kind}}}",
        ]  # fmt: skip
    return "\n".join([*lines, ""])


def _methods(paragraphs: tuple[Paragraph, ...]) -> str:
    """The methods section."""
    lines = ["% Needs natbib; the entries stand in references.bib."]
    for paragraph in paragraphs:
        lines += [rf"\paragraph{{{in_tex(paragraph.title)}.}}", paragraph.cited.tex, ""]
    return "\n".join(lines)
