"""Simulated learners of known horizons, and the search rule for many of them at once.

Octaves are log2 of length over the shortest length of the search. `N` seeds, `L` lengths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from seqbench.plan.search import doublings, length_grid
from seqbench.stats.interval import Floats
from seqbench.stats.task_arrays import TaskArrays

PRECISION = 1.1
LENGTHS = length_grid(10, 2000, PRECISION)
OCTAVES = np.log2(np.array(LENGTHS) / LENGTHS[0])
SPAN = float(OCTAVES[-1])


class Learner(NamedTuple):
    """A method whose seeds sit at a low or at a high horizon, normal around each, in octaves.

    share: share of the seeds at the high one
    slope: a seed solves a length x octaves beyond its horizon with probability 1 / (1 + exp(x / slope)); 0: never
    lapse: share of the lengths within its horizon that it fails all the same
    """

    low: float
    high: float
    share: float
    low_spread: float = 0.3
    high_spread: float = 0.5
    slope: float = 0.0
    lapse: float = 0.0


def _alike(count: int, shape: tuple[int, ...], correlation: float, rng: np.random.Generator) -> Floats:
    """`[count, *shape]` standard normal numbers, correlated between the `count` learners."""
    own = rng.standard_normal((count, *shape))
    return np.sqrt(correlation) * rng.standard_normal(shape) + np.sqrt(1 - correlation) * own


def horizons(
    learners: tuple[Learner, ...], shape: tuple[int, ...], correlation: float, rng: np.random.Generator
) -> Floats:
    """`[learner, *shape]` true horizons in octaves; a seed's luck is shared between learners."""
    luck, place = (_alike(len(learners), shape, correlation, rng) for _ in range(2))
    found = []
    for learner, own, error in zip(learners, luck, place, strict=True):
        high = special.ndtr(own) < learner.share
        low_ones, high_ones = learner.low + learner.low_spread * error, learner.high + learner.high_spread * error
        found.append(np.where(high, high_ones, low_ones))
    return np.array(found)


def solves(learner: Learner, horizon: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """`[..., L]` whether each seed would solve each length of `LENGTHS`, were it trained there."""
    ahead = horizon[..., None] - OCTAVES
    chance = (ahead >= 0).astype(float) if learner.slope == 0 else special.expit(ahead / learner.slope)
    return rng.random(chance.shape) < chance * (1 - learner.lapse)


def searched(solved: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """The search rule on `[N, L]` answers at `LENGTHS`: `[N, L]` lengths visited, and places of the bracket's ends.

    Written apart from `seqbench.plan.search`, in arrays, as its check. Ends: -1 none solved, `L` none failed.
    """
    seeds, size = np.arange(len(solved)), solved.shape[1]
    tried = np.array(doublings(LENGTHS))
    failures = ~solved[:, tried]
    confirmed = failures & np.append(failures[:, 1:], np.ones((len(solved), 1), bool), axis=1)
    first = np.where(confirmed.any(axis=1), confirmed.argmax(axis=1), len(tried))
    low = np.append(-1, tried)[first]
    high = np.append(tried, size)[first]
    visited = np.zeros(solved.shape, bool)
    visited[:, tried] = np.arange(len(tried)) <= first[:, None] + 1
    while (halved := (high < size) & (low >= 0) & (high - low > 1)).any():
        place = np.where(halved, (low + high) // 2, 0)
        visited[seeds[halved], place[halved]] = True
        answer = solved[seeds, place]
        low = np.where(halved & answer, place, low)
        high = np.where(halved & ~answer, place, high)
    return visited, low, high


def middles(low: NDArray[np.int64], high: NDArray[np.int64]) -> Floats:
    """Restricted horizons in octaves of brackets given as places: their middles, and the ends of the range."""
    ends = np.concatenate([[0.0], OCTAVES, [SPAN]])
    return (ends[low + 1] + ends[np.where(low < 0, 0, high + 1)]) / 2


def arrays(cubes: dict[str, Floats], *, baseline: str | None = None) -> TaskArrays:
    """Results as arrays from `[S, L]` answers at `LENGTHS` of every method, NaN where a seed was not trained."""
    methods = tuple(sorted(cubes))
    solved = np.array([cubes[name] for name in methods])
    none = np.full(solved.shape, np.nan)
    return TaskArrays(
        task="recall", methods=methods, seeds=tuple(range(1000, 1000 + solved.shape[1])),
        lengths=np.array(LENGTHS, float), solved=solved, accuracy=none, solve_step=none,
        solved_in_time=np.zeros(solved.shape, bool), budgets=np.full(solved.shape[::2], 1000.0), baseline=baseline,
        grid=LENGTHS, grids=(LENGTHS,) * len(methods), searched=True,
    )  # fmt: skip


def results(solved: NDArray[np.bool_], visited: NDArray[np.bool_]) -> Floats:
    """`[..., L]` 1 solved, 0 not, NaN where a seed was not trained."""
    return np.where(visited, solved.astype(float), np.nan)
