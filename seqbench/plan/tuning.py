"""The settings that tuning tries: equally many for every method, whatever the method has to tune.

A method's own knobs are inside this number, so that a remedy with a threshold is not searched harder than one without.
The points are those of one scrambled Sobol sequence. Its first dimension is the learning rate of every method, and a
knob has one dimension wherever it stands, so that methods meet the same values of what they share.

Source: Sobol 1967; Owen 1998, Scrambling Sobol' and Niederreiter-Xing points; equal budgets as in Sivaprasad et al.
2020, Optimizer benchmarking needs to account for hyperparameter tuning, arXiv:1910.11758
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqbench.canonical import canonical
from seqbench.errors import GridError
from seqbench.grid.spec import MOST_KNOBS, MOST_TRIED, Grid, Range
from seqbench.plan.axis import Axis
from seqbench.plan.expand import Method
from seqbench.plan.knobs import RATE, axes_of, knob_names, with_knobs

SCRAMBLE = 20
"""Seed of the scrambling. Another one is another set of points, and other trials."""

SPARE = 8
"""Points drawn for each one that is used: the others stand in where rounding or a list would try a setting twice."""

Points = NDArray[np.float64]


class Candidate(NamedTuple):
    """One setting that is tried: the method with it, and the knobs it sets beside the learning rate."""

    method: Method
    knobs: dict[str, Any]


class Search(NamedTuple):
    """What tuning tries.

    budget: settings tried for each method and task; 0 without tuning
    candidates: by the name of each method that is tuned, the smallest learning rate first
    """

    budget: int
    candidates: dict[str, tuple[Candidate, ...]]


def search(grid: Grid, methods: Sequence[Method]) -> Search:
    """The settings that are tried for each method.

    Raises:
        GridError: a knob that no method has, values that do not fit it, a budget that is too small to try every value
            that is named or larger than a method has settings, or methods that differ only in what is tuned.
    """
    if grid.tuning is None:
        return Search(0, {})
    tuned = [method for method in methods if method.tuned]
    if not tuned:
        raise grid.document.error(("tuning",), "expected a method that is tuned; all say `tuned: false`")
    axes = axes_of(grid, tuned)
    own = {
        method.name: [axis for name, axis in axes.items() if name in (RATE, *knob_names(method))] for method in tuned
    }
    _require_different(grid, tuned, own)
    budget = _budget(grid, own)
    settings: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for name, dimensions in own.items():
        names = tuple(axis.name for axis in dimensions)
        settings[names] = settings.get(names) or _settings(grid, name, dimensions, budget)
    return Search(
        budget,
        {
            method.name: tuple(
                Candidate(with_knobs(method, rate, knobs), knobs)
                for rate, knobs in _named(own[method.name], settings[tuple(axis.name for axis in own[method.name])])
            )
            for method in tuned
        },
    )


def _named(axes: Sequence[Axis], settings: Sequence[tuple[Any, ...]]) -> list[tuple[float, dict[str, Any]]]:
    """Learning rate and knobs of each setting, the smallest rate first."""
    knobs = [axis.name for axis in axes[1:]]
    named = [(float(rate), dict(zip(knobs, values, strict=True))) for rate, *values in settings]
    return sorted(named, key=lambda setting: setting[0])


def _require_different(grid: Grid, methods: Sequence[Method], axes: Mapping[str, Sequence[Axis]]) -> None:
    """Refuse methods of which tuning makes one: it would try and choose the same for both."""
    seen: dict[str, str] = {}
    for method in methods:
        blank = with_knobs(method, 0.0, {axis.name: None for axis in axes[method.name][1:]})
        content = repr((blank.cell, blank.upper_cells, blank.model, blank.mitigations, blank.training))
        if content in seen:
            what = ", ".join(axis.name for axis in axes[method.name])
            problem = f"the methods {seen[content]!r} and {method.name!r} differ only in what is tuned ({what})"
            raise grid.document.error(("tuning",), f"{problem}; leave one out, or let one say `tuned: false`")
        seen[content] = method.name


def _budget(grid: Grid, axes: Mapping[str, Sequence[Axis]]) -> int:
    """How many settings are tried for every method."""
    assert grid.tuning is not None
    sizes = {name: math.prod(axis.size for axis in own) for name, own in axes.items()}
    fewest = min(sizes, key=lambda name: sizes[name])
    if grid.tuning.budget is None:
        if sizes[fewest] <= MOST_TRIED:
            return int(sizes[fewest])
        problem = (
            "expected `budget`: how many settings are tried for each method, of a range or of so many combinations"
        )
        raise grid.document.error(("tuning",), problem)
    if grid.tuning.budget > sizes[fewest]:
        raise grid.document.error(
            ("tuning", "budget"),
            f"expected at most {sizes[fewest]:g}, the settings that {fewest!r} has to choose from, since every method "
            f"gets the same number, got {grid.tuning.budget}; name more values, or give a range",
        )
    return grid.tuning.budget


def _settings(grid: Grid, method: str, axes: Sequence[Axis], budget: int) -> list[tuple[Any, ...]]:
    """The settings of a method: all that there are, or a sample in which every value that is named occurs."""
    if math.prod(axis.size for axis in axes) == budget and not any(axis.whole for axis in axes):
        return list(product(*(axis.listed for axis in axes)))
    settings = sampled_settings(axes, budget)
    if settings is None:
        narrow = _narrowest(axes, budget)
        problem = f"expected a range with {budget} values of three digits, or fewer tried, got a narrower one"
        raise grid.document.error(narrow.place if narrow else ("tuning", "budget"), problem)
    if missed := _missed(axes, settings):
        better = _enough(axes, budget) if grid.tuning and grid.tuning.budget else None
        raise _too_small(grid, method, missed, budget, f"; {better} are enough" if better else "")
    return settings


def _narrowest(axes: Sequence[Axis], budget: int) -> Axis | None:
    """The range in which too few values are found: that of the learning rate, or the knob's with the fewest.

    None where there are lists alone.
    """
    ranges = [axis for axis in axes if isinstance(axis.values, Range)]
    if axes[0] in ranges:  # its values differ, so that knobs beside it never run out
        return axes[0]
    points = sobol(SPARE * budget)
    found = {axis.name: {repr(axis.at(point)) for point in points[:, axis.column].tolist()} for axis in ranges}
    return min(ranges, key=lambda axis: len(found[axis.name]), default=None)


def _enough(axes: Sequence[Axis], budget: int) -> int | None:
    """A number of settings above `budget`, found by doubling and halving, that tries every named value; None if none.

    It is seldom more than the smallest such number.
    """

    def tries_all(size: int) -> bool:
        settings = sampled_settings(axes, size)
        return settings is not None and _missed(axes, settings) is None

    most = int(min(MOST_TRIED, math.prod(axis.size for axis in axes)))
    low, high = budget, min(2 * budget, most)
    while not tries_all(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tries_all(middle) else (middle, high)
    return high


def _missed(axes: Sequence[Axis], settings: Sequence[tuple[Any, ...]]) -> tuple[Axis, Any] | None:
    """A value that is named in the grid and tried by none of the settings."""
    for place, axis in enumerate(axes):
        for value in axis.listed:
            if all(setting[place] != value for setting in settings):
                return axis, value
    return None


def _too_small(grid: Grid, method: str, missed: tuple[Axis, Any], budget: int, advice: str) -> GridError:
    axis, value = missed
    place = ("tuning", "budget") if grid.tuning and grid.tuning.budget else axis.place
    problem = f"{budget} settings are too few: {method!r} would never try {axis.name} {value}{advice}"
    return grid.document.error(place, problem)


def sampled_settings(axes: Sequence[Axis], budget: int) -> list[tuple[Any, ...]] | None:
    """`budget` different settings over these dimensions; None if there are not so many.

    The first of `axes` is the learning rate. Its values do not depend on the others, so that all methods share them.
    """
    points = sobol(SPARE * budget)
    used = _different_rates(axes[0], points, budget)
    if used is None:
        return None
    columns = [axis.spread(points[used, axis.column]) for axis in axes]
    others = sorted(set(range(len(points))).difference(used))
    taken: dict[str, tuple[Any, ...]] = {}
    for rate, *knobs in zip(*columns, strict=True):
        found = (rate, *knobs)
        spare = iter(others)
        while canonical(found) in taken:
            place = next(spare, None)
            if place is None:
                return None
            found = (rate, *(axis.at(float(points[place, axis.column])) for axis in axes[1:]))
        taken[canonical(found)] = found
    return list(taken.values())


def _different_rates(axis: Axis, points: Points, budget: int) -> list[int] | None:
    """The first points whose learning rates, drawn from a range, differ; of a list simply the first."""
    if axis.size < math.inf:
        return list(range(budget))
    first: dict[Any, int] = {}
    for place, point in enumerate(points[:, axis.column].tolist()):
        first.setdefault(axis.at(point), place)
    used = list(first.values())[:budget]
    return used if len(used) == budget else None


@cache
def sobol(count: int) -> Points:
    """`[N, D]` points of [0, 1), N the power of two at or above `count`; a larger N begins with the same points."""
    from scipy.stats import qmc  # takes half a second to import, and a plan without ranges needs none of it

    # Always of all dimensions: with fewer the scrambling would be another one, and the rates would move.
    sequence = qmc.Sobol(d=1 + MOST_KNOBS, scramble=True, rng=SCRAMBLE)
    points: Points = sequence.random_base2(max(count - 1, 1).bit_length())
    return points
