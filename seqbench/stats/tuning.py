"""How the settings were chosen: what was tried, what was taken, and how much the choice flatters itself.

Choosing the best of 10 learning rates on 3 seeds and reporting those same seeds inflates the score by 0.9 standard
deviations. So the choice is made on validation data of tuning seeds, and its score there is set beside the same
score on the reporting seeds: their gap is the optimism of the choice.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from seqbench.stats.blocks import solved_column
from seqbench.stats.declared import Declared
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, Floats, clopper_pearson

KEY = ["method", "task", "length"]
COLUMNS = [
    *KEY, "candidates", "trials", "seeds", "lowest", "highest", "chosen", "best", "at_edge", "diverged",
    "score_name", "score_tuning", "score_reporting", "optimism",
]  # fmt: skip
CURVE_COLUMNS = [*KEY, "learning_rate", "n", "solved", "rate", "low", "high", "diverged", "score"]
BUDGET_COLUMNS = [*KEY, "candidates", "expected_best"]


def with_score(results: pd.DataFrame) -> pd.DataFrame:
    """Finished trials with a validation `score` of which more is better, and its name.

    Accuracy, or for tasks judged by loss the negative loss. A diverged trial gets the worst score seen on its task.
    """
    finished = results[results["outcome"].notna()].copy()
    by_loss = finished["solved_metric"] == "loss"
    accuracy = pd.to_numeric(finished["validation_accuracy"])
    score = accuracy.where(~by_loss, -pd.to_numeric(finished["validation_loss"])).astype(float)
    worst = score.groupby(finished["task"]).transform("min")
    finished["score"] = score.where(finished["outcome"] != "diverged", worst)
    finished["score_name"] = np.where(by_loss, "negative validation loss", "validation accuracy")
    return finished


def tuning_curves(results: pd.DataFrame, declared: Declared) -> pd.DataFrame:
    """One row a method, task, length and learning rate tried: solve rate and mean score on the tuning seeds."""
    tried = with_score(results[results["purpose"] == "tuning"])
    if tried.empty:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    tried = tried.assign(is_solved=solved_column(tried, declared.tau), did=tried["outcome"] == "diverged")
    table = (
        tried.groupby([*KEY, "learning_rate"])
        .agg(n=("seed", "size"), solved=("is_solved", "sum"), diverged=("did", "sum"), score=("score", "mean"))
        .reset_index()
    )
    table["rate"] = table["solved"] / table["n"]
    low, high = clopper_pearson(table["solved"], table["n"], declared.alpha)
    enough = table["n"] >= SEEDS_FOR_INTERVAL
    table["low"], table["high"] = np.where(enough, low, np.nan), np.where(enough, high, np.nan)
    return table[CURVE_COLUMNS]


def tuning(results: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """One row a method, task and length that was tuned; `curves` is the table of `tuning_curves`.

    candidates, trials, seeds: learning rates, trials and seeds the choice saw; lowest, highest: ends of the range
    chosen: the rate(s) of the reporting trials; best: the rate of the highest solve rate, ties by score
    at_edge: a chosen rate is the end of a range of several: the range should be extended, for all methods
    diverged: share of trials over the whole range; optimism: score on tuning seeds less that on reporting seeds
    """
    scored = with_score(results)
    rows = []
    for key, own in curves.groupby(KEY, sort=True):
        at = (scored[KEY] == list(key)).all(axis=1)
        tried, reported = (scored[at & (scored["purpose"] == purpose)] for purpose in ("tuning", "reporting"))
        chosen = sorted(reported["learning_rate"].dropna().unique())
        best = own.sort_values(["rate", "score", "learning_rate"], ascending=[False, False, True]).iloc[0]
        ends = own["learning_rate"].min(), own["learning_rate"].max()
        of_chosen = tried[tried["learning_rate"].isin(chosen)]["score"].mean()
        rows.append((
            *key, len(own), len(tried), tried["seed"].nunique(), *ends, ", ".join(f"{rate:g}" for rate in chosen),
            best["learning_rate"], len(own) > 1 and any(rate in ends for rate in chosen),
            (tried["outcome"] == "diverged").mean(), tried["score_name"].iloc[0], of_chosen,
            reported["score"].mean(), of_chosen - reported["score"].mean(),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def expected_best(scores: Floats) -> Floats:
    """`[K]` expected best of 1 to K of the K `scores`, drawn without replacement (the unbiased form of Dodge 2019).

    The i-th smallest is the best of k with probability C(i-1, k-1) / C(K, k).
    """
    ordered, count = np.sort(np.asarray(scores, float)), len(scores)
    chances = [[math.comb(i, k - 1) / math.comb(count, k) for i in range(count)] for k in range(1, count + 1)]
    return np.asarray(chances).reshape(count, count) @ ordered


def tuning_budget(curves: pd.DataFrame) -> pd.DataFrame:
    """Expected score of the best learning rate had only `candidates` of them been tried, by method, task and length."""
    parts = []
    for key, own in curves.dropna(subset=["score"]).groupby(KEY, sort=True) if len(curves) else ():
        best = expected_best(own["score"].to_numpy(float))
        place = dict(zip(KEY, key, strict=True))
        parts.append(pd.DataFrame({**place, "candidates": np.arange(1, len(best) + 1), "expected_best": best}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=BUDGET_COLUMNS)
