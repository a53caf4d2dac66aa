"""How many seeds for which claim: decided before the grid runs, from stated rates or from a pilot.

A design that stops as soon as it finds something finds too much; nothing here may be used on a running grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from seqbench.errors import UsageError
from seqbench.schema import rows_where
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, SEEDS_FOR_RANKING, Floats
from seqbench.stats.outcomes import seed_outcome
from seqbench.stats.pairwise import declared_pairs
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import seeds_to_find_anything, sign_flip_test
from seqbench.stats.task_arrays import arrays_by_task, complete, reporting_rows

SEEDS = (5, 6, 8, 10, 15, 20, 30, 50)
CLAIM_COLUMNS = ["claim", "comparisons", "seeds"]
RATE_COLUMNS = ["method", "against", "rate", "rate_against", "comparisons", "seeds", "power"]
PILOT_COLUMNS = ["task", "method", "against", "pilot_seeds", "pilot_difference", "unit", "seeds", "power"]


def rule_of_zero(seeds: int, alpha: float = 0.05) -> float:
    """Exact upper bound of the rate of something that none of `seeds` seeds showed, both sides of level alpha/2."""
    return float(1 - (alpha / 2) ** (1 / seeds))


def fisher_power(rate: float, rate_against: float, seeds: int, alpha: float = 0.05) -> float:
    """Probability that Fisher's exact test finds a difference of two solve rates with `seeds` seeds each.

    Exact: the sum over both binomials. Pairing by seed helps only as far as seeds are hard or easy for both.

    Raises:
        UsageError: a rate outside [0, 1].
    """
    for each in (rate, rate_against):
        if not 0 <= each <= 1:
            raise UsageError(f"solve rate {each} is not a share; give a number from 0 to 1, for example 0.9")
    k = np.arange(seeds + 1)
    both = np.add.outer(k, k)
    # Fisher's p-value sums the tables of the same margin that are no likelier than the one seen.
    chance = np.asarray(stats.hypergeom.pmf(k[:, None], 2 * seeds, both, seeds))
    p = np.empty_like(chance)
    for margin in range(2 * seeds + 1):
        at = both == margin
        own = chance[at]
        p[at] = (own[None, :] * (own[None, :] <= own[:, None] * (1 + 1e-7))).sum(axis=1)
    weight = np.outer(stats.binom.pmf(k, seeds, rate), stats.binom.pmf(k, seeds, rate_against))
    return float(weight[p <= alpha * (1 + 1e-12)].sum())


def paired_power(
    differences: Floats, seeds: int, *, comparisons: int = 1, alpha: float = 0.05, repetitions: int = 500
) -> float:
    """Share of repetitions in which the exact sign-flip test finds the pilot's difference with `seeds` pairs.

    Seeds are drawn from the pilot's with replacement; if all agree, the power is overestimated. The level
    is that of Holm's first step among `comparisons`.
    """
    sample = np.asarray(differences, float)
    drawn = np.random.default_rng(seeds).choice(sample, size=(repetitions, seeds))
    counts: dict[tuple[float, ...], int] = {}
    for row in np.sort(drawn, axis=1):  # few distinct samples: outcomes lie on a grid of lengths
        counts[tuple(row)] = counts.get(tuple(row), 0) + 1
    found = sum(times for row, times in counts.items() if sign_flip_test(np.array(row)) <= alpha / comparisons)
    return found / repetitions


def smallest_designs(comparisons: Iterable[int] = (1, 3, 6, 10, 15, 28, 35), alpha: float = 0.05) -> pd.DataFrame:
    """What number of seeds each kind of statement needs at the least."""
    fixed = [
        ("a method may be ranked", 0, SEEDS_FOR_RANKING),
        ("an interval is given", 0, SEEDS_FOR_INTERVAL),
        ("screening and factorial grids", 0, 10),
        ("one method solves more often than another (0.5 against 0.9)", 1, 30),
        ("the same, corrected for about ten comparisons", 10, 50),
    ]
    exact = [
        ("any paired difference at all can be found", family, seeds_to_find_anything(family, alpha))
        for family in comparisons
    ]
    return pd.DataFrame([*fixed, *exact], columns=CLAIM_COLUMNS)


def power_for_rates(
    rate: float, rate_against: float, *, comparisons: int = 1, seeds: Sequence[int] = SEEDS, alpha: float = 0.05
) -> pd.DataFrame:
    """Power to distinguish two solve rates, by number of seeds, at the level of Holm's first step."""
    rows = [
        ("", "", rate, rate_against, comparisons, n, fisher_power(rate, rate_against, n, alpha / comparisons))
        for n in seeds
    ]
    return pd.DataFrame(rows, columns=RATE_COLUMNS)


def power_from_pilot(
    results: pd.DataFrame,
    declared: Declared = Declared(),  # noqa: B008 (frozen)
    seeds: Sequence[int] = SEEDS,
) -> pd.DataFrame:
    """Power of the declared outcome's paired test of each declared comparison, by number of seeds.

    Tests are corrected among the comparisons that the report declares for a task (`pairwise.declared_pairs`).

    results: a pilot, as for `compare`; pairs with fewer than 3 seeds are left out

    Raises:
        UsageError: the pilot has nothing to compare.
    """
    rows, compared = [], 0
    reporting = reporting_rows(complete(results))
    for arrays in arrays_by_task(reporting, declared):
        outcome = seed_outcome(arrays, declared.outcome)
        values = dict(zip(arrays.methods, outcome.values, strict=True))
        pairs = declared_pairs(rows_where(reporting, reporting["task"] == arrays.task), arrays, declared)
        compared += len(pairs)
        for name, against in pairs:
            own = values[name] - values[against]
            own = own[np.isfinite(own)]
            if len(own) >= 3:
                place = (arrays.task, name, against, len(own), own.mean(), outcome.unit)
                powers = [paired_power(own, n, comparisons=len(pairs), alpha=declared.alpha) for n in seeds]
                rows += [(*place, n, power) for n, power in zip(seeds, powers, strict=True)]
    if not compared:
        raise UsageError("the pilot has no two methods to compare; name a baseline in its grid (comparisons:)")
    return pd.DataFrame(rows, columns=PILOT_COLUMNS)
