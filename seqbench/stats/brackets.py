"""The bracket [solved, failed) around the horizon of every method and seed, on lists of lengths and in searches alike.

A seed's horizon is known to lie between a length that it solved and one that it failed: it is interval-censored. A seed
that solved the longest length of all is right-censored, one that failed the shortest is left-censored. Lengths at which
a seed was not trained say nothing: a search visits few, and not the same for any two seeds.

Results may contradict every single horizon. Estimates use the bracket that contradicts the fewest of them, because one
that spanned every contradiction would move a seed by octaves for one failure; intervals use the bounds that do span
them, and the contradictions are counted (`seqbench.plan.search`).

Shapes: `M` methods, `S` seeds, `L` lengths. Octaves are log2 of length over the shortest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqbench.plan.search import bracket_text, find_bounds, find_bracket, next_lengths
from seqbench.stats.interval import Floats
from seqbench.stats.task_arrays import TaskArrays
from seqbench.stats.turnbull import expectations, turnbull

COLUMNS = [
    "method", "task", "seed", "solved", "failed", "text", "trials", "violations", "ended", "at_least", "below",
    "octaves", "least", "most", "low", "high",
]  # fmt: skip

WITHIN = "within the range"
"""What is said of a number that seeds beyond either end of the range of lengths may raise or lower."""
BOUNDS = {(False, False): "", (True, False): "at least", (False, True): "at most", (True, True): WITHIN}
"""What is said of a number by whether such seeds can raise it, and whether they can lower it."""
TURNED = {bound: BOUNDS[falls, rises] for (rises, falls), bound in BOUNDS.items()}
"""What is said of the negative of a number, or of the inverse of a factor, of which the first is said."""


def ends_in_words(bound: str, low: str, high: str) -> str:
    """An interval as far as it holds for horizons beyond the range of lengths: `640 to 1,900` or `640 or more`.

    Intervals are of horizons that end with the range. Where seeds lie beyond one end of it (`bound`, of `BOUNDS`), the
    end of the interval on that side says how long the range is.
    """
    return {"at least": f"{low} or more", "at most": f"{high} or less"}.get(bound, f"{low} to {high}")


@dataclass(frozen=True)
class Brackets:
    """The brackets of one task.

    lengths: `[L]` the lengths on which horizons are sought, in ascending order; the first and the last are the range
    grids: of each method, those of them at which it can be trained: it searches these alone, and solves no other
    solved, failed: `[M, S]` ends of each bracket in steps; 0 where nothing was solved, infinite where nothing failed
    least, most: `[M, S]` bounds of the horizon in steps, which hold all results that contradict each other; the ends of
        the bracket where none do
    violations: `[M, S]` results that contradict the bracket
    trials: `[M, S]` lengths that have finished; 0 for a seed that has not started
    ended: `[M, S]` whether a search would ask for no further length
    wide: `[M, S]` whether a length of its grid lies strictly within the bounds: results are missing, or contradict
    """

    task: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    lengths: tuple[int, ...]
    grids: tuple[tuple[int, ...], ...]
    solved: Floats
    failed: Floats
    least: Floats
    most: Floats
    violations: NDArray[np.int64]
    trials: NDArray[np.int64]
    ended: NDArray[np.bool_]
    wide: NDArray[np.bool_]

    @property
    def span(self) -> float:
        """Octaves from the shortest length to the longest."""
        return float(np.log2(self.lengths[-1] / self.lengths[0]))

    @property
    def started(self) -> NDArray[np.bool_]:
        """`[M, S]` seeds with any finished trial."""
        return self.trials > 0

    @property
    def at_least(self) -> NDArray[np.bool_]:
        """`[M, S]` right-censored: solved the longest length at which its method can be trained."""
        return self.solved >= self._longest

    @property
    def below(self) -> NDArray[np.bool_]:
        """`[M, S]` left-censored: failed the shortest length at which its method can be trained."""
        return self._nothing(self.failed)

    @property
    def low(self) -> Floats:
        """`[M, S]` lower end in octaves, -inf where nothing was solved."""
        return self._octaves(self.solved)

    @property
    def high(self) -> Floats:
        """`[M, S]` upper end in octaves, inf where nothing failed; 0 where nothing can have been solved."""
        return np.where(self.below, 0.0, self._octaves(self.failed))

    @property
    def _longest(self) -> Floats:
        """`[M, 1]` the longest length at which each method can be trained."""
        return np.array([[grid[-1]] for grid in self.grids], float)

    def _nothing(self, failed: Floats) -> NDArray[np.bool_]:
        """`[M, S]` whether no length is solved by a seed that fails from `failed` steps on.

        A horizon is the longest length that is solved, and where a method cannot be trained it solves nothing: one that
        fails all lengths that it can be trained at has remembered no further than one that fails the shortest of all.
        """
        return failed <= np.array([[grid[0]] for grid in self.grids])

    def _octaves(self, steps: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.log2(steps / self.lengths[0])

    def bounds(self) -> tuple[Floats, Floats]:
        """`[M, S]` bounds of the horizon in octaves within the range of each method's lengths."""
        span = self._octaves(self._longest)
        low, high = (np.clip(self._octaves(end), 0.0, span) for end in (self.least, self.most))
        return low, np.where(self._nothing(self.most), 0.0, high)

    def octaves(self) -> Floats:
        """`[M, S]` restricted horizon of each seed: its expectation given its bracket and its method's other seeds.

        The middle of the bracket where no length of its grid lies inside it. The mean over a method's seeds is that of
        Turnbull's estimate. NaN for a seed that has not started.
        """
        found = np.full(self.solved.shape, np.nan)
        span = self._octaves(self._longest)[:, 0]
        for place, own in enumerate(self.started):
            low, high = self.low[place, own], self.high[place, own]
            if low.size:
                found[place, own] = expectations(turnbull(low, high), low, high, float(span[place]))
        return found

    def ends(self) -> tuple[Floats, Floats]:
        """`[M, S]` least and greatest restricted horizon of each seed, for intervals.

        Both are the middle of a bracket that is closed without contradictions; else they are the bounds.
        """
        octaves = self.octaves()
        low, high = self.bounds()
        unknown = np.where(self.started, 0.0, np.nan)
        return np.where(self.wide, low, octaves) + unknown, np.where(self.wide, high, octaves) + unknown


def find_brackets(arrays: TaskArrays) -> Brackets:
    """The bracket of every method and seed, on the lengths at which the method can be trained (`TaskArrays.grids`)."""
    own = [int(length) for length in arrays.lengths]
    shape = arrays.solved.shape[:2]
    solved, failed = np.zeros(shape), np.full(shape, np.inf)
    least, most = np.zeros(shape), np.full(shape, np.inf)
    violations, trials = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    ended, wide = np.zeros(shape, bool), np.zeros(shape, bool)
    for at in np.ndindex(shape):
        grid = arrays.grids[at[0]]
        results = {length: value == 1 for length, value in zip(own, arrays.solved[at], strict=True) if value == value}
        solved[at], failed[at], violations[at] = find_bracket(results)
        least[at], most[at] = find_bounds(results)
        trials[at] = len(results)
        ended[at] = bool(results) and not next_lengths(grid, results)
        wide[at] = any(least[at] < length < most[at] for length in grid)
    return Brackets(
        arrays.task, arrays.methods, arrays.seeds, arrays.grid, arrays.grids,
        solved, failed, least, most, violations, trials, ended, wide,
    )  # fmt: skip


def bracket_table(found: Brackets) -> pd.DataFrame:
    """One row a method and seed that has started.

    solved, failed: ends of the bracket in steps (0: none solved, inf: none failed), in words in `text`
    least, most: bounds of the horizon in steps, wider than the bracket where results contradict each other
    octaves, low, high: restricted horizon and its bounds in octaves above the shortest length (`Brackets.octaves`)
    """
    method, seed = np.nonzero(found.started)
    at = (method, seed)
    low, high = (bound[at] for bound in found.bounds())
    return pd.DataFrame({
        "method": np.asarray(found.methods, object)[method],
        "task": found.task,
        "seed": np.asarray(found.seeds)[seed],
        "solved": found.solved[at],
        "failed": found.failed[at],
        "text": [
            _text(*ends) for ends in zip(
                found.solved[at], found.failed[at], found.least[at], found.most[at], found.violations[at], strict=True
            )
        ],
        "trials": found.trials[at],
        "violations": found.violations[at],
        "ended": found.ended[at],
        "at_least": found.at_least[at],
        "below": found.below[at],
        "octaves": found.octaves()[at],
        "least": found.least[at],
        "most": found.most[at],
        "low": low,
        "high": high,
    }, columns=COLUMNS)  # fmt: skip


def _text(solved: float, failed: float, least: float, most: float, violations: int) -> str:
    """`solved 320, failed 453`; where results contradict it, also `(1 contradiction: between 40 and 453)`."""
    text = bracket_text(solved, failed)
    if not violations:
        return text
    bounds = {
        (True, True): f"between {least:g} and {most:g}",
        (True, False): f"at least {least:g}",
        (False, True): f"below {most:g}",
        (False, False): "anywhere",
    }[least > 0, bool(np.isfinite(most))]
    return f"{text} ({violations} contradiction{'s' if violations > 1 else ''}: {bounds})"
