"""Paired comparisons: the same seeds under two methods, exact test, corrected for the declared family, in words.

The p-value is exact and asks whether the seeds favour one side; Holm (1979) corrects it within the family of one task.
The interval is for the mean difference and allows for rare failures that so few seeds cannot rule out
(`interval.mean_interval`), so it can include 0 where every single seed improved a little.
P(improvement) (Agarwal et al. 2021), here paired: the share of seeds that improved, ties counting one half.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from seqbench.stats.brackets import find_brackets
from seqbench.stats.horizon_differences import FACTORS, horizon_differences
from seqbench.stats.interval import Floats, mean_interval
from seqbench.stats.outcomes import SeedOutcome, paired_interval, seed_outcome
from seqbench.stats.preregistration import Declared
from seqbench.stats.signflip import holm, sign_flip_test, verdict
from seqbench.stats.task_arrays import TaskArrays, method_levels

COLUMNS = [
    "task", "method", "against", "outcome", "unit", "n", "difference", "low", "high", "p", "p_holm",
    "improved", "improved_low", "improved_high", "family", "comparisons", "verdict", *FACTORS,
]  # fmt: skip
Pair = tuple[str, str]


def single_remedies(rows: pd.DataFrame, baseline: str) -> list[str]:
    """The methods that differ from the baseline in exactly one factor; none if it is outside of the factorial."""
    levels = method_levels(rows)
    levels = levels[~levels.index.duplicated()]
    if baseline not in levels.index:
        return []
    changed = (levels != levels.loc[baseline]).sum(axis=1)
    return sorted(changed.index[changed == 1])


def declared_pairs(rows: pd.DataFrame, arrays: TaskArrays, declared: Declared) -> list[Pair]:
    """The family of comparisons of one task, decided from the design and never from the outcomes."""
    methods, baseline = arrays.methods, arrays.baseline
    if isinstance(declared.comparisons, tuple):
        return [pair for pair in declared.comparisons if set(pair) <= set(methods)]
    if declared.comparisons == "all" or (baseline is None and declared.baseline is None):
        return list(combinations(methods, 2))
    if baseline is None:  # it was declared, and has no trial yet
        return []
    others = [name for name in methods if name != baseline]
    alone = single_remedies(rows, baseline)
    if declared.comparisons == "alone":
        return [(name, baseline) for name in alone]
    levels = method_levels(rows)
    # A method outside of the factorial is no combination of remedies: the effects do not cover it, so it is compared.
    kept = {*alone, *(name for name in others if name not in levels.index)}
    crossed = levels.shape[1] > 1 and bool(alone)
    return [(name, baseline) for name in others if name in kept or not crossed or declared.comparisons == "baseline"]


def sign_flip_family(values: Floats, pairs: list[tuple[int, int]], better: int, alpha: float) -> pd.DataFrame:
    """Test a family at once: `values` `[M, S]` and pairs of places in it. Columns n, difference, p, p_holm, verdict."""
    paired = [better * (values[a] - values[b]) for a, b in pairs]
    paired = [differences[np.isfinite(differences)] for differences in paired]
    counts = [len(differences) for differences in paired]
    means = [differences.mean() if len(differences) else np.nan for differences in paired]
    p = np.array([sign_flip_test(differences) for differences in paired])
    corrected = holm(p)
    words = [verdict(mean, own, n, len(pairs), alpha) for mean, own, n in zip(means, corrected, counts, strict=True)]
    return pd.DataFrame({"n": counts, "difference": means, "p": p, "p_holm": corrected, "verdict": words})


def _improved(outcome: SeedOutcome, a: int, b: int, alpha: float) -> tuple[float, float, float]:
    """P(improvement) of the method at place `a` over that at `b`, and its interval."""
    differences = outcome.values[a] - outcome.values[b]
    differences = differences[np.isfinite(differences)]
    if not differences.size:
        return np.nan, np.nan, np.nan
    improved = (np.sign(outcome.better * np.round(differences, 12)) + 1) / 2
    return float(improved.mean()), *mean_interval(improved, 0.0, 1.0, alpha)


def _interval(outcome: SeedOutcome, a: int, b: int, alpha: float) -> tuple[float, float]:
    """Interval of the difference of the methods at places `a` and `b` over the seeds that both have."""
    known = np.isfinite(outcome.values[a]) & np.isfinite(outcome.values[b])
    one, other = ((outcome.least[place, known], outcome.most[place, known]) for place in (a, b))
    return paired_interval(outcome, one, other, alpha)


def _differences(outcome: SeedOutcome, places: list[tuple[int, int]], alpha: float) -> pd.DataFrame:
    """Columns n, difference, low, high, p, p_holm and verdict of an outcome that is no horizon."""
    table = sign_flip_family(outcome.values, places, outcome.better, alpha)
    table["difference"] *= outcome.better
    intervals = [_interval(outcome, a, b, alpha) for a, b in places]
    table[["low", "high"]] = np.reshape(intervals, (-1, 2))
    return table


def compare_pairs(arrays: TaskArrays, pairs: list[Pair], declared: Declared, family: str) -> pd.DataFrame:
    """One row a pair of methods of a task, corrected among each other.

    difference: mean over the `n` seeds that both have, method less `against`, in `unit`; low, high: its interval
    verdict: better, worse, no evidence, too few seeds to tell; for outcomes where less is better, `better` is less
    factor, factor_low, factor_high, bound, text: of differences of horizons, as in `horizon_differences`
    """
    outcome, alpha = seed_outcome(arrays, declared.outcome), declared.alpha
    places = [(arrays.methods.index(a), arrays.methods.index(b)) for a, b in pairs]
    if outcome.name == "horizon":
        table = horizon_differences(find_brackets(arrays), pairs, family, alpha).rename(
            columns={"octaves": "difference"}
        )
    else:
        table = _differences(outcome, places, alpha)
    improved = np.reshape([_improved(outcome, a, b, alpha) for a, b in places], (-1, 3))
    table[["improved", "improved_low", "improved_high"]] = improved
    table["method"], table["against"] = [a for a, _ in pairs], [b for _, b in pairs]
    table = table.assign(
        task=arrays.task, outcome=outcome.name, unit=outcome.unit, family=family, comparisons=len(pairs)
    )
    return table.reindex(columns=COLUMNS)


def pairwise(rows: pd.DataFrame, arrays: TaskArrays, declared: Declared) -> pd.DataFrame:
    """The declared comparisons of a task, then every other method against the baseline, marked `exploratory`.

    Exploratory comparisons are corrected among all comparisons made, declared ones included.
    """
    pairs = declared_pairs(rows, arrays, declared)
    planned = compare_pairs(arrays, pairs, declared, "declared")
    if arrays.baseline is None:
        return planned
    rest = [(name, arrays.baseline) for name in arrays.methods if name != arrays.baseline]
    known = set(map(frozenset, pairs))  # a pair may be declared with the baseline first
    rest = [pair for pair in rest if frozenset(pair) not in known]
    everything = compare_pairs(arrays, pairs + rest, declared, "exploratory")
    return pd.concat([planned, everything.iloc[len(pairs) :]], ignore_index=True) if rest else planned
