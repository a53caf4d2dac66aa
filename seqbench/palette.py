"""One colour, marker and dash for each method, the same in every chart of the report and of the MLflow mirror.

Colours are Okabe & Ito's (2008), distinguishable with every common form of colour blindness. Their yellow is left out:
on white paper it has a contrast of 1.3 to 1. Black comes first: the first method of a grid is often its baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

COLOURS = (
    "#000000",  # black
    "#0072b2",  # blue
    "#d55e00",  # vermillion
    "#009e73",  # bluish green
    "#cc79a7",  # reddish purple
    "#e69f00",  # orange
    "#56b4e9",  # sky blue
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", ">")
DASHES: tuple[tuple[float, ...], ...] = (
    (),
    (5, 2),
    (1, 1.5),
    (6, 2, 1, 2),
    (9, 3),
    (3, 1.5),
    (6, 2, 1, 2, 1, 2),
)


class Style(NamedTuple):
    """How a method looks.

    colour: `#rrggbb`
    marker: a matplotlib marker
    dash: lengths of strokes and gaps in line widths; empty for a solid line
    """

    colour: str
    marker: str
    dash: tuple[float, ...]


def style(place: int) -> Style:
    """The look of the method at `place`, counted from 0; the first 490 places all differ."""
    rounds = place // len(COLOURS)
    return Style(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], DASHES[rounds % len(DASHES)])


def styles(methods: Sequence[str]) -> dict[str, Style]:
    """The look of every method, by its place in the order of the grid."""
    return {method: style(place) for place, method in enumerate(methods)}
