"""Whether the order of the methods depends on one task: mean ranks with all tasks, and with each left out."""

from __future__ import annotations

import pandas as pd

COLUMNS = ["left_out", "method", "tasks", "mean_rank", "place"]


def rank_stability(methods: pd.DataFrame) -> pd.DataFrame:
    """One row a method and task left out (`left_out` is empty for none), from the methods table; needs two tasks.

    place: by mean rank over the `tasks` that are left; methods that are not ranked on every task are not shown.
    """
    ranked = methods.dropna(subset=["rank"])
    wide = ranked.pivot(index="method", columns="task", values="rank").dropna() if len(ranked) else pd.DataFrame()
    if wide.shape[1] < 2 or wide.empty:
        return pd.DataFrame(columns=COLUMNS)
    parts = []
    for left_out in ["", *map(str, wide.columns)]:
        kept = wide.drop(columns=[left_out]) if left_out else wide
        means = kept.mean(axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "left_out": left_out,
                    "method": kept.index,
                    "tasks": kept.shape[1],
                    "mean_rank": means.to_numpy(),
                    "place": means.rank(method="min").to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
