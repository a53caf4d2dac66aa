"""One dimension of what tuning tries: a setting with a list of values, or a range with single values beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqbench.grid.checking import shown
from seqbench.grid.document import Document, Place
from seqbench.grid.spec import Range, Tuning

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
        between = self.values.high - self.values.low + 1 if self.whole else math.inf
        return between + len(self.values.also)

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


def require_sound(document: Document, tuning: Tuning) -> None:
    """Refuse values that cannot be meant, whatever they are values of.

    Raises:
        GridError: a range without an inside, a value given twice, or a learning rate of 0 or less.
    """
    rates = tuning.learning_rate
    for place, values in (
        (("tuning", "learning_rate"), rates),
        *((("tuning", "space", name), values) for name, values in tuning.space.items()),
    ):
        if isinstance(values, Range):
            _require_inside(document, place, values)
        named, inner = (values.also, (*place, "also")) if isinstance(values, Range) else (values, place)
        if len({repr(value) for value in named}) != len(named):
            raise document.error(inner, f"expected values that differ from each other, got {shown(list(named))}")
    if isinstance(rates, Range):
        rate = ("tuning", "learning_rate")
        _require_rate(document, (*rate, "low"), rates.low)
        for index, value in enumerate(rates.also):
            _require_rate(document, (*rate, "also", index), value)


def _require_inside(document: Document, place: Place, values: Range) -> None:
    """Refuse a range that holds nothing, or that has no logarithm."""
    if not values.low < values.high:
        raise document.error((*place, "low"), f"expected less than high, which is {values.high:g}, got {values.low:g}")
    if values.scale == "log" and not values.low > 0:
        advice = "write `scale: linear`, or name 0 in `also`"
        raise document.error(
            (*place, "low"), f"expected more than 0 on a logarithmic scale, got {values.low:g}; {advice}"
        )


def _require_rate(document: Document, place: Place, value: Any) -> None:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (plain and math.isfinite(value) and value > 0):
        raise document.error(place, f"expected a finite number above 0, got {shown(value)}")
