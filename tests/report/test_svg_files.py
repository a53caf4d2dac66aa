"""Figures as files: two thirds of the size of what matplotlib writes or less, and the same drawing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from seqbench.report.charts.base import THEME
from seqbench.report.svg import LINK, SVG
from seqbench.report.svg_file import compact

DRAWN = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">
 <metadata>made by</metadata>
 <defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><g id="line">
  <defs><path id="m1" d="M 0 0
L 0 3.51234
" style="fill: red"/></defs>
  <use xlink:href="#m1" x="1.23456" y="-2" style="fill: red"/>
  <text style="font-size: 9px; font-family: sans-serif" transform="translate(3.14159 2)">a &lt; b</text>
 </g></g>
</svg>"""


def test_what_is_repeated_is_written_once_and_what_nothing_needs_is_left_out() -> None:
    assert compact(DRAWN) == (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'
        '<defs><style type="text/css">svg{stroke-linejoin: round}.k0{fill: red}.k1{font-size: 9px}'
        "text{font-family: sans-serif}</style>"
        '<path d="M0 0l0 3.51" id="i0" class="k0"/></defs>'
        '<use xlink:href="#i0" x="1.23" y="-2" class="k0"/>'
        '<text transform="translate(3.14 2)" class="k1">a &lt; b</text></svg>'
    )


@pytest.fixture(scope="module")
def drawn() -> str:
    """Two panels with their own markers and clips, in two families of letters, as matplotlib writes them."""
    text = io.StringIO()
    with mpl.rc_context(THEME):
        figure = Figure()
        for axes, marker in zip(figure.subplots(1, 2), "os", strict=True):
            for factor in (1, 2, 3):
                axes.plot([0, 1, 2], [0, factor, 7], marker=marker)
            axes.plot([0, 2, 1], [3, 1, 2], marker="^", alpha=0.3)
            axes.set_title("several words")
            axes.set_ylabel("upright")
            axes.text(0, 1, "typed", family="monospace")
        figure.savefig(text, format="svg")
    return text.getvalue()


def numbers(text: str) -> list[float]:
    """The numbers of an attribute, cut to hundredths."""
    return [float(found) for found in re.findall(r"-?(?:\d+\.?\d{0,2}|\.\d{1,2})", re.sub(r"(\.\d\d)\d+", r"\1", text))]


def place_of(element: ElementTree.Element) -> dict[str, list[float]]:
    """Where an element stands, how large it is and how it is turned."""
    named = {name: element.get(name, "") for name in ("x", "y", "width", "height", "transform")}
    return {name: numbers(text) for name, text in named.items() if text and not text.startswith("rotate(-0 ")}


class Shown(NamedTuple):
    """A shape or a text as a reader sees it, with what it inherits and what it refers to."""

    tag: str
    text: str
    place: dict[str, list[float]]
    start: list[float]
    clip: list[dict[str, list[float]]]
    style: dict[str, str]


def shown(svg: str) -> list[Shown]:
    """Every shape and text that is drawn, in order."""
    root = ElementTree.fromstring(svg)
    named = {element.get("id", ""): element for element in root.iter()}
    sheet = "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    rules = dict(part.split("{") for part in sheet.split("}") if part)

    def walk(element: ElementTree.Element, clip: str, inherited: dict[str, str]) -> Iterator[Shown]:
        texts = [rules.get("text", "") if element.tag == f"{SVG}text" else "", element.get("style", "")]
        texts.append(rules.get(f".{element.get('class')}", ""))
        parts = (part.partition(":") for text in texts for part in text.split(";") if part)
        style = inherited | {name.strip(): value.strip() for name, _, value in parts}
        clip = element.get("clip-path", clip)
        if element.tag in {f"{SVG}{tag}" for tag in ("path", "use", "text", "rect")}:
            target = named[element.attrib[LINK][1:]] if LINK in element.attrib else element
            bounds = list(map(place_of, named[clip[5:-1]])) if clip else []
            yield Shown(
                element.tag, element.text or "", place_of(element), numbers(target.get("d", ""))[:2], bounds, style
            )
        for child in element:
            if child.tag != f"{SVG}defs":
                yield from walk(child, clip, style)

    return list(walk(root, "", {}))


def test_every_shape_and_text_of_a_figure_stays_where_and_as_it_is(drawn: str) -> None:
    before, after = shown(drawn), shown(compact(drawn))
    assert len(before) > 50
    for own, kept in zip(before, after, strict=True):
        assert kept._replace(text=kept.text.strip()) == own._replace(text=own.text.strip())
    assert len({str(each.clip) for each in after}) == 3
    assert {each.style["font-family"].split(",")[0] for each in after if each.text == "typed"} != {
        each.style["font-family"].split(",")[0] for each in after if each.text == "upright"
    }
    assert all(each.place["transform"] for each in after if each.text == "upright")
    assert len(compact(drawn)) < 0.65 * len(drawn)


def test_shapes_of_letters_and_gradients_keep_their_size_and_their_colours() -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg"><defs><linearGradient id="g"/></defs>'
        '<path fill="url(#g)" stroke="#ffffff" d="M 0 0" transform="translate(1.2345 0)scale(0.015625)"/></svg>'
    )
    assert compact(drawing).partition("</defs>")[2] == (
        '<path fill="url(#i0)" stroke="#ffffff" d="M 0 0" transform="translate(1.2345 0)scale(0.015625)"/></svg>'
    )


def test_what_is_transformed_keeps_its_own_clip_and_opacity_as_a_whole_its_own_class() -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg"><defs><clipPath id="c"/></defs>'
        '<path clip-path="url(#c)" d="M 0 0" transform="scale(2)"/>'
        '<path clip-path="url(#c)" d="M 1 1"/><g clip-path="url(#c)"><path d="M 2 2" transform="rotate(-0 1 1)"/></g>'
        '<text transform="rotate(-0.5 1 1)">slanted</text>'
        + "".join(f'<path style="opacity: 0.5" d="M {place} 0"/>' for place in (3, 4, 5))
        + "".join(f'<path style="fill: red" d="M {place} 0"/>' for place in (6, 7, 8))
        + "</svg>"
    )
    assert compact(drawing).partition("</defs>")[2] == (
        '<path clip-path="url(#i0)" d="M 0 0" transform="scale(2)"/>'
        '<g clip-path="url(#i0)"><path d="M 1 1"/><path d="M 2 2"/></g>'
        '<text transform="rotate(-0.5 1 1)">slanted</text>'
        '<path d="M 3 0" class="k0"/><path d="M 4 0" class="k0"/><path d="M 5 0" class="k0"/>'
        '<g class="k1"><path d="M 6 0"/><path d="M 7 0"/><path d="M 8 0"/></g></svg>'
    )
