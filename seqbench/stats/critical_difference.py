"""Which methods differ over many tasks: mean ranks, and Wilcoxon's signed-rank test of every pair, Holm-corrected.

Only from ten independent tasks on; with fewer nothing can be said over tasks, and no diagram is drawn. Variants of one
task are not independent: their scores are averaged first, and the task counts once. Wilcoxon's test takes the place of
Nemenyi's, whose verdict on two methods hangs on which others are in the grid (Benavoli, Corani & Mangili 2016).

Source: Demsar 2006, Statistical comparisons of classifiers over multiple data sets, JMLR 7
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from seqbench.stats.signflip import holm, sign_flip_test

TASKS_FOR_DIAGRAM = 10
RANK_COLUMNS = ["method", "tasks", "mean_rank", "friedman_p"]
PAIR_COLUMNS = ["method", "against", "tasks", "p", "p_holm", "differ"]


def task_scores(methods: pd.DataFrame) -> pd.DataFrame:
    """Method by independent task: octaves as a share of those tried, or for a single length the share of seeds.

    Methods that are not ranked on every task are left out. `methods` is the comparison's table of them.
    """
    ranked = methods.dropna(subset=["rank"])
    share = (ranked["octaves"] / ranked["span"].where(ranked["span"] > 0)).fillna(ranked["at_least"] / ranked["seeds"])
    wide = ranked.assign(score=share.astype(float)).pivot(index="method", columns="task", values="score").dropna()
    # A grid names the variants of a task by what is special about them, in brackets: `recall (symbols 4)`.
    return wide.T.groupby(lambda task: str(task).split(" (")[0]).mean().T


def signed_rank_test(differences: ArrayLike) -> float:
    """Wilcoxon's signed-rank test, two-sided and exact with ties; differences of 0 say nothing and are dropped."""
    kept = np.round(np.asarray(differences, float), 12)
    kept = kept[kept != 0]
    return sign_flip_test(np.sign(kept) * stats.rankdata(np.abs(kept))) if kept.size else 1.0


def critical_ranks(scores: pd.DataFrame, alpha: float = 0.05) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mean ranks by method, best first, and one row a pair of methods; both empty below `TASKS_FOR_DIAGRAM` tasks.

    Args:
        scores: method by task, more is better (`task_scores`).
        alpha: probability of calling any pair different if none is.

    Returns:
        mean_rank over `tasks`, ties sharing; friedman_p: whether the ranks differ at all (three methods or more)
        p: signed-rank test of each pair; p_holm: corrected among all pairs; differ: p_holm of at most alpha
    """
    if scores.shape[1] < TASKS_FOR_DIAGRAM or len(scores) < 2:
        return pd.DataFrame(columns=RANK_COLUMNS), pd.DataFrame(columns=PAIR_COLUMNS)
    ranks = scores.round(12).rank(ascending=False).mean(axis=1).sort_values(kind="stable")
    values, tasks = scores.loc[ranks.index].to_numpy(float), scores.shape[1]
    several = len(scores) > 2 and np.ptp(values, axis=0).any()
    friedman = float(stats.friedmanchisquare(*np.round(values, 12)).pvalue) if several else np.nan
    pairs = pd.DataFrame(
        [(ranks.index[a], ranks.index[b], tasks, signed_rank_test(values[a] - values[b]))
         for a, b in combinations(range(len(ranks)), 2)],
        columns=PAIR_COLUMNS[:4],
    )  # fmt: skip
    pairs["p_holm"] = holm(pairs["p"].to_numpy(float))
    pairs["differ"] = pairs["p_holm"] <= alpha
    table = pd.DataFrame({"method": ranks.index, "tasks": tasks, "mean_rank": ranks.to_numpy(), "friedman_p": friedman})
    return table, pairs


def cliques(ranks: pd.DataFrame, pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    """The longest runs of methods, neighbours in mean rank, of which no two were found to differ."""
    order = list(ranks["method"])
    differing = {frozenset((row.method, row.against)) for row in pairs[pairs["differ"].astype(bool)].itertuples()}
    found: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and not any(
            frozenset((order[last + 1], name)) in differing for name in order[first : last + 1]
        ):
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return [tuple(order[first : last + 1]) for first, last in found]
