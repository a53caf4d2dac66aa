"""Which methods of a table cannot be told apart: exact paired tests of every pair, Holm-corrected, as letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from seqbench.stats.compact_letters import compact_letters
from seqbench.stats.pairwise import compare_pairs
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import seeds_to_find_anything
from seqbench.stats.task_arrays import TaskArrays


class Groups(NamedTuple):
    """The letters of each method, none where seeds are too few for any, and in words what they mean."""

    letters: Mapping[str, str]
    note: str


UNDER_WAY = Groups({}, "Which methods cannot be told apart is said when all trials have finished.")


def find_groups(arrays: TaskArrays, order: Sequence[str], declared: Declared) -> Groups:
    """The groups of the methods in `order`, best first, by the declared outcome of each seed."""
    if len(order) < 2:
        return Groups({}, "")
    pairs = list(combinations(order, 2))
    tested = compare_pairs(arrays, pairs, declared, "all")
    seeds, needed = int(tested["n"].min()), seeds_to_find_anything(len(pairs), declared.alpha)
    every = f"every pair of {len(order)} methods" if len(order) > 2 else "the two methods"
    family = f"Holm over {len(pairs)} comparison{'s' if len(pairs) > 1 else ''}"
    if seeds < needed:
        return Groups({}, f"n = {seeds} seeds cannot tell {every} apart: {family} needs {needed}.")
    differ = tested[tested["verdict"].isin(["better", "worse"])]
    letters = compact_letters(order, zip(differ["method"], differ["against"], strict=True))
    return Groups(
        letters,
        "Methods that share a letter cannot be told apart (exact paired sign-flip tests of "
        f"{every} over n = {seeds} seeds, {family}, at {declared.alpha:g}).",
    )
