"""Lines of SVG paths in fewer characters: hand-written cases, and the corners of a figure read back."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from seqbench.report.svg import SVG
from seqbench.report.svg_file import compact
from seqbench.report.svg_lines import shortened

Point = tuple[float, float]


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("M 0 0 L 0 3.51", "M0 0l0 3.51"),
        ("M 0.5 -0.5 L 0.25 -0.75", "M.5-.5l-.25-.25"),
        ("M 10.05 1 L 20.1 1 L 20.1 1 L 30 1 L 30 0.5", "M10.05 1l19.95 0 0-.5"),
        ("M 0 0 L 5 0 L 3 0", "M0 0l5 0-2 0"),
        ("M 0 0 L 1 1 L 2 2", "M0 0l1 1 1 1"),
        ("M 1 1 L 1 1", "M1 1l0 0"),
        ("M 0 0 C 1 1 2 2 3 3 L 4 4 L 4.05 3.5 z M 3 3 L 2 2", "M 0 0 C 1 1 2 2 3 3 L4 4l.05-.5 z M3 3l-1-1"),
        ("M 0 0 z", "M 0 0 z"),
        ("M 0 0 L 0.29 0", "M0 0l.29 0"),
        ("M 0 0 L 1 1 L 0 2e5", "M0 0l1 1 L 0 2e5"),
        ("M 1e5 0 L 1 1 L 2 2", "M 1e5 0 L1 1l1 1"),
    ],
)
def test_points_that_a_line_passes_are_left_out_and_the_others_stated_from_one_to_the_next(
    path: str, short: str
) -> None:
    assert shortened(path) == short


def corners(path: str) -> list[list[Point]]:
    """The turns of each line of a path without curves, whichever way it is written; slanted ones stay."""
    lines: list[list[Point]] = []
    command, numbers = "", re.findall(r"[MLlz]|-?(?:\d+\.?\d*|\.\d+)", path)
    while numbers:
        if numbers[0].isalpha():
            command = numbers.pop(0)
            continue
        x, y = float(numbers.pop(0)), float(numbers.pop(0))
        if command == "M":
            lines.append([])
        start = lines[-1][-1] if command == "l" else (0.0, 0.0)
        point = (round(start[0] + x, 2), round(start[1] + y, 2))
        while len(lines[-1]) > 1 and any(
            lines[-1][-2][axis] == lines[-1][-1][axis] == point[axis]
            and min(lines[-1][-2][1 - axis], point[1 - axis]) <= lines[-1][-1][1 - axis]
            <= max(lines[-1][-2][1 - axis], point[1 - axis])
            for axis in (0, 1)
        ):  # fmt: skip
            lines[-1].pop()
        if not lines[-1] or lines[-1][-1] != point or len(lines[-1]) == 1:
            lines[-1].append(point)
    return lines


def test_every_turn_of_a_figures_lines_is_where_matplotlib_put_it() -> None:
    figure, text = Figure(), io.StringIO()
    axes = figure.add_subplot()
    axes.plot([0, 1, 2, 2.5, 2.5], [0, 3, 3, 3, 7])
    axes.step([0, 1, 2, 3, 4], [1, 1, 1, 5, 2])
    axes.fill_between([0, 1, 2], [1, 1, 1], [2, 3, 3], step="post")
    figure.savefig(text, format="svg")
    before, after = (
        [element.attrib["d"] for element in ElementTree.fromstring(svg).iter(f"{SVG}path")]
        for svg in (text.getvalue(), compact(text.getvalue()))
    )
    cut = [re.sub(r"(\.\d\d)\d+", r"\1", " ".join(path.split())) for path in before]
    straight = [path for path in cut if not re.search("[QC]", path)]
    own = [path for path in after if not re.search("[QC]", path)]
    assert len(own) == len(straight) >= 8
    assert sorted(map(corners, own)) == sorted(map(corners, straight))
    assert sum(map(len, own)) < 0.8 * sum(map(len, straight))
