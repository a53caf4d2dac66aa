"""The share of seeds that solved a task at each dependency length: the primary curve.

The pointwise interval is Clopper and Pearson's; the band holds for all lengths of a curve at once (Bonferroni). The
mean accuracy is given beside it and never alone: a seed solves or stays at chance, and their mean is neither.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from seqbench.schema import is_finished
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, clopper_pearson
from seqbench.stats.preregistration import Declared
from seqbench.stats.task_arrays import accuracy_column, solved_column

COLUMNS = [
    "method", "task", "length", "planned", "n", "solved", "diverged", "rate", "low", "high", "band_low", "band_high",
    "accuracy", "accuracy_median", "accuracy_iqm", "accuracy_worst", "chance", "trivial", "loss_median", "trivial_loss",
]  # fmt: skip


def interquartile_mean(values: pd.Series) -> float:
    """Mean of the middle half (Agarwal et al. 2021); NaN for none. It hides one failure in four: only beside `rate`."""
    known = values.dropna().to_numpy(float)
    return float(stats.trim_mean(known, 0.25)) if known.size else np.nan


def _judged(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """The rows with what each trial counts as: solved, finished, diverged, its accuracy, its loss where that judges."""
    by_loss = is_finished(rows) & (rows["solved_metric"] == "loss")
    return rows.assign(
        loss=rows["loss"].mask(rows["outcome"] == "diverged", np.inf).where(by_loss),
        trivial_loss=pd.to_numeric(rows["trivial_loss"]).where(by_loss),
        is_solved=solved_column(rows, declared.tau), finished=is_finished(rows),
        has_diverged=rows["outcome"] == "diverged", accuracy=accuracy_column(rows),
    )  # fmt: skip


def solve_rates(rows: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method, task and length: `solved` of `n` finished seeds, of `planned`.

    low, high: exact interval of the rate; NaN below 5 seeds. band_low, band_high: the same for the whole curve.
    accuracy (mean), accuracy_median, accuracy_iqm (middle half), accuracy_worst: over all finished seeds; a diverged
    one counts as 0, the worst. diverged: how many did.
    loss_median: test loss of the median seed, infinite where it diverged; trivial_loss: that of the best trivial
    predictor. Both of tasks that are judged by their loss.
    """
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    judged = _judged(rows, declared)
    table = (
        judged.groupby(["method", "task", "length"], sort=True)
        .agg(
            planned=("seed", "size"),
            n=("finished", "sum"),
            solved=("is_solved", "sum"),
            diverged=("has_diverged", "sum"),
            accuracy=("accuracy", "mean"),
            accuracy_median=("accuracy", "median"),
            accuracy_iqm=("accuracy", interquartile_mean),
            accuracy_worst=("accuracy", "min"),
            chance=("chance", "first"),
            trivial=("trivial", "first"),
            loss_median=("loss", "median"),
            trivial_loss=("trivial_loss", "first"),
        )
        .reset_index()
    )
    table["solved"] = table["solved"].astype(int)
    table["rate"] = table["solved"] / table["n"].where(table["n"] > 0)
    lengths = table.groupby(["method", "task"])["length"].transform("size").to_numpy()
    enough = (table["n"] >= SEEDS_FOR_INTERVAL).to_numpy()
    for prefix, alpha in (("", declared.alpha), ("band_", declared.alpha / lengths)):
        low, high = clopper_pearson(table["solved"], table["n"], alpha)
        table[f"{prefix}low"] = np.where(enough, low, np.nan)
        table[f"{prefix}high"] = np.where(enough, high, np.nan)
    return table[COLUMNS]
