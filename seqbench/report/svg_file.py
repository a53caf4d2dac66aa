"""From a drawn figure to a small file that looks the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from xml.etree import ElementTree

from seqbench.report.svg import SVG, tidy

_GROUP, _DEFINITIONS = f"{SVG}g", f"{SVG}defs"
_FONTS = re.compile(r"; font-family: [^;]+")
_WHOLE_OPACITY = re.compile(r"(?<!-)opacity")


def compact(svg: str) -> str:
    """A drawing of matplotlib as a smaller file that looks the same.

    Repeated styles become classes; neighbours that share a clip or a class become groups that have it; needless digits,
    points, identifiers, groups and white space are left out.
    """
    root = ElementTree.fromstring(svg)
    for description in root.findall(f"{SVG}metadata"):
        root.remove(description)
    tidy(root)
    styles = _classes_for_styles(root)
    _ungroup(root)
    _define_at_once(root)
    # A clip is stated in the coordinates of its element, so that one with a transformation keeps its own.
    _gather(root, "clip-path", least=2, may=lambda element: "transform" not in element.attrib)
    _ungroup(root)
    inherited = {name for name, style in styles.items() if not _WHOLE_OPACITY.search(style)}
    for parent in (root, *root.iter(_GROUP)):
        _gather(parent, "class", least=3, may=lambda element: element.attrib["class"] in inherited)
    for element in root.iter(f"{SVG}style"):
        # What matplotlib states for every element is inherited from the drawing, so that groups can state otherwise:
        # a collection of shapes then shows joins of its own, which the rule for every element hid.
        element.text = (element.text or "").replace("*{", "svg{") + _rules(styles)
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _classes_for_styles(root: ElementTree.Element) -> dict[str, str]:
    """Put a class in the place of every style, and return the styles by class; drop white space between elements."""
    names: dict[str, str] = {}
    for element in root.iter():
        element.text, element.tail = (text if text and text.strip() else None for text in (element.text, element.tail))
        if style := element.attrib.pop("style", ""):
            element.set("class", names.setdefault(style, f"k{len(names)}"))
    return {name: style for style, name in names.items()}


def _ungroup(element: ElementTree.Element) -> None:
    """Put the content of groups without attributes in their place, in the whole tree."""
    for child in element:
        _ungroup(child)
    element[:] = [
        inner for child in element for inner in (child if child.tag == _GROUP and not child.attrib else (child,))
    ]


def _define_at_once(root: ElementTree.Element) -> None:
    """Move all that is defined for later use, wherever it stands, into one place at the start."""
    whole = ElementTree.Element(_DEFINITIONS)
    for parent in list(root.iter()):
        for place in parent.findall(_DEFINITIONS):
            whole.extend(place)
            parent.remove(place)
    root.insert(0, whole)


def _gather(parent: ElementTree.Element, name: str, *, least: int, may: Callable[[ElementTree.Element], bool]) -> None:
    """Put runs of at least so many members that agree in an attribute into a group that has it instead."""

    def shared(element: ElementTree.Element) -> str:
        return element.get(name, "") if name in element.attrib and may(element) else ""

    def gathered() -> Iterator[ElementTree.Element]:
        for value, run in groupby(list(parent), key=shared):
            members = list(run)
            if not value or len(members) < least:
                yield from members
                continue
            for member in members:
                del member.attrib[name]
            group = ElementTree.Element(_GROUP, {name: value})
            group.extend(members)
            yield group

    parent[:] = list(gathered())


def _rules(styles: Mapping[str, str]) -> str:
    """A style sheet of classes; fonts, if they agree, are named once."""
    fonts = {found[0] for style in styles.values() if (found := _FONTS.search(style))}
    if len(fonts) == 1:
        styles = {name: _FONTS.sub("", style) for name, style in styles.items()}
    own = "".join(f".{name}{{{style}}}" for name, style in styles.items())
    return own + (f"text{{{fonts.pop().strip('; ')}}}" if len(fonts) == 1 else "")
