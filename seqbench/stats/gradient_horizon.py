"""How far back the gradient reaches, and whether that predicts what is learned.

The gradient horizon of a trial is the distance up to which at least 1 % of the gradient nearest to the loss arrives
(`seqbench.probes.gradient_flow`). A trial whose gradient reaches the farthest state it has is right-censored: its
horizon is at least that distance.

Whether the reach predicts what is learned is asked at one length for all methods of a task. A search trains each method
about its own horizon, and a gradient reaches no farther than the sequences are long: measured where each method ended,
the reach would follow the horizon whatever the gradient does.

Source: rank correlation of Spearman 1904; its interval by Fisher's z with the standard error of Bonett & Wright 2000,
Sample size requirements for estimating Pearson, Kendall and Spearman correlations
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from seqbench.schema import rows_where, with_purpose
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, SEEDS_FOR_RANKING, mean_interval

COLUMNS = ["method", "task", "length", "n", "horizon", "low", "high", "at_least", "measured", "growth"]
FIGURES = ("gradient_horizon", "gradient_growth", "gradient_norm")
"""The measurements that are looked at."""
CORRELATION_COLUMNS = ["task", "methods", "tied", "correlation", "low", "high", "p_value"]

EXACT_METHODS = 8
"""Methods up to which every order is tried for the p-value."""


def gradient_horizons(
    results: pd.DataFrame, probes: pd.DataFrame, *, step: int = 0, alpha: float = 0.05
) -> pd.DataFrame:
    """One row a method and task, over its seeds, each at the longest dependency length that it was trained at.

    Args:
        results: one row a trial (`load_results`).
        probes: one row a measurement (`load_probes`).
        step: training steps taken when the gradient was measured; 0 is initialisation.
        alpha: one less the level of the intervals.

    Returns:
        length: the longest of all; horizon, low, high: mean over `n` seeds in steps, with its interval (none below 5
        seeds); `at_least`: seeds whose gradient reached the farthest state, `measured` steps back, so that their
        horizon may be longer; growth: geometric mean of the gradient's factor per step.
    """
    trials = _figures(results, probes, step)
    rows = []
    for (method, task), own in trials.groupby(["method", "task"], sort=True):
        own = own.sort_values("length", kind="stable").groupby("seed").tail(1)
        reach, farthest = own["gradient_horizon"].to_numpy(float), float(own["farthest"].max())
        low, high = mean_interval(reach, 0.0, farthest, alpha)
        growth = own["gradient_growth"].to_numpy(float)
        rows.append(
            {
                "method": method, "task": task, "length": int(own["length"].max()), "n": len(own),
                "horizon": reach.mean(), "low": low, "high": high,
                "at_least": int((reach >= own["farthest"]).sum()), "measured": farthest,
                "growth": float(np.exp(np.mean(np.log(growth)))),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _figures(results: pd.DataFrame, probes: pd.DataFrame, step: int) -> pd.DataFrame:
    """Reporting trials with the gradient's horizon, its growth, and the farthest distance at which it was measured."""
    then = probes[probes["step"] == step]
    figures = then[then["probe"].isin(["gradient_horizon", "gradient_growth"])]
    wide = figures.pivot(index="trial", columns="probe", values="value").reindex(
        columns=["gradient_horizon", "gradient_growth"]
    )
    farthest = then[then["probe"] == "gradient_norm"].groupby("trial")["distance"].max().astype(float)
    reporting = with_purpose(results, "reporting")
    found = reporting[["trial", "method", "task", "length", "seed"]].merge(wide, left_on="trial", right_index=True)
    return found.assign(farthest=found["trial"].map(farthest)).dropna(subset=["gradient_horizon"])


def shared_lengths(results: pd.DataFrame) -> dict[str, int]:
    """The longest length of each task at which every method of it was trained, on three seeds or on all that there are.

    A method that has so many seeds at no length has hardly begun, and does not count. Tasks without such a length are
    left out.
    """
    trials = with_purpose(results, "reporting")
    found = {}
    for task, own in trials.groupby("task", sort=True):
        needed = min(SEEDS_FOR_RANKING, own["seed"].nunique())
        trained = own.groupby(["length", "method"])["seed"].nunique().unstack(fill_value=0) >= needed
        trained = trained.loc[:, trained.any()]
        shared = trained.index[trained.all(axis="columns")]
        if trained.shape[1] and len(shared):
            found[str(task)] = int(shared.max())
    return found


def learned_by_gradient(
    results: pd.DataFrame,
    probes: pd.DataFrame,
    horizons: pd.DataFrame,
    *,
    shared: Mapping[str, int],
    alpha: float = 0.05,
) -> pd.DataFrame:
    """One row a method and task: how far its gradient reaches at initialisation beside how far back it learned.

    The columns of `gradient_horizons`, at the `shared` length of each task, and of `horizons` (as `horizon_means` makes
    it) `octaves`, `learned` (its `horizon`) and `text`. Tasks with a single length have no rows: a horizon cannot
    differ there.
    """
    reach = gradient_horizons(
        rows_where(results, results["length"] == results["task"].map(shared)), probes, alpha=alpha
    )
    learned = rows_where(horizons, (horizons["span"].astype(float) > 0) & horizons["octaves"].notna())
    columns = ["method", "task", "octaves", "learned", "text"]
    return reach.merge(learned.rename(columns={"horizon": "learned"})[columns], on=["method", "task"])


def gradient_horizon_correlation(learned: pd.DataFrame, *, alpha: float = 0.05) -> pd.DataFrame:
    """One row a task, and one over all (`task` empty) if there are several: does it predict what is learned?

    Spearman's correlation between the gradient's horizon at initialisation and the octaves learned, over methods;
    `tied` of them have a gradient that reaches as far as was measured, in every seed, and count as equal. Over all
    tasks the ranks are taken within each, of the methods that are on every one. A method's points on several tasks are
    no independent ones: the permutation test moves whole methods, and there is no interval. `learned` is what
    `learned_by_gradient` returns.
    """
    farthest = learned["horizon"] >= learned["measured"]
    both = learned.assign(farthest=farthest).pivot(
        index="method", columns="task", values=["horizon", "octaves", "farthest"]
    )
    tasks = sorted(learned["task"].unique())
    rows = [_correlate(str(task), both.xs(task, axis=1, level="task").dropna(), alpha) for task in tasks]
    if len(rows) > 1:
        rows.append(_correlate("", both.dropna(), alpha))
    return pd.DataFrame(rows, columns=CORRELATION_COLUMNS)


def _correlate(task: str, points: pd.DataFrame, alpha: float) -> dict[str, object]:
    """Correlation of ranks, centred within each task, with its interval and the p-value of a permutation test.

    points: one row a method, its `horizon`, its `octaves` and whether it is among the `farthest`, on one task or on
        several
    """
    x, y = (_centred(points[[name]].to_numpy(float)) for name in ("horizon", "octaves"))
    tied = int(points[["farthest"]].to_numpy(bool).all(axis=1).sum())
    row: dict[str, object] = {"task": task, "methods": len(x), "tied": tied}
    row |= dict.fromkeys(("correlation", "low", "high"), np.nan)
    if len(x) < 3 or not x.any() or not y.any():
        return {**row, "p_value": np.nan}
    correlation = float(np.sum(x * y) / np.sqrt(np.sum(x * x) * np.sum(y * y)))
    ordered = x.shape[1] == 1 and 2 * tied < len(x)  # the interval is one of ranks that differ
    low, high = rank_interval(correlation, len(x), alpha) if ordered else (np.nan, np.nan)
    return {**row, "correlation": correlation, "low": low, "high": high, "p_value": _p_value(x, y)}


def _centred(values: np.ndarray) -> np.ndarray:
    """`[M, T]` ranks of the methods on each task, less their mean."""
    ranks = stats.rankdata(values, axis=0)
    return np.asarray(ranks - ranks.mean(axis=0))


def rank_interval(correlation: float, count: int, alpha: float = 0.05) -> tuple[float, float]:
    """Interval of level 1 - alpha for a rank correlation of `count` pairs; none below 5.

    A perfect order is counted as if two neighbours were swapped: Fisher's z would claim certainty.
    """
    if count < SEEDS_FOR_INTERVAL:
        return np.nan, np.nan
    most = 1 - 12 / (count * (count**2 - 1))
    rho = float(np.clip(correlation, -most, most))
    half = stats.norm.ppf(1 - alpha / 2) * np.sqrt((1 + rho**2 / 2) / (count - 3))
    return float(np.tanh(np.arctanh(rho) - half)), float(np.tanh(np.arctanh(rho) + half))


def _p_value(x: np.ndarray, y: np.ndarray) -> float:
    """Two-sided p-value of no relation between `x` and `y` `[M, T]`, by permutation of the methods."""
    resamples = np.inf if len(x) <= EXACT_METHODS else 9_999
    return float(
        stats.permutation_test(
            (np.arange(len(x)),), lambda order: np.abs(np.sum(x[order] * y)), permutation_type="pairings",
            n_resamples=resamples, alternative="greater", vectorized=False, rng=0,
        ).pvalue
    )  # fmt: skip
