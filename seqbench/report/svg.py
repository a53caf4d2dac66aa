"""From a drawn figure to a drawing inside the page.

Matplotlib writes SVG with inline styles, which a strict content security policy forbids, and with fixed colours. On the
page every style becomes a class of one shared style sheet, ink and method colours become variables that follow light
and dark, identifiers become unique on the page, and every mark carries its method, its text and its trial.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from seqbench.palette import COLOURS
from seqbench.report.charts.base import INK, MUTED, PAPER, RULE, Chart, Mark
from seqbench.report.files import LEGEND, Drawing
from seqbench.report.svg_lines import shortened

SVG = "{http://www.w3.org/2000/svg}"
PIXELS_PER_POINT = 1.45
"""Size on a wide screen, the same for every chart so that their letters agree."""
PAPER_PATCH = "patch_1"
"""Name of the figure's background in the SVG that matplotlib writes."""
LINK = "{http://www.w3.org/1999/xlink}href"
VARIABLES: Mapping[str, str] = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    **{colour: f"var(--c{place})" for place, colour in enumerate(COLOURS)},
}
_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "z"}
"""Commands of a path in SVG."""
ElementTree.register_namespace("", SVG.strip("{}"))
ElementTree.register_namespace("xlink", LINK.partition("}")[0].strip("{"))
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_FONT = re.compile(r"(?:(?P<weight>bold|normal|\d00)\s+)?(?P<size>[\d.]+px)\s")
_LONG_NUMBER = re.compile(r"(-?\d+\.\d\d)\d+")
_SCALED = re.compile(r"scale|matrix")
_NO_TURN = re.compile(r"rotate\(-?0(?: [^)]*)?\)")
_REFERENCE = re.compile(r"(?:^|(?<=url\())#([\w-]+)")


class StyleSheet:
    """The styles of all drawings of a page, each written once under a short class name."""

    def __init__(self) -> None:
        """Start with no class."""
        self._names: dict[str, str] = {}

    def name(self, style: str) -> str:
        """The class of this style."""
        rules = _page_style(style)
        return self._names.setdefault(rules, f"k{len(self._names)}") if rules else ""

    def __str__(self) -> str:
        return "\n".join(f".{name}{{{rules}}}" for rules, name in self._names.items())


def _page_style(style: str) -> str:
    """A style of matplotlib in the page's terms: variables for colours, the page's font."""
    kept = []
    for part in filter(None, (part.strip() for part in style.split(";"))):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            found = _FONT.search(value)
            if found:
                kept += [f"font-size:{found['size']}"] + ([f"font-weight:{found['weight']}"] if found["weight"] else [])
        elif name != "font-family":
            kept.append(f"{name}:{_COLOUR.sub(lambda found: VARIABLES.get(found[0], found[0]), value)}")
    return ";".join(kept)


def inline(chart: Chart, drawing: Drawing, sheet: StyleSheet) -> str:
    """The chart as an `<svg>` element for the page, without legend and paper; its styles go to `sheet`."""
    root = ElementTree.fromstring(drawing.svg)
    box = _cut(root.attrib["viewBox"], drawing.legend_points)
    root.attrib = {"viewBox": box, "width": f"{PIXELS_PER_POINT * float(box.split()[2]):.0f}"}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}style") or child.get("id") in (LEGEND, PAPER_PATCH):
                parent.remove(child)
    for element, mark in _marked(root, chart):
        _attach(element, mark)
    _shorten(root, chart.name, sheet)
    root.attrib.update({"role": "img", "aria-label": f"{chart.title}. {chart.reading}", "class": "drawing"})
    if len(chart.table):
        root.set("aria-details", f"numbers-{chart.name}")
    return _text(root)


def marker_path(marker: str, centre: tuple[float, float] = (15, 6), size: float = 7.2) -> str:
    """A marker of matplotlib as the `d` of an SVG path."""
    style = MarkerStyle(marker)
    outline = style.get_path().transformed(style.get_transform() + Affine2D().scale(size, -size).translate(*centre))
    return "".join(
        _LETTERS[code] + " ".join(f"{number:.4g}" for number in numbers if code != Path.CLOSEPOLY)
        for numbers, code in outline.iter_segments()
    )


def _cut(box: str, points: float) -> str:
    """A view box that ends above the legend."""
    left, top, width, height = (float(number) for number in box.split())
    return f"{left:g} {top:g} {width:g} {height - points:g}"


def _attach(element: ElementTree.Element, mark: Mark) -> None:
    """Give a mark its method, and each of its points its text and the trials behind it."""
    if mark.method is not None:
        element.set("data-m", str(mark.method))
    points = [child for child in element.iter() if child.tag == f"{SVG}use"]
    for name, values in (("data-tip", mark.tips), ("data-trial", mark.trials), ("data-rows", mark.links)):
        if len(values) == 1 and len(points) != 1:
            element.set(name, values[0])
        elif values:
            for point, value in zip(points, values, strict=True):
                point.set(name, value)


def _marked(root: ElementTree.Element, chart: Chart) -> Iterator[tuple[ElementTree.Element, Mark]]:
    """Every element that is a mark, with what it stands for."""
    for element in root.iter():
        mark = chart.marks.get(element.get("id", ""))
        if mark is not None:
            yield element, mark


def _shorten(root: ElementTree.Element, prefix: str, sheet: StyleSheet) -> None:
    """Classes for styles, page-wide identifiers, no needless digits."""
    tidy(root, prefix=f"{prefix}-")
    for element in root.iter():
        style = element.attrib.pop("style", "")
        if style and (name := sheet.name(style)):
            element.set("class", name)
        if LINK in element.attrib:
            element.set("href", element.attrib.pop(LINK))


def tidy(root: ElementTree.Element, prefix: str = "") -> None:
    """Number the identifiers that something refers to, after `prefix`.

    Left out are the other identifiers, needless digits and points, and rotations by zero.
    """
    there = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    found = (name for element in root.iter() for value in element.attrib.values() for name in _REFERENCE.findall(value))
    targets = dict.fromkeys(name for name in found if name in there)
    names = {target: f"{prefix}i{place}" for place, target in enumerate(targets)}
    for element in root.iter():
        identity = element.attrib.pop("id", "")
        if identity in names:
            element.set("id", names[identity])
        for name in ("d", "x", "y", "transform", "width", "height"):
            # Factors of scale, as of letters that are drawn as shapes, need all their digits.
            if name in element.attrib and not _SCALED.search(element.attrib[name]):
                element.set(name, _LONG_NUMBER.sub(r"\1", " ".join(element.attrib[name].split())))
        if "d" in element.attrib:
            element.set("d", shortened(element.attrib["d"]))
        if _NO_TURN.fullmatch(element.get("transform", "")):
            del element.attrib["transform"]
        for name, value in element.attrib.items():
            element.set(name, _REFERENCE.sub(lambda at: f"#{names.get(at[1], at[1])}", value))


def _text(root: ElementTree.Element) -> str:
    """Serialise for HTML, where SVG needs no namespace prefixes."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
    return ElementTree.tostring(root, encoding="unicode")
