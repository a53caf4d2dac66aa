"""Which tasks and methods share a chart or panel, and which methods stand in the foreground: many stay readable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from seqbench.report.evidence import Evidence

FEW = 8
"""Up to this many methods are distinguishable in one panel."""


class Facet(NamedTuple):
    """A panel: its title, empty for the only one, and the methods it shows."""

    title: str
    methods: tuple[str, ...]


def facet_inches(count: int) -> float:
    """How wide a chart of that many panels is: half of the page for one, the whole page for more."""
    return 5.6 if count == 1 else max(10.4, 3.3 * count + 0.5)


@lru_cache(maxsize=4)
def facets(evidence: Evidence) -> tuple[Facet, ...]:
    """One panel for few methods; for many, one panel for each level of the factor that matters most.

    Methods outside of the factorial then stand in a panel of their own.
    """
    factor = dividing_factor(evidence)
    if factor is None:
        return (Facet("", evidence.methods),)
    level = evidence.levels[factor]
    parts = [
        Facet(f"{factor}: {value}", tuple(name for name in evidence.methods if level.get(name) == value))
        for value in evidence.factors[factor]
    ]
    outside = tuple(name for name in evidence.methods if name not in level.index)
    return (*parts, Facet("outside of the factors", outside)) if outside else tuple(parts)


def offset(part: Facet, method: str) -> float:
    """How far a method is shifted from the exact length, in octaves, so that methods do not cover each other."""
    slots = len(part.methods)
    return (part.methods.index(method) - (slots - 1) / 2) * min(0.05, 0.4 / slots)


def dividing_factor(evidence: Evidence) -> str | None:
    """The factor with two to four levels whose levels differ most in the share of solved trials."""
    if len(evidence.methods) <= FEW:
        return None
    solved, methods = evidence.reporting["outcome"] == "solved", evidence.reporting["method"]
    ranges = {
        name: _range(solved.groupby(methods.map(evidence.levels[name])).mean())
        for name, levels in evidence.factors.items()
        if 2 <= len(levels) <= 4
    }
    return max(ranges, key=lambda name: ranges[name]) if ranges else None


def _range(shares: pd.Series) -> float:
    return float(shares.max() - shares.min()) if len(shares) else 0.0


@lru_cache(maxsize=4)
def foreground(evidence: Evidence) -> frozenset[str]:
    """The methods drawn in full: all of a few; of many, the baseline and the two best of every panel."""
    if len(evidence.methods) <= FEW:
        return frozenset(evidence.methods)
    shares = (evidence.reporting["outcome"] == "solved").groupby(evidence.reporting["method"]).mean()
    best = [
        name
        for part in facets(evidence)
        for name in shares.reindex(list(part.methods)).dropna().sort_values(ascending=False, kind="stable").index[:2]
    ]
    baselines = {name for name in evidence.comparison.baselines.values() if name is not None}
    return frozenset([*(baselines or {evidence.methods[0]}), *best])


def background_note(evidence: Evidence) -> str:
    """What the pale lines are, where there are any."""
    shown, pale = len(foreground(evidence)), len(evidence.methods) - len(foreground(evidence))
    return f" {shown} methods stand out: the baseline and the best two of every panel; {pale} are pale." if pale else ""


def in_groups(tasks: Sequence[str], name: str, size: int = 3) -> list[tuple[str, Sequence[str]]]:
    """Tasks in groups that fit side by side, each with a file name of its own."""
    groups = [tasks[start : start + size] for start in range(0, len(tasks), size)]
    return [(name if len(groups) == 1 else f"{name}-{place + 1}", group) for place, group in enumerate(groups)]
