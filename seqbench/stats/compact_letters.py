"""Letters for groups that cannot be told apart: two methods share a letter if and only if no test tells them apart.

Groups are inserted and absorbed: one group of all is split at every pair that differs, and a group that lies within
another is dropped. What remains are the largest groups in which no two differ.

Source: Piepho 2004, An algorithm for a letter-based representation of all-pairwise comparisons, Journal of
Computational and Graphical Statistics 13
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_lowercase


def compact_letters(order: Sequence[str], differing: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The letters of each method.

    Args:
        order: the methods, best first; the first has the letter a.
        differing: pairs that a test tells apart, in any order.
    """
    groups = [frozenset(order)]
    for one, other in differing:
        split = [group for group in groups if not {one, other} <= group]
        halves = [group - {left} for group in groups if {one, other} <= group for left in (one, other)]
        groups = _largest([*split, *halves])
    groups.sort(key=lambda group: sorted(map(order.index, group)))
    return {
        method: "".join(_letter(place) for place, group in enumerate(groups) if method in group) for method in order
    }


def _largest(groups: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """The groups that do not lie within another, each once."""
    different = list(dict.fromkeys(groups))
    return [group for group in different if not any(group < other for other in different)]


def _letter(place: int) -> str:
    """`a` to `z`, then `a2`, `b2` and so on."""
    rounds, at = divmod(place, len(ascii_lowercase))
    return ascii_lowercase[at] + (str(rounds + 1) if rounds else "")
