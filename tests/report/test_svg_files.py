"""Figures as files: half the size of what matplotlib writes, and the same drawing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

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
    """Lines with markers, a clip and text, as matplotlib writes them."""
    figure, text = Figure(), io.StringIO()
    axes = figure.add_subplot()
    for factor in (1, 2, 3):
        axes.plot([0, 1, 2], [0, factor, 7], marker="o")
    axes.plot([0, 2, 1], [3, 1, 2], marker="s", alpha=0.3)
    axes.set_title("several words")
    figure.savefig(text, format="svg")
    return text.getvalue()


def of_each(root: ElementTree.Element, tags: set[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Tag, clip and style of the shapes and texts that are drawn, in order; clip and style with what they inherit."""
    sheet = "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    rules = dict(part.split("{") for part in sheet.split("}") if part)

    def walk(
        element: ElementTree.Element, clip: str, inherited: dict[str, str]
    ) -> Iterator[tuple[str, str, dict[str, str]]]:
        texts = [rules.get("text", "") if element.tag == f"{SVG}text" else "", element.get("style", "")]
        texts.append(rules.get(f".{element.get('class')}", ""))
        parts = (part.partition(":") for text in texts for part in text.split(";") if part)
        own = inherited | {name.strip(): value.strip() for name, _, value in parts}
        clip = "clipped" if "clip-path" in element.attrib else clip
        if element.tag in tags:
            yield element.tag, clip, own
        for child in element:
            if child.tag != f"{SVG}defs":
                yield from walk(child, clip, own)

    return walk(root, "", {})


def test_every_shape_and_text_of_a_figure_stays(drawn: str) -> None:
    before, after = (ElementTree.fromstring(text) for text in (drawn, compact(drawn)))
    for tag in ("path", "use", "text", "clipPath", "rect"):
        assert len(list(after.iter(f"{SVG}{tag}"))) == len(list(before.iter(f"{SVG}{tag}")))
    kinds = {f"{SVG}{tag}" for tag in ("path", "use", "text", "rect")}
    assert list(of_each(after, kinds)) == list(of_each(before, kinds))
    assert {clip for _, clip, _ in of_each(after, kinds)} == {"", "clipped"}
    targets = {element.get("id") for element in after.iter()}
    assert {element.attrib[LINK][1:] for element in after.iter() if LINK in element.attrib} <= targets
    assert len(compact(drawn)) < 0.65 * len(drawn)


def test_what_is_transformed_keeps_its_own_clip_and_opacity_as_a_whole_its_own_class() -> None:
    shown = (
        '<svg xmlns="http://www.w3.org/2000/svg"><defs><clipPath id="c"/></defs>'
        '<path clip-path="url(#c)" d="M 0 0" transform="scale(2)"/>'
        '<path clip-path="url(#c)" d="M 1 1"/><g clip-path="url(#c)"><path d="M 2 2" transform="rotate(-0 1 1)"/></g>'
        + "".join(f'<path style="opacity: 0.5" d="M {place} 0"/>' for place in (3, 4, 5))
        + "".join(f'<path style="fill: red" d="M {place} 0"/>' for place in (6, 7, 8))
        + "</svg>"
    )
    assert compact(shown).partition("</defs>")[2] == (
        '<path clip-path="url(#i0)" d="M 0 0" transform="scale(2)"/>'
        '<g clip-path="url(#i0)"><path d="M 1 1"/><path d="M 2 2"/></g>'
        '<path d="M 3 0" class="k0"/><path d="M 4 0" class="k0"/><path d="M 5 0" class="k0"/>'
        '<g class="k1"><path d="M 6 0"/><path d="M 7 0"/><path d="M 8 0"/></g></svg>'
    )
