"""The lines of an SVG path in fewer characters, and the same drawing.

Points that a line passes anyway are left out, and each of the others is stated relative to the one before it, as the
lower-case commands of SVG do (version 1.1, section 8.3). Distances are whole hundredths: no rounding adds up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_NUMBER = r"-?\d+(?:\.\d{1,2})?"
_LINE = re.compile(rf"([ML]) ({_NUMBER} {_NUMBER}(?: L {_NUMBER} {_NUMBER})+)(?= [MLCQ] | z|$)")

Point = tuple[int, int]
"""In hundredths of the drawing's unit."""


def shortened(path: str) -> str:
    """The data of a path with its runs of straight lines as short as they can be written.

    Args:
        path: absolute commands and numbers of at most two decimals, separated by single spaces, as `M 0 0 L 1 0.25`.
    """
    return _LINE.sub(lambda line: line[1] + "".join(_written(_corners(_points(line[2])))), path)


def _points(line: str) -> list[Point]:
    numbers = [round(float(number) * 100) for number in line.replace(" L", "").split()]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _corners(points: Sequence[Point]) -> list[Point]:
    """The ends of a line and the points at which it turns; one without length keeps two, since it may show as a dot."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and _passed(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept if len(kept) > 1 else [*kept, *kept]


def _passed(start: Point, point: Point, end: Point) -> bool:
    """Whether a level or upright line from start to end passes a point; those of slanted ones stay."""
    level, upright = (start[axis] == point[axis] == end[axis] for axis in (1, 0))
    along = 0 if level else 1
    return (level or upright) and (point[along] - start[along]) * (end[along] - point[along]) > 0


def _written(points: Sequence[Point]) -> Iterator[str]:
    """The first point, and after it the distance of each from the one before."""
    first, *_ = points
    yield _pair(first) + "l"
    steps = [_pair((x - left, y - below)) for (left, below), (x, y) in pairwise(points)]
    yield "".join(step if place == 0 or step.startswith("-") else f" {step}" for place, step in enumerate(steps))


def _pair(point: Point) -> str:
    across, up = (_number(value) for value in point)
    return across + up if up.startswith("-") else f"{across} {up}"


def _number(hundredths: int) -> str:
    text = f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".") if abs(hundredths) < 100 else text
