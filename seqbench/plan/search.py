"""Which lengths to train next to find how far a method remembers: doubling until it fails twice, then bisection.

Doubling and bisection visit points of one logarithmic grid of lengths that all methods share, so that lengths coincide
and methods meet the same data. A failed doubling is believed only where the next one fails too, or where there is no
next: networks fail single lengths well within their horizon, and a search that ended there would miss octaves. With
ratio r between neighbours, a horizon between two powers of two costs the doublings up to it, two that fail, and about
log2(1 / log2(r)) trials of bisection: 3 for r = 1.1 (an octave has 7 points). Bisection of an unbounded range: J. L.
Bentley & A. C. Yao, "An almost optimal algorithm for unbounded searching", Information Processing Letters 5 (1976);
searches of thresholds by doubling and halving: H. Levitt, "Transformed up-down methods in psychoacoustics", J. Acoust.
Soc. Am. 49 (1971).

A search has no state of its own. What to train next is a function of what has finished, whatever the order in which it
arrived, so that a search that was stopped goes on where it was. Results that the search did not ask for are used where
they decide: one that solved length 500 need not be asked about 400 (`next_lengths`). That a network which solves a
length solves all shorter ones is an assumption, and `check_lengths` tests it: for some seeds one length inside what was
solved and one beyond what failed, within an octave or so of the transition, where violations are most likely. A result
that contradicts the horizon which explains most of them is a violation: it is counted (`find_bracket`) and widens the
bounds of the horizon to all lengths at which results contradict each other (`find_bounds`). A check that is one does
not prolong a search that trained all lengths that it visited; where other results decided some of them, a check
that contradicts those makes the search ask for what they decided.

Lengths are whole numbers of steps. `solved` maps each finished length of one method, task and seed to whether it was
solved; a trial that diverged was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

from seqbench.errors import UsageError

NEAREST_CHECK = math.sqrt(2)
"""A check lies at least this factor below the longest length that the search solved, or above what it failed."""
FURTHEST_CHECK = 2 * NEAREST_CHECK
"""A check lies at most this factor away: an octave beyond the nearest."""
ROUNDING = 1e-9
"""Relative: what the logarithms' rounding may move at an end of a range of lengths."""


class Bracket(NamedTuple):
    """Where one horizon lies by the results: at `solved` or further, below `failed`.

    solved: a length that was solved, the next shorter than the horizon; 0: none (left-censored)
    failed: a length that failed, the next longer; infinite: none (right-censored)
    violations: failures at shorter lengths and successes at longer ones; 0 for monotone results
    """

    solved: int
    failed: float
    violations: int


def bracket_text(solved: float, failed: float) -> str:
    """A bracket in words: `solved 160, failed 226`, `solved 2000` or `failed 10`."""
    words = [f"solved {solved:g}"] if solved > 0 else []
    return ", ".join([*words, f"failed {failed:g}"] if math.isfinite(failed) else words) or "not started"


class Path(NamedTuple):
    """How far a search got.

    visited: lengths that it asked for and that have finished, or that other results decided, in order
    missing: the length that it asks for next; None: it has ended
    low, high: places on the grid of the last length solved (-1: none) and of the failure above it (`L`: none)
    doubted: whether the failure at `high` is believed only if the length asked for next fails too
    """

    visited: tuple[int, ...]
    missing: int | None
    low: int
    high: int
    doubted: bool = False


def length_grid(first: int, last: int, precision: float) -> tuple[int, ...]:
    """The lengths of a search: `first * precision**k`, rounded, each once, up to `last`, which is always among them.

    Raises:
        UsageError: the range is empty or the precision is not a factor above 1.
    """
    if not 1 <= first <= last:
        raise UsageError(f"a search from {first} to {last} has no lengths; it needs 1 <= from <= to")
    if not (math.isfinite(precision) and precision > 1):
        raise UsageError(f"precision {precision} is not a factor above 1, for example 1.1 (within 10 %)")
    steps = math.floor(math.log(last / first) / math.log(precision) + ROUNDING)
    return tuple(sorted({min(last, round(first * precision**step)) for step in range(steps + 1)} | {last}))


def widest_step(lengths: Sequence[int]) -> float:
    """How many times apart neighbouring lengths are at most; 1 for a single length."""
    return max((after / before for before, after in pairwise(lengths)), default=1.0)


def doublings(lengths: Sequence[int]) -> tuple[int, ...]:
    """Places on the grid of the lengths that are tried until two fail; each is at most twice the one before it."""
    places = [0]
    while places[-1] < len(lengths) - 1:
        here = places[-1]
        reach = [place for place in range(here + 1, len(lengths)) if lengths[place] <= 2 * lengths[here]]
        places.append(max(reach, default=here + 1))
    return tuple(places)


def _decided(length: int, solved: Mapping[int, bool]) -> bool | None:
    """Whether a length is solved: its own result, else what all others agree on, else None.

    A success says so of shorter lengths unless a still shorter one failed, a failure of longer lengths unless a still
    longer one was solved: results that contradict each other decide nothing between or around them.
    """
    if length in solved:
        return solved[length]
    least, most = find_bounds(solved)
    return None if least < length < most else length < least


def follow(lengths: Sequence[int], solved: Mapping[int, bool]) -> Path:
    """Go the way of the search as far as the results decide it.

    lengths: the grid, in ascending order
    """
    visited: list[int] = []
    low, high = -1, len(lengths)
    for place in doublings(lengths):
        doubted = high < len(lengths)
        # A failure that is in doubt cannot decide the length that is to confirm it.
        answer = solved.get(lengths[place]) if doubted else _decided(lengths[place], solved)
        if answer is None:
            return Path(tuple(visited), lengths[place], low, high, doubted)
        visited.append(lengths[place])
        if answer:
            low, high = place, len(lengths)
        elif doubted:
            break
        else:
            high = place
    while high < len(lengths) and low >= 0 and high - low > 1:
        place = (low + high) // 2
        answer = _decided(lengths[place], solved)
        if answer is None:
            return Path(tuple(visited), lengths[place], low, high)
        visited.append(lengths[place])
        low, high = (place, high) if answer else (low, place)
    return Path(tuple(visited), None, low, high)


def next_lengths(lengths: Sequence[int], solved: Mapping[int, bool]) -> tuple[int, ...]:
    """The lengths to train next; empty once the bracket is closed to neighbours of the grid or is censored."""
    missing = follow(lengths, solved).missing
    return () if missing is None else (missing,)


def find_bracket(solved: Mapping[int, bool]) -> Bracket:
    """The bracket whose horizons contradict the fewest results; of several the furthest.

    A network that solved a length has remembered so far; one that failed may have been unlucky in training. It is the
    bracket that the search closes, unless checks or results that it did not ask for speak for another.
    """
    wrong = fewest = sum(solved.values())  # a horizon below all lengths: every success contradicts it
    below, lengths = 0, sorted(solved)
    for place, length in enumerate(lengths, start=1):
        wrong += -1 if solved[length] else 1
        if wrong <= fewest:
            fewest, below = wrong, place
    ends = [0, *lengths, math.inf]
    return Bracket(int(ends[below]), ends[below + 1], fewest)


def find_bounds(solved: Mapping[int, bool]) -> tuple[int, float]:
    """The ends between which the horizon lies without dispute; those of the bracket where results are monotone.

    Returns: the longest length that was solved with no failure at a shorter one, and the shortest that failed with no
        success at a longer one; 0 and infinite where there is none. All results that contradict each other lie between.
    """
    shortest_failure = min((length for length, done in solved.items() if not done), default=math.inf)
    longest_success = max((length for length, done in solved.items() if done), default=0)
    return (
        max((length for length, done in solved.items() if done and length < shortest_failure), default=0),
        min((length for length, done in solved.items() if not done and length > longest_success), default=math.inf),
    )


def _uniform(*key: object) -> float:
    """A number in [0, 1) that the key alone decides."""
    words = "\0".join(map(str, key)).encode()
    return int.from_bytes(blake2b(words, digest_size=8).digest(), "big") / 2**64


def checked_seeds(seeds: Sequence[int], share: float, *key: object) -> frozenset[int]:
    """The seeds whose monotony is checked: `share` of them, rounded up, drawn by the key (grid, method and task)."""
    order = sorted(seeds, key=lambda seed: (_uniform("checked", *key, seed), seed))
    return frozenset(order[: math.ceil(share * len(order) - ROUNDING)])


def check_lengths(lengths: Sequence[int], solved: Mapping[int, bool], *key: object) -> tuple[int, ...]:
    """The lengths to train to check that a search that has ended was right to assume monotony.

    One inside what it solved and one beyond what failed, each drawn by the key (grid, method, task and seed) among the
    lengths that it did not visit (`check_choices`); fewer where there are none. Empty while it has not ended. The draw
    does not depend on the checks' own results where the search has results of its own at every length it visited.
    Checks that have finished are left out.
    """
    path = follow(lengths, solved)
    if path.missing is not None:
        return ()
    drawn = [
        choices[int(_uniform(side, *key) * len(choices))]
        for side, choices in zip(("inside", "beyond"), check_choices(lengths, path), strict=True)
        if choices
    ]
    return tuple(length for length in drawn if length not in solved)


def check_choices(lengths: Sequence[int], path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The lengths out of which a check inside, and one beyond, are drawn when a search has ended on this path.

    They lie between `NEAREST_CHECK` and `FURTHEST_CHECK` away from the longest length that it solved and from the
    shortest that it failed: real networks contradict a single horizon near their transition.
    """
    rest = [length for length in lengths if length not in path.visited]
    solved = lengths[path.low] if path.low >= 0 else 0
    failed = lengths[path.high] if path.high < len(lengths) else math.inf
    inside = (length for length in rest if NEAREST_CHECK <= solved / length <= FURTHEST_CHECK)
    beyond = (length for length in rest if NEAREST_CHECK <= length / failed <= FURTHEST_CHECK)
    return tuple(inside), tuple(beyond)
