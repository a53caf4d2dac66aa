"""Figures as files: half the size of what matplotlib writes, and the same drawing."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from seqbench.report.svg import LINK, SVG, compact

DRAWN = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">
 <metadata>made by</metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><g id="line">
  <defs><path id="m1" d="M 0 0
L 0 3.51234
" style="fill: red"/></defs>
  <use xlink:href="#m1" x="1.23456" y="-2" style="fill: red"/>
  <text style="font: 9px sans-serif" transform="translate(3.14159 2)">a &lt; b</text>
 </g></g>
</svg>"""


def test_what_is_repeated_is_written_once_and_what_nothing_needs_is_left_out() -> None:
    assert compact(DRAWN) == (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'
        '<defs><style type="text/css">*{stroke-linejoin: round}.k0{fill: red}.k1{font: 9px sans-serif}</style></defs>'
        '<defs><path d="M 0 0 L 0 3.51" id="i0" class="k0" /></defs>'
        '<use xlink:href="#i0" x="1.23" y="-2" class="k0" />'
        '<text transform="translate(3.14 2)" class="k1">a &lt; b</text></svg>'
    )


@pytest.fixture(scope="module")
def drawn() -> str:
    """Lines with markers, a clip and text, as matplotlib writes them."""
    figure, text = Figure(), io.StringIO()
    axes = figure.add_subplot()
    for factor in (1, 2, 3):
        axes.plot([0, 1, 2], [0, factor, 7], marker="o")
    axes.set_title("several words")
    figure.savefig(text, format="svg")
    return text.getvalue()


def test_every_shape_and_text_of_a_figure_stays(drawn: str) -> None:
    before, after = (ElementTree.fromstring(text) for text in (drawn, compact(drawn)))
    for tag in ("path", "use", "text", "clipPath", "rect"):
        assert len(list(after.iter(f"{SVG}{tag}"))) == len(list(before.iter(f"{SVG}{tag}")))
    sheet = "".join(style.text or "" for style in after.iter(f"{SVG}style"))
    rules = dict(part.removeprefix(".").split("{") for part in sheet.split("}") if part.startswith("."))
    styles = [element.get("style") for element in before.iter() if element.get("style")]
    assert [rules[element.attrib["class"]] for element in after.iter() if element.get("class")] == styles
    targets = {element.get("id") for element in after.iter()}
    assert {element.attrib[LINK][1:] for element in after.iter() if LINK in element.attrib} <= targets
    assert len(compact(drawn)) < 0.7 * len(drawn)
