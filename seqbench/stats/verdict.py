"""Whether a published claim was reproduced: the criteria that a grid declared, judged on its reporting trials.

A figure is one number over the seeds of a method, and stands beside its interval and the number of seeds:

- solved, diverged: seeds of which that is so; the interval is Clopper and Pearson's, or of a difference Gaffke's bound;
- accuracy, losses, steps, slopes: the median seed's, with the distribution-free interval of `median_interval`;
- horizon: the geometric mean of the seeds' horizons, with the interval of `horizon_means` or `horizon_differences`.

The verdict follows from the figures alone, as declared: an interval says how sure it is, and moves no bound.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from seqbench.errors import UsageError
from seqbench.grid.claim import Claim, ClaimCriterion
from seqbench.stats.brackets import find_brackets
from seqbench.stats.claim_figures import COUNTED, DIFFERENCES, Measured, seed_values
from seqbench.stats.horizon_differences import horizon_differences
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson, mean_interval
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import complete, reporting_rows, task_arrays

Verdict = Literal["reproduced", "partly reproduced", "not reproduced", "not testable here", "not finished"]


class Figure(NamedTuple):
    """A figure over the seeds of a method, or over its differences from another method's.

    low, high: its interval, NaN below 5 seeds; level: of the interval
    n: seeds that have finished, of `planned`
    """

    value: float
    low: float
    high: float
    level: float
    n: int
    planned: int


class Finding(NamedTuple):
    """A criterion and what was observed; `holds` is None while trials are missing."""

    criterion: ClaimCriterion
    observed: Figure
    holds: bool | None


class Judgement(NamedTuple):
    """A claim's verdict and the findings that it follows from."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def judge(
    claim: Claim,
    results: pd.DataFrame,
    declared: Declared = Declared(),  # noqa: B008 (frozen)
    *,
    measured: Measured | None = None,
) -> Judgement:
    """The verdict on a claim.

    Args:
        claim: what was declared before the run.
        results: one row a planned trial (`seqbench.store.results.Results.trials`); missing trials have no outcome.
        declared: the plan of the comparison, for searched lengths and the level of intervals.
        measured: curves and probes of the trials, for the criteria that are about them.

    Raises:
        UsageError: a criterion is about several tasks or lengths at once, or about trials that are not planned.
    """
    if claim.not_testable:
        return Judgement("not testable here")
    rows = reporting_rows(complete(results))
    findings = tuple(_finding(criterion, rows, declared, measured) for criterion in claim.criteria)
    held = [finding.holds for finding in findings]
    if None in held:
        return Judgement("not finished", findings)
    return Judgement("reproduced" if all(held) else "partly reproduced" if any(held) else "not reproduced", findings)


def _finding(criterion: ClaimCriterion, rows: pd.DataFrame, declared: Declared, measured: Measured | None) -> Finding:
    own = _selected(criterion, rows)
    if criterion.figure == "horizon":
        observed = _horizon(criterion, own, declared)
    else:
        observed = _over_seeds(criterion, seed_values(criterion.figure, own, measured), declared)
    if not observed.planned or observed.n < observed.planned:
        return Finding(criterion, observed, None)
    least = -np.inf if criterion.at_least is None else criterion.at_least
    most = np.inf if criterion.at_most is None else criterion.at_most
    return Finding(criterion, observed, bool(least <= observed.value <= most))


def _selected(criterion: ClaimCriterion, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that a criterion is about, of one task and, unless it is a horizon, of one length."""
    own = rows[rows["method"].isin([criterion.method, criterion.than])]
    if criterion.task:
        own = own[own["task"] == criterion.task]
    if criterion.length:
        own = own[own["length"] == criterion.length]
    for column in ("task", *(() if criterion.figure == "horizon" else ("length",))):
        if own[column].nunique() > 1:
            among = ", ".join(sorted(map(str, own[column].unique())))
            raise UsageError(
                f"the criterion of {criterion.method} ({criterion.figure}) needs a {column}: one of {among}"
            )
    return own


def _over_seeds(criterion: ClaimCriterion, trials: pd.Series, declared: Declared) -> Figure:
    """A count of seeds or the median seed's figure, alone or against the other method's with the same seeds."""
    values = trials.unstack("method").reindex(columns=_methods(criterion))
    planned, known = len(values), values.dropna().to_numpy(float)
    if not len(known):
        return Figure(np.nan, np.nan, np.nan, np.nan, 0, planned)
    counted = criterion.figure in COUNTED
    seeds = known[:, 0] if criterion.than is None else _against(criterion.figure, known[:, 0], known[:, 1])
    if not counted:
        return Figure(float(np.median(seeds)), *median_interval(seeds, declared.alpha), len(seeds), planned)
    low, high = _count_interval(seeds, declared.alpha, paired=criterion.than is not None)
    return Figure(float(seeds.sum()), low, high, 1 - declared.alpha, len(seeds), planned)


def _methods(criterion: ClaimCriterion) -> list[str]:
    return [criterion.method, *([criterion.than] if criterion.than else [])]


def _against(figure: str, one: Floats, other: Floats) -> Floats:
    """What a figure is against that of the other method, seed by seed: a difference, or how many times as large."""
    if figure in DIFFERENCES:
        return one - other
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = one / other
    return np.where(np.isnan(ratio), 1.0, ratio)  # both never solved it, both diverged, or both losses are 0


def _count_interval(seeds: Floats, alpha: float, *, paired: bool) -> tuple[float, float]:
    """Interval of a count of seeds, or of the difference of two counts; NaN below 5 seeds."""
    if len(seeds) < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    if paired:
        low, high = mean_interval(seeds, -1.0, 1.0, alpha)
    else:
        low, high = (float(end) for end in clopper_pearson(seeds.sum(), len(seeds), alpha))
    return len(seeds) * low, len(seeds) * high


def median_interval(values: ArrayLike, alpha: float = 0.05) -> tuple[float, float, float]:
    """Distribution-free interval of the median, from order statistics, and its exact level; NaN below 5 values.

    The narrowest pair of k-th smallest and k-th largest value whose level, 1 - 2 P(Binomial(n, 1/2) < k), is 1 - alpha
    or more; below 6 values no pair reaches 95 %, and the least and the greatest stand with the level that they have.
    Source: H. David and H. Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1.
    """
    ordered = np.sort(np.asarray(values, float))
    if ordered.size < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan, np.nan
    levels = 1 - 2 * stats.binom.cdf(np.arange((ordered.size + 1) // 2), ordered.size, 0.5)
    place = max(0, int((levels >= 1 - alpha).sum()) - 1)
    return float(ordered[place]), float(ordered[-1 - place]), float(levels[place])


def _horizon(criterion: ClaimCriterion, rows: pd.DataFrame, declared: Declared) -> Figure:
    """The mean horizon in steps, or how many times as far as the other method's, over seeds that are complete."""
    if rows.empty:
        return Figure(np.nan, np.nan, np.nan, np.nan, 0, 0)
    found = find_brackets(task_arrays(rows, declared))
    level, planned = 1 - declared.alpha, rows["seed"].nunique()
    own = [found.methods.index(name) for name in _methods(criterion) if name in found.methods]
    done = int(found.ended[own].all(axis=0).sum()) if len(own) == len(_methods(criterion)) else 0
    if not done:
        return Figure(np.nan, np.nan, np.nan, level, 0, planned)
    if criterion.than:
        row = horizon_differences(found, [(criterion.method, criterion.than)], alpha=declared.alpha).iloc[0]
        value, low, high = (float(row[name]) for name in ("factor", "factor_low", "factor_high"))
    else:
        row = horizon_means(found, declared.alpha).set_index("method").loc[criterion.method]
        value, low, high = (float(row[name]) for name in ("horizon", "horizon_low", "horizon_high"))
    return Figure(value, low, high, level, done, planned)
