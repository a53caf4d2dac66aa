"""How many trials a search takes, by going its way for every horizon on its grid."""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.plan.search import follow


def path_to(lengths: Sequence[int], horizon: float) -> tuple[int, ...]:
    """The lengths that the search trains, in order, where exactly those up to `horizon` are solved."""
    return follow(lengths, {length: length <= horizon for length in lengths}).visited


def worst_case(lengths: Sequence[int]) -> int:
    """The most trials that the search needs, checks apart. No results whatever, monotone or not, need more."""
    return max(len(path_to(lengths, horizon)) for horizon in (0, *lengths))


def expected(lengths: Sequence[int]) -> float:
    """Mean number of trials, checks apart, where each place on the grid is an equally likely horizon."""
    counts = [len(path_to(lengths, horizon)) for horizon in (0, *lengths)]
    return sum(counts) / len(counts)
