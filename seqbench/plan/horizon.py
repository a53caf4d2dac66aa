"""The trials of a search for the horizon: for every seed those that have finished, and those to train next.

A search is a plan that goes on from what is finished (`seqbench.plan.search`), one for each method, task and seed.
Tuning trials search the doublings alone: that is enough to choose a setting by.

Shapes: none; lengths are dependency lengths in steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import NamedTuple

from seqbench.grid.lengths import LengthRange
from seqbench.plan.feasibility import Configuration
from seqbench.plan.search import (
    Bracket,
    check_choices,
    check_lengths,
    checked_seeds,
    doublings,
    find_bracket,
    follow,
    next_lengths,
)
from seqbench.plan.trial import Trial
from seqbench.schema import Purpose


class SeedSearch(NamedTuple):
    """How far one search got.

    bracket: what is known of the horizon, in steps
    ended: whether it asks for nothing more, its checks of monotony included
    finished: lengths that have finished
    """

    method: str
    task: str
    seed: int
    purpose: Purpose
    bracket: Bracket
    ended: bool
    finished: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ToCome:
    """What searches will still ask for after the trials that a plan has.

    trials, seconds: on average over where the horizon may lie within what is known
    most_trials, most_seconds: at most, unless results that searches did not ask for are contradicted by their checks
    """

    trials: float = 0.0
    most_trials: float = 0
    seconds: float = 0.0
    most_seconds: float = 0.0

    def __add__(self, other: ToCome) -> ToCome:
        """Both together."""
        return ToCome(
            self.trials + other.trials,
            self.most_trials + other.most_trials,
            self.seconds + other.seconds,
            self.most_seconds + other.most_seconds,
        )


class Searched(NamedTuple):
    """The trials that the searches of a series have asked for so far, and how far each search got."""

    trials: Sequence[Trial]
    searches: Sequence[SeedSearch]
    to_come: ToCome


def search_lengths(
    made: Sequence[Trial],
    outcomes: Mapping[str, bool],
    asked: LengthRange,
    *,
    lengths: Sequence[int],
    key: Sequence[str],
    cost: Callable[[Configuration], float],
) -> Searched:
    """Choose from all trials of a method, task and setting those that its searches ask for.

    Args:
        made: a trial at every length of the grid of lengths with every seed, all of one purpose; those at other lengths
            count if they have finished.
        outcomes: whether a finished trial solved its task, by identity; a trial that is absent has not finished.
        asked: the range that is searched.
        lengths: the grid of lengths.
        key: names grid, method and task: which seeds are checked, and at which lengths, follows from it.
        cost: seconds of a trial that needs this configuration.
    """
    purpose = made[0].purpose
    grid = tuple(sorted({trial.length for trial in made}.intersection(lengths)))
    lengths = grid if purpose == "reporting" else tuple(grid[place] for place in doublings(grid))
    seeds = list(dict.fromkeys(trial.seed for trial in made))
    checked = checked_seeds(seeds, asked.checked, *key) if purpose == "reporting" else frozenset()
    seconds = {trial.length: cost(trial.configuration) for trial in made}
    chosen: list[Trial] = []
    searches: list[SeedSearch] = []
    to_come = ToCome()
    for seed in seeds:
        own = {trial.length: trial for trial in made if trial.seed == seed}
        solved = {length: outcomes[each.id] for length, each in own.items() if each.id in outcomes}
        checks = (*key, str(seed))
        wanted = next_lengths(lengths, solved) or (check_lengths(lengths, solved, *checks) if seed in checked else ())
        chosen += [own[length] for length in sorted({*solved, *wanted})]
        searches.append(_so_far(own[lengths[0]], solved, ended=not wanted))
        to_come += still_to_come(lengths, solved, wanted, seconds, checked=seed in checked)
    return Searched(chosen, searches, to_come)


def _so_far(trial: Trial, solved: Mapping[int, bool], *, ended: bool) -> SeedSearch:
    """How far the search got that this trial is of."""
    return SeedSearch(
        trial.method, trial.task_label, trial.seed, trial.purpose, find_bracket(solved), ended, tuple(sorted(solved))
    )


def still_to_come(
    lengths: tuple[int, ...],
    solved: Mapping[int, bool],
    wanted: Sequence[int],
    seconds: Mapping[int, float],
    *,
    checked: bool,
) -> ToCome:
    """What one search will ask for beyond what has finished and what it wants now.

    On average a failure is taken to be confirmed; at most, the search goes on over it.

    Args:
        lengths: the grid of lengths.
        solved: the lengths that have finished, and whether they were solved.
        wanted: the lengths that it asks for now.
        seconds: of a trial at each length.
        checked: whether it ends with checks of monotony.
    """
    path = follow(lengths, solved)
    if path.missing is None:
        return ToCome()
    known = {*solved, *wanted}
    likely = range(path.low, path.high)
    further = range(lengths.index(path.missing), len(lengths)) if path.doubted else range(0)
    counts, costs, most = [], [], []
    for place in (*likely, *further):
        visited, checks = _way(lengths, lengths[place] if place >= 0 else 0)
        cost = sum(seconds[length] for length in visited if length not in known)
        drawn = [[seconds[length] for length in choices] for choices in checks if choices] if checked else []
        counts.append(sum(length not in known for length in visited) + len(drawn))
        costs.append(cost + sum(map(fmean, drawn)))
        most.append(cost + sum(map(max, drawn)))
    return ToCome(fmean(counts[: len(likely)]), max(counts), fmean(costs[: len(likely)]), max(most))


@cache
def _way(lengths: tuple[int, ...], horizon: int) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """What a search visits where exactly the lengths up to `horizon` are solved, and what its checks are drawn from."""
    path = follow(lengths, {length: length <= horizon for length in lengths})
    return path.visited, check_choices(lengths, path)
