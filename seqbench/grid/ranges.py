"""The values that tuning tries, checked when a grid is read: ranges with an inside, no value twice."""

from __future__ import annotations

import math
from typing import Any

from seqbench.components.checking import shown
from seqbench.grid.document import Document, Place
from seqbench.grid.spec import Range, Tuning


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
