"""How often training diverged, how, and when: a result like any other, and never called "never".

Rates carry Clopper and Pearson's interval. Against the baseline, seed by seed and over all lengths: Newcombe's (1998)
interval for the difference, McNemar's exact test on the seeds that differ, and Cochran's, Mantel's and Haenszel's
test with the lengths as strata. Methods that share no seed are compared by Boschloo's (1970) exact test.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

from seqbench.large_loss import KIND
from seqbench.schema import finished
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, clopper_pearson
from seqbench.stats.signflip import holm

COLUMNS = [
    "method", "task", "purpose", "length", "n", "diverged", "rate", "low", "high", "in_loss", "in_gradient",
    "in_parameters", "in_large_loss", "first_step", "median_step",
]  # fmt: skip
PAIR_COLUMNS = [
    "method", "against", "task", "n", "n_against", "diverged", "diverged_against", "difference", "low", "high", "test",
    "p", "p_holm", "p_lengths",
]  # fmt: skip

Flags = NDArray[np.bool_]


def divergence(results: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """One row a method, task, purpose and length: `diverged` of `n` finished trials.

    The rows of purpose `tuning` cover the whole range that was searched: that is robustness, and is kept apart from
    divergence at the chosen settings. first_step, median_step: of those that diverged.
    """
    trials = finished(results)
    if trials.empty:
        return pd.DataFrame(columns=COLUMNS)
    did = trials["outcome"] == "diverged"
    table = (
        trials.assign(
            did=did,
            in_loss=did & (trials["diverged_kind"] == "loss"),
            in_gradient=did & (trials["diverged_kind"] == "gradient"),
            in_parameters=did & (trials["diverged_kind"] == "parameters"),
            in_large_loss=did & (trials["diverged_kind"] == KIND),
            at=trials["diverged_at"].where(did),
        )
        .groupby(["method", "task", "purpose", "length"], sort=True)
        .agg(
            n=("did", "size"),
            diverged=("did", "sum"),
            in_loss=("in_loss", "sum"),
            in_gradient=("in_gradient", "sum"),
            in_parameters=("in_parameters", "sum"),
            in_large_loss=("in_large_loss", "sum"),
            first_step=("at", "min"),
            median_step=("at", "median"),
        )
        .reset_index()
    )
    table["rate"] = table["diverged"] / table["n"]
    low, high = clopper_pearson(table["diverged"], table["n"], alpha)
    enough = table["n"] >= SEEDS_FOR_INTERVAL
    table["low"], table["high"] = np.where(enough, low, np.nan), np.where(enough, high, np.nan)
    return table[COLUMNS]


def mcnemar_exact(one: Flags, other: Flags) -> float:
    """Exact two-sided McNemar test for paired yes/no `[n]`: a fair coin on the pairs that differ; 1 if none does."""
    only_one, only_other = int(np.sum(one & ~other)), int(np.sum(other & ~one))
    differing = only_one + only_other
    return float(stats.binomtest(only_one, differing).pvalue) if differing else 1.0


def newcombe_interval(k: int, n: int, k_against: int, n_against: int, alpha: float = 0.05) -> tuple[float, float]:
    """Interval for a difference of shares from their Wilson intervals (Newcombe 1998, method 10)."""
    low, high = confint_proportions_2indep(k, n, k_against, n_against, method="newcomb", alpha=alpha)
    return float(low), float(high)


def across_lengths(one: Flags, other: Flags) -> float:
    """Cochran-Mantel-Haenszel p-value for yes/no `[S, L]` of two methods with lengths as strata; NaN if all agree."""
    tables = [
        np.array([[a.sum(), (~a).sum()], [b.sum(), (~b).sum()]], float) for a, b in zip(one.T, other.T, strict=True)
    ]
    informative = [table for table in tables if 0 < table[:, 0].sum() < table.sum()]
    return float(StratifiedTable(informative).test_null_odds(correction=True).pvalue) if informative else np.nan


def boschloo_exact(k: int, n: int, k_against: int, n_against: int) -> float:
    """Exact two-sided test of two independent shares (Boschloo 1970), sharper than Fisher's; 1 if all or none did."""
    if k + k_against in (0, n + n_against):
        return 1.0
    return float(stats.boschloo_exact([[k, k_against], [n - k, n_against - k_against]]).pvalue)


def _pair(own: pd.DataFrame, plain: pd.DataFrame, alpha: float) -> dict[str, object] | None:
    """The comparison of two yes/no tables, seeds by lengths, over the seeds that finished every length of both.

    Over common seeds if there are any; else over each one's own.
    """
    own, plain = (table.dropna() for table in own.align(plain, join="inner", axis=1))
    common = own.index.intersection(plain.index)
    if len(common):
        own, plain = own.loc[common], plain.loc[common]
    one, other = own.to_numpy(bool), plain.to_numpy(bool)
    if not one.size or not other.size:
        return None
    ever, ever_plain = np.asarray(one.any(axis=1)), np.asarray(other.any(axis=1))
    sample = int(ever.sum()), len(ever), int(ever_plain.sum()), len(ever_plain)
    k, n, k_plain, n_plain = sample
    low, high = newcombe_interval(*sample, alpha) if min(n, n_plain) >= SEEDS_FOR_INTERVAL else (np.nan, np.nan)
    return {
        "n": n, "n_against": n_plain, "diverged": k, "diverged_against": k_plain,
        "difference": k / n - k_plain / n_plain, "low": low, "high": high,
        "test": "McNemar" if len(common) else "Boschloo",
        "p": mcnemar_exact(ever, ever_plain) if len(common) else boschloo_exact(*sample),
        "p_lengths": across_lengths(one, other),
    }  # fmt: skip


def divergence_pairs(rows: pd.DataFrame, baseline: str | None, alpha: float) -> pd.DataFrame:
    """Each method of one task against its baseline: seeds that diverged at any length.

    low, high: interval of the difference in shares; p: of the exact `test`, McNemar on common seeds or, where there is
    none, Boschloo; p_holm corrected among these rows; p_lengths: with lengths as strata, which takes the trials of a
    seed as independent and is a second opinion only.
    """
    trials = finished(rows)
    if baseline is None or trials.empty:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    did = trials.assign(did=(trials["outcome"] == "diverged").astype(float))
    wide = {str(name): own.pivot(index="seed", columns="length", values="did") for name, own in did.groupby("method")}
    if baseline not in wide:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    found = {name: _pair(own, wide[baseline], alpha) for name, own in wide.items() if name != baseline}
    task = rows["task"].iloc[0]
    table = pd.DataFrame(
        [{"method": name, "against": baseline, "task": task, **row} for name, row in found.items() if row],
        columns=PAIR_COLUMNS,
    )
    table["p_holm"] = holm(table["p"].to_numpy(float))
    return table
