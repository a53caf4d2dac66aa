"""One dimension of what tuning tries: a setting with a list of values, or a range with single values beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqbench.grid.document import Place
from seqbench.grid.spec import Range

DIGITS = 3
"""Significant digits of a number drawn from a range: what a table prints is what was tried, on every machine."""

BESIDE = 0.25
"""Share of what is tried that goes to the single values beside a range."""


class Axis(NamedTuple):
    """One setting that is tuned.

    name: `learning_rate`, or `component.setting`
    place: where the grid gives its values
    column: its dimension among the points that all methods share
    whole: whether it takes whole numbers only
    """

    name: str
    place: Place
    column: int
    values: Range | Sequence[Any]
    whole: bool = False

    @property
    def listed(self) -> Sequence[Any]:
        """The values that are named one by one, each of which must be tried."""
        return self.values.also if isinstance(self.values, Range) else self.values

    @property
    def size(self) -> float:
        """How many different values there are; infinite for a range of real numbers."""
        if not isinstance(self.values, Range):
            return len(self.values)
        if not self.whole:
            return math.inf
        low, high = self.values.low, self.values.high
        beside = [one for one in self.values.also if not (isinstance(one, int) and low <= one <= high)]
        return high - low + 1 + len(beside)

    def at(self, point: float) -> Any:
        """The value at a point of [0, 1)."""
        if not isinstance(self.values, Range):
            return self.values[int(point * len(self.values))]
        also = self.values.also
        if not also:
            return _between(self.values, point, whole=self.whole)
        if point < BESIDE:
            return also[int(point / BESIDE * len(also))]
        return _between(self.values, (point - BESIDE) / (1 - BESIDE), whole=self.whole)

    def spread(self, points: NDArray[np.float64]) -> list[Any]:
        """The values at `[K]` points of [0, 1). Those of a list are tried equally often, or once more or less."""
        if isinstance(self.values, Range):
            return [self.at(point) for point in points]
        ranks = np.argsort(np.argsort(points, kind="stable"), kind="stable")
        return [self.values[rank * len(self.values) // len(points)] for rank in ranks.tolist()]


def _between(values: Range, point: float, *, whole: bool) -> int | float:
    """The value at a point of [0, 1) between the ends of a range."""
    low, high = values.low, values.high + (1 if whole else 0)
    value = low * (high / low) ** point if values.scale == "log" else low + (high - low) * point
    drawn = math.floor(value) if whole else float(f"{value:.{DIGITS}g}")
    return min(max(drawn, values.low), values.high)
