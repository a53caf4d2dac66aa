"""The values that tuning tries, checked when a grid is read: ranges with an inside, no value twice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from seqbench.components.checking import shown
from seqbench.errors import Problem
from seqbench.grid.document import Document, Place
from seqbench.grid.spec import Range, Tuning


def unsound(document: Document, tuning: Tuning) -> Iterator[tuple[Place, Problem]]:
    """Values that cannot be meant, whatever they are values of, each with its place.

    A range without an inside, a value given twice, or a learning rate of 0 or less.
    """
    for place, message in _messages(tuning):
        yield place, document.problem(place, message)


def _messages(tuning: Tuning) -> Iterator[tuple[Place, str]]:
    rates = tuning.learning_rate
    for place, values in (
        (("tuning", "learning_rate"), rates),
        *((("tuning", "space", name), values) for name, values in tuning.space.items()),
    ):
        if isinstance(values, Range):
            yield from _without_inside(place, values)
        named, inner = (values.also, (*place, "also")) if isinstance(values, Range) else (values, place)
        if len({repr(value) for value in named}) != len(named):
            yield inner, f"expected values that differ from each other, got {shown(list(named))}"
    if isinstance(rates, Range):
        rate = ("tuning", "learning_rate")
        yield from _no_rate((*rate, "low"), rates.low)
        for index, value in enumerate(rates.also):
            yield from _no_rate((*rate, "also", index), value)


def _without_inside(place: Place, values: Range) -> Iterator[tuple[Place, str]]:
    """A range that holds nothing, or that has no logarithm."""
    if not values.low < values.high:
        yield (*place, "low"), f"expected less than high, which is {values.high:g}, got {values.low:g}"
    elif values.scale == "log" and not values.low > 0:
        advice = "write `scale: linear`, or name 0 in `also`"
        yield (*place, "low"), f"expected more than 0 on a logarithmic scale, got {values.low:g}; {advice}"


def _no_rate(place: Place, value: Any) -> Iterator[tuple[Place, str]]:
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (plain and math.isfinite(value) and value > 0):
        yield place, f"expected a finite number above 0, got {shown(value)}"
