"""The memory horizon: how far back a method remembered, seed by seed, with the censoring that a grid of lengths brings.

A seed's horizon is the largest length of the grid such that it and all shorter ones are solved. It is known only to
lie between that length and the next: interval-censored. A seed that solved every length is right-censored ("at least
the longest"), one that solved none lies below the shortest; no such seed is ever given a made-up number in a mean.
What is averaged is the *restricted* horizon in octaves (log2 of length) above the shortest length and up to the
longest, each seed at the geometric middle of its interval; for seeds without gaps this is the area under their
solved curve. Survival over length is Kaplan and Meier's (1958); where missing trials leave seeds open on both sides, it
is Turnbull's (1976), which is the same where they do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson, mean_interval
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import TaskArrays

COLUMNS = [
    "method", "task", "n", "incomplete", "median", "median_low", "median_high", "at_least", "below", "non_monotone",
    "octaves", "low", "high", "range", "shortest", "longest", "text",
]  # fmt: skip
MOST_STEPS = 2_000
"""Rounds of estimating the shares of open seeds, at most."""
SEED_COLUMNS = ["method", "task", "seed", "reached", "failed", "at_least", "below", "non_monotone", "octaves"]


class Horizons(NamedTuple):
    """Horizons `[..., S]` as places on the grid: 0 is "below the shortest", `L` is "all solved".

    reached: lengths solved in a row from the shortest
    failed: place of the first length known to have failed, `L` if none; more than `reached` only if trials are missing
    non_monotone: whether a longer length was solved after a shorter one had failed
    started: whether the seed has any finished trial
    """

    reached: np.ndarray
    failed: np.ndarray
    non_monotone: np.ndarray
    started: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Whether missing trials leave no doubt about the horizon."""
        return self.started & (self.reached == self.failed)


def find_horizons(solved: Floats) -> Horizons:
    """Horizons from an array of solved `[..., L]` of 1, 0 and NaN."""
    lengths = solved.shape[-1]
    reached = np.cumprod(solved == 1, axis=-1).sum(axis=-1)
    fails = solved == 0
    failed = np.where(fails.any(axis=-1), fails.argmax(axis=-1), lengths)
    later = np.arange(lengths) > failed[..., None]
    return Horizons(reached, failed, np.any((solved == 1) & later, axis=-1), np.any(np.isfinite(solved), axis=-1))


def octaves_at(place: np.ndarray, octaves: Floats) -> Floats:
    """Restricted horizon in octaves of a place on the grid: 0, the middles between lengths, the longest."""
    return np.concatenate([[0.0], (octaves[:-1] + octaves[1:]) / 2, octaves[-1:]])[place]


def restricted_mean(times: Floats, censored: np.ndarray, end: float) -> float:
    """Area up to `end` under the Kaplan-Meier curve of right-censored `times`."""
    survival = stats.ecdf(stats.CensoredData.right_censored(times, censored)).sf
    inside = survival.quantiles < end
    edges = np.concatenate([[0.0], survival.quantiles[inside], [end]])
    heights = np.concatenate([[1.0], survival.probabilities[inside]])
    return float(np.sum(heights * np.diff(edges)))


def place_shares(found: Horizons, lengths: int) -> Floats:
    """`[L + 1]` likeliest shares of the seeds `[S]` at each place of the grid, each known only between two places.

    The self-consistent estimate of Turnbull (1976), by expectation and maximisation from equal shares.
    """
    places = np.arange(lengths + 1)
    possible = (found.reached[:, None] <= places) & (places <= found.failed[:, None])
    shares = np.full(lengths + 1, 1 / (lengths + 1))
    for _ in range(MOST_STEPS):
        split = possible * shares
        before, shares = shares, (split / split.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(shares - before).max() < 1e-9:
            break
    return np.asarray(shares)


def _octaves(found: Horizons, arrays: TaskArrays) -> float:
    """Restricted mean horizon; NaN where not one seed's horizon is known."""
    octaves, last = arrays.octaves, len(arrays.lengths)
    if not found.known.any():
        return np.nan
    if not found.known.all():
        return float(place_shares(found, last) @ octaves_at(np.arange(last + 1), octaves))
    return restricted_mean(octaves_at(found.reached, octaves), found.reached == last, octaves[-1])


def _median(found: Horizons, arrays: TaskArrays, alpha: float) -> tuple[float, float, float, bool]:
    """Largest length that half of the seeds reached, its exact interval, and whether missing trials leave it open.

    0 is "below the shortest"; NaN if not even that is known. A length is inside the interval unless the share of seeds
    that reached it is above (or below) one half beyond doubt. The true median lies between the low end and the length
    after the high end.
    """
    lengths = arrays.lengths
    places = np.arange(1, len(lengths) + 1)
    enough = (found.reached[:, None] >= places).sum(axis=0)
    decided = ((found.reached[:, None] >= places) | (found.failed[:, None] < places)).sum(axis=0)
    with_below = np.concatenate([[0.0], lengths])
    place = int(np.cumprod(2 * enough >= np.maximum(decided, 1)).sum())
    is_open = place < len(lengths) and decided[place] == 0
    median = np.nan if is_open and place == 0 else float(with_below[place])
    if len(found.reached) < SEEDS_FOR_INTERVAL:
        return median, np.nan, np.nan, is_open
    low, high = clopper_pearson(enough, decided, alpha)
    median_low, median_high = (with_below[np.cumprod(share).sum()] for share in (low > 0.5, high >= 0.5))
    return median, float(median_low), float(median_high), is_open


def _text(median: float, arrays: TaskArrays, *, is_open: bool) -> str:
    """A median horizon in words: `>= 100`, `< 12` or `50 to 100` (solved 50, not the next length, 100)."""
    if is_open:
        return "open" if np.isnan(median) else f">= {median:g}, open"
    if median == 0:
        return f"< {arrays.lengths[0]:g}"
    if median == arrays.lengths[-1]:
        return f">= {median:g}"
    return f"{median:g} to {arrays.lengths[np.searchsorted(arrays.lengths, median) + 1]:g}"


def _summary(method: str, found: Horizons, arrays: TaskArrays, alpha: float) -> dict[str, object]:
    """The row of one method whose seeds have all started."""
    octaves, n, last = arrays.octaves, len(found.reached), len(arrays.lengths)
    median, median_low, median_high, is_open = _median(found, arrays, alpha)
    low, high = mean_interval(
        octaves_at(found.reached, octaves), 0.0, octaves[-1], alpha, highest=octaves_at(found.failed, octaves)
    )
    return {
        "method": method, "task": arrays.task, "n": n, "incomplete": int((~found.known).sum()),
        "median": median, "median_low": median_low, "median_high": median_high,
        "at_least": int((found.reached == last).sum()), "below": int((found.failed == 0).sum()),
        "non_monotone": int(found.non_monotone.sum()),
        "octaves": _octaves(found, arrays),
        "low": low, "high": high, "range": octaves[-1],
        "shortest": arrays.lengths[0], "longest": arrays.lengths[-1], "text": _text(median, arrays, is_open=is_open),
    }  # fmt: skip


def horizons(arrays: TaskArrays, declared: Declared) -> pd.DataFrame:
    """One row a method of a task: median horizon and restricted mean octaves, with intervals.

    n: seeds with at least one finished trial; incomplete: those whose missing trials leave the horizon open
    median, median_low, median_high: lengths of the grid, 0 for "below the shortest"; `text` says it in words, with
        "open" where no finished trial says whether it lies further
    at_least: seeds that solved every length; below: seeds that failed the shortest
    octaves, low, high: restricted mean above the shortest length, out of `range`, and its interval; missing while no
        seed's horizon is known
    """
    found = find_horizons(arrays.solved)
    rows = []
    for index, method in enumerate(arrays.methods):
        own = Horizons(*(part[index][found.started[index]] for part in found))
        if len(own.reached):
            rows.append(_summary(method, own, arrays, declared.alpha))
    return pd.DataFrame(rows, columns=COLUMNS)


def seed_horizons(arrays: TaskArrays) -> pd.DataFrame:
    """One row a method and seed: length `reached` (0: below the shortest) and first length `failed` (inf: none)."""
    found = find_horizons(arrays.solved)
    method, seed = np.nonzero(found.started)
    own = Horizons(*(part[method, seed] for part in found))
    last = len(arrays.lengths)
    return pd.DataFrame({
        "method": np.asarray(arrays.methods, object)[method],
        "task": arrays.task,
        "seed": np.asarray(arrays.seeds)[seed],
        "reached": np.append(0.0, arrays.lengths)[own.reached],
        "failed": np.append(arrays.lengths, np.inf)[own.failed],
        "at_least": own.reached == last,
        "below": own.failed == 0,
        "non_monotone": own.non_monotone,
        "octaves": np.where(own.known, octaves_at(own.reached, arrays.octaves), np.nan),
    }, columns=SEED_COLUMNS)  # fmt: skip
